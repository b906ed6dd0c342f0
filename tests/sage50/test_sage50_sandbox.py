"""The Sage 50 sandbox keeps double entry, takes a file whole or not at all, and knows nothing of the product."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from sage50_world import NOON, World, document

import sandbox.sage50
from orchestration.ledgers.sage50_documents import rows_of
from orchestration.ledgers.sage50_file import write
from sandbox.sage50 import desk
from sandbox.sage50.company import SEED, BadSeedError, Sage50Company
from sandbox.sage50.faults import BadFaultError, switch_on
from sandbox.sage50.importing import import_file

ROWS = {
    "SI": ("TILL01", "4000", "20.00", {"1100": 12000, "4000": -10000, "2200": -2000}),
    "SC": ("TILL01", "4000", "20.00", {"1100": -12000, "4000": 10000, "2200": 2000}),
    "SA": ("TILL01", "1235", "0.00", {"1235": 10000, "1100": -10000}),
    "SP": ("TILL01", "1235", "0.00", {"1235": -10000, "1100": 10000}),
    "BR": ("1200", "4000", "20.00", {"1200": 12000, "4000": -10000, "2200": -2000}),
    "CP": ("1230", "4000", "20.00", {"1230": -12000, "4000": 10000, "2201": 2000}),
}


def take(company: Sage50Company, *lines: str) -> int:
    return import_file(company, "\r\n".join(lines).encode(), now=NOON).imported


@pytest.mark.parametrize("kind", ROWS)
def test_each_type_posts_its_double_entry(world: World, kind: str) -> None:
    account, nominal, tax, expected = ROWS[kind]
    code = "T1" if tax != "0.00" else "T9"
    assert take(world.company, f"{kind},{account},{nominal},0,10/02/2011,R1,x,100.00,{code},{tax}") == 1
    lines = world.company.rows("select nominal_code, amount_pence from journal")
    assert {line["nominal_code"]: line["amount_pence"] for line in lines} == expected
    assert world.company.out_of_balance() == []


def test_one_bad_row_stops_the_file_unless_the_company_takes_row_by_row(world: World) -> None:
    good = "SI,TILL01,4000,0,10/02/2011,R1,x,100.00,T1,20.00"
    bad = good.replace("4000", "4999")
    assert take(world.company, good, bad) == 0
    assert world.company.rows("select * from splits") == []
    world.company.set_setting("rejection", "by_row")
    assert take(world.company, good, bad) == 1


def test_the_same_file_twice_posts_everything_twice(world: World) -> None:
    row = "SI,TILL01,4000,0,10/02/2011,R1,x,100.00,T1,20.00"
    assert [take(world.company, row), take(world.company, row)] == [1, 1]
    assert len(world.company.rows("select * from headers")) == 2


def test_what_a_period_that_closes_in_between_does_is_a_setting(world: World) -> None:
    row = "SI,TILL01,4000,0,10/02/2011,R1,x,100.00,T1,20.00"
    switch_on(world.company, "close_period:2011-02-28")
    assert take(world.company, row) == 0
    world.company.set_setting("before_lock_date", "override")
    assert take(world.company, row) == 1
    assert world.company.rows("select overridden_lock_date from headers")[0][0] == "2011-02-28"


def test_utf8_is_garbled_as_windows_does_or_refused(world: World) -> None:
    row = "SI,TILL01,4000,0,10/02/2011,R1,Café,100.00,T1,20.00"
    assert take(world.company, row) == 1
    assert world.company.rows("select details from splits")[0][0] == "CafÃ©"
    world.company.set_setting("utf8", "refuse")
    assert take(world.company, row) == 0


def test_a_journal_of_one_reference_is_one_header_and_must_balance(world: World) -> None:
    debit, credit = ("JD,,1200,0,10/02/2011,J1,x,30.00,T9,0.00", "JC,,1235,0,10/02/2011,J1,x,30.00,T9,0.00")
    assert take(world.company, debit) == 0
    assert take(world.company, debit, credit) == 2
    assert len(world.company.rows("select * from headers")) == 1


def test_in_the_grouped_layout_documents_that_share_a_header_are_told_apart_by_their_keys(
    world: World,
) -> None:
    world.company.set_setting("layout", "grouped")
    one = document("1001", "receipt")
    other = rows_of(document("1001", "receipt", bank="1250", gross=500), world.settings)[0]
    key = one.posting_key[:16] + "02" + one.posting_key[18:]
    from dataclasses import replace

    rows = [*rows_of(one, world.settings), replace(other, extra_reference=key)]
    assert import_file(world.company, write(rows, world.settings), now=NOON).imported == 2
    assert len(world.company.rows("select * from headers")) == 1
    world.export()
    with world.books() as books:
        found = books.find_many([one.posting_key[:18], key[:18]], [])
    assert [(posted.reference, posted.gross_pence) for posted in found] == [
        (one.posting_key, 12000),
        (key, 500),
    ]


@pytest.mark.parametrize("fault", ["nonsense:1", "stop_after", "hide_nominal:"])
def test_a_fault_that_is_none_is_refused(world: World, fault: str) -> None:
    with pytest.raises(BadFaultError, match="none of"):
        switch_on(world.company, fault)


def test_a_seed_that_cannot_be_read_is_named_and_leaves_no_company(tmp_path: Path) -> None:
    seed = tmp_path / "seed"
    seed.mkdir()
    for file in SEED.glob("*.csv"):
        (seed / file.name).write_bytes(file.read_bytes())
    chart = seed / "nominal_ledger.csv"
    chart.write_text(
        chart.read_text().replace("4015,Sales of party bags,0,yes", "4015,Sales of party bags,0,perhaps")
    )
    with pytest.raises(BadSeedError, match=r"nominal_ledger\.csv, row 17"):
        Sage50Company.create(tmp_path / "c.sqlite", seed)
    assert not (tmp_path / "c.sqlite").exists()


def test_a_person_can_do_it_all_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "import.csv"
    file.write_text(
        "SI,TILL01,4000,0,10/02/2011,R1,x,100.00,T1,20.00\nSI,TILL01,4999,0,10/02/2011,R2,x,1.00,T1,0.20\n"
    )

    def sage(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sandbox.sage50", "--db", str(tmp_path / "c.sqlite"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert sage("seed").returncode == 0
    refused = sage("import", str(file))
    assert refused.returncode == 1 and "row 2: nominal account 4999 not found" in refused.stdout
    file.write_text(file.read_text().replace("4999", "4010"))
    assert "2 transactions imported" in sage("import", str(file)).stdout
    assert "AUDIT_SPLIT.csv: 2 rows" in sage("export", str(tmp_path / "out")).stdout
    missing = sage("delete", "99")
    assert missing.returncode == 2 and "no transaction 99" in missing.stderr


def test_a_person_can_touch_what_was_posted(world: World) -> None:
    take(world.company, "SA,TILL01,1235,0,10/02/2011,R1,x,100.00,T9,0.00")
    desk.amend_details(world.company, 1, "another", by="FAY", now=NOON)
    desk.reconcile(world.company, 1, NOON.date())
    world.export()
    with world.books() as books:
        (found,) = books.find_by_urn(1)
        assert found.is_bank_reconciled and found.bank_code == "1235"
    text = (world.exports / "AUDIT_HEADER.csv").read_text()
    assert "another" in text and "FAY" in text


def test_it_imports_nothing_of_the_product() -> None:
    for file in Path(sandbox.sage50.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not [name for name in names if name.startswith(("orchestration", "expectations", "app"))], file
