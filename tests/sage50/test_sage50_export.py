"""An export is believed when it holds together, and refused with file, row, column and reason where it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sage50_world import NOON, World, document

from orchestration.ledgers.sage50_documents import rows_of
from orchestration.ledgers.sage50_export import ExportRefusedError, open_export
from orchestration.ledgers.sage50_file import write
from sandbox.sage50.faults import switch_on
from sandbox.sage50.importing import import_file


def fill(world: World, count: int = 3, first: int = 1001) -> None:
    rows = [
        row
        for number in range(first, first + count)
        for row in rows_of(document(str(number)), world.settings)
    ]
    assert import_file(world.company, write(rows, world.settings), now=NOON).imported == count
    world.export()


def problems(world: World) -> list[str]:
    with pytest.raises(ExportRefusedError) as refused, open_export(world.exports, world.settings):
        pass
    return [str(problem) for problem in refused.value.problems]


def edit(world: World, table: str, change: Callable[[str], str]) -> None:
    file = world.exports / f"{table}.csv"
    text = file.read_text(encoding="utf-8")
    assert change(text) != text
    file.write_text(change(text), encoding="utf-8", newline="")


def test_an_export_is_read_with_its_rows(world: World) -> None:
    fill(world)
    with open_export(world.exports, world.settings) as found:
        assert found.rows["audit_headers"] == 3 and found.rows["audit_journals"] == 9
        total = found.connection.execute("select sum(gross_amount) from audit_splits").fetchone()
        assert total and str(total[0]) == "360.00"


def test_names_of_files_in_any_case_other_columns_and_other_orders_are_fine(world: World) -> None:
    fill(world)
    (world.exports / "TAX_CODE.csv").rename(world.exports / "tax_code.CSV")
    edit(world, "NOMINAL_LEDGER", lambda text: text.replace("ACCOUNT_TYPE", "something_new"))
    file = world.exports / "SALES_LEDGER.csv"
    lines = [line.split(",")[::-1] for line in file.read_text().splitlines()]
    file.write_text("\n".join(",".join(line) for line in lines))
    with open_export(world.exports, world.settings) as found:
        row = found.connection.execute(
            "select name from sales_ledger where account_ref = 'TILL01'"
        ).fetchone()
        assert row == ("Till takings Leeds",)


def test_the_dust_of_doubles_is_brushed_off_and_a_part_of_a_penny_is_not(world: World) -> None:
    fill(world, 1)
    edit(world, "AUDIT_SPLIT", lambda text: text.replace("100.0,", "99.99999999999999,"))
    with open_export(world.exports, world.settings) as found:
        assert str(found.connection.execute("select net_amount from audit_splits").fetchone()[0]) == "100.00"  # type: ignore[index]
    edit(world, "AUDIT_SPLIT", lambda text: text.replace("99.99999999999999,", "99.995,"))
    assert problems(world) == [
        "AUDIT_SPLIT.csv, row 2, column NET_AMOUNT: '99.995' is no amount in whole pence"
    ]


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        (
            "AUDIT_HEADER",
            "10/02/2011",
            "2011-02-10",
            "AUDIT_HEADER.csv, row 2, column DATE: '2011-02-10' is no date",
        ),
        ("AUDIT_HEADER", "10/02/2011", "31/02/2011", "row 2, column DATE: '31/02/2011' is no date"),
        ("AUDIT_SPLIT", "120.0", "1,20.0", "AUDIT_SPLIT.csv, row 2: it has more or fewer cells"),
        (
            "AUDIT_SPLIT",
            "120.0",
            '"1,20.0"',
            "AUDIT_SPLIT.csv, row 2, column GROSS_AMOUNT: '1,20.0' is no amount",
        ),
        ("AUDIT_SPLIT", ",T1,", ",,", "AUDIT_SPLIT.csv, row 2, column TAX_CODE: it is empty"),
        (
            "AUDIT_SPLIT",
            "EXTRA_REF",
            "EXTRA",
            "AUDIT_SPLIT.csv, row 1, column EXTRA_REF: the column is not there",
        ),
        ("AUDIT_HEADER", "\n2,2,", "\n1,1,", "row 3, column HEADER_NUMBER: row 2 has the same"),
        ("AUDIT_JOURNAL", "-100.0", "-99.0", "column AMOUNT: header 1 is out of balance by 1.00"),
        ("AUDIT_JOURNAL", ",4000,", ",4444,", "column NOMINAL_CODE: NOMINAL_LEDGER.csv has no account 4444"),
        (
            "AUDIT_HEADER",
            "1,1,1,SI",
            "1,1,2,SI",
            "column ITEM_COUNT: it says 2 splits, AUDIT_SPLIT.csv has 1",
        ),
        ("NOMINAL_LEDGER", "INACTIVE_FLAG", "NAME", "column NAME: the column is there more than once"),
    ],
)
def test_what_is_wrong_is_named(world: World, table: str, old: str, new: str, said: str) -> None:
    fill(world)
    edit(world, table, lambda text: text.replace(old, new, 1))
    assert any(said in problem for problem in problems(world)), problems(world)


def test_files_of_two_moments_are_refused(world: World) -> None:
    fill(world)
    switch_on(world.company, "export_torn:AUDIT_HEADER")
    fill(world, 2, 2001)
    assert any(
        "AUDIT_HEADER.csv has no header 4: were the files exported at one moment?" in one
        for one in problems(world)
    )


def test_a_table_cut_short_is_refused(world: World) -> None:
    fill(world, 4)
    switch_on(world.company, "export_cut:AUDIT_SPLIT")
    world.export()
    assert any("AUDIT_SPLIT.csv has 0" in problem for problem in problems(world))


def test_a_missing_file_and_a_missing_folder_are_named(world: World) -> None:
    (world.exports / "TAX_CODE.csv").unlink()
    assert problems(world)[0].startswith("TAX_CODE.csv: it is not in ")
    with (
        pytest.raises(ExportRefusedError, match="there is no such folder"),
        open_export(Path("nowhere"), world.settings),
    ):
        pass


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-8", "utf-8-sig"])
def test_an_export_is_read_in_the_encoding_it_is_in(world: World, encoding: str) -> None:
    import_file(
        world.company,
        "SI,TILL01,4000,0,10/02/2011,R1,Café £5,100.00,T1,20.00".encode("windows-1252"),
        now=NOON,
    )
    switch_on(world.company, f"export_encoding:{encoding}")
    world.export()
    with open_export(world.exports, world.settings) as found:
        assert found.connection.execute("select details from audit_splits").fetchone() == ("Café £5",)


def test_an_encoding_that_cannot_be_read_is_refused_with_its_row(world: World) -> None:
    import_file(
        world.company, "SI,TILL01,4000,0,10/02/2011,R1,Café,100.00,T1,20.00".encode("windows-1252"), now=NOON
    )
    world.set(export_encoding="ascii")
    world.export()
    assert any("row 2: the byte 0xE9 is neither UTF-8 nor ascii" in problem for problem in problems(world))
