"""What Sage 50 exports is landed: changes only, tombstones for what vanished, nothing of a bad export."""

from __future__ import annotations

from datetime import date

import pytest
from sage50_world import NOON, World, document
from test_sage50_export import edit, fill

from orchestration.landing import Landing
from orchestration.ledgers.sage50_export import ExportRefusedError
from orchestration.ledgers.sage50_extract import SPECS, ExtractReport, extract
from sandbox.sage50 import desk


@pytest.fixture
def landing(world: World) -> Landing:
    return Landing(world.folder / "landing", "DGS")


def land(world: World, landing: Landing, pass_number: int) -> ExtractReport:
    return extract(world.exports, landing, pass_number, world.settings, as_of=NOON.date())


def live(landing: Landing, table: str) -> list[dict[str, object]]:
    return list(landing.newest(SPECS[table]).to_pylist())


def test_the_same_export_lands_nothing_a_second_time(world: World, landing: Landing) -> None:
    fill(world)
    assert land(world, landing, 1).rows > 0
    assert land(world, landing, 2).rows == 0
    fill(world, 2, 2001)
    report = land(world, landing, 3)
    assert {name: landed.rows for name, landed in report.tables.items() if landed.rows} == {
        "audit_headers": 2,
        "audit_splits": 2,
        "audit_journals": 6,
    }


def test_a_row_says_which_file_and_row_it_came_from(world: World, landing: Landing) -> None:
    fill(world)
    land(world, landing, 1)
    rows = {
        row["tran_number"]: (row["source_file"], row["source_row"]) for row in live(landing, "audit_splits")
    }
    assert rows == {number: ("sage50/AUDIT_SPLIT.csv", number + 1) for number in (1, 2, 3)}


def test_what_is_deleted_in_sage_is_another_version_and_what_vanished_gets_a_tombstone(
    world: World, landing: Landing
) -> None:
    fill(world, 3)
    land(world, landing, 1)
    desk.delete(world.company, 2)
    world.export()
    report = land(world, landing, 2)
    assert report.tables["audit_splits"].rows == 1 and report.tables["audit_splits"].tombstones == 0
    assert {row["deleted_flag"] for row in live(landing, "audit_headers")} == {0, 1}
    for table in ("AUDIT_HEADER", "AUDIT_SPLIT", "AUDIT_JOURNAL"):
        edit(
            world,
            table,
            lambda text: "".join(line for line in text.splitlines(True) if not line.startswith("3,")),
        )
    report = land(world, landing, 3)
    assert {name: landed.tombstones for name, landed in report.tables.items() if landed.tombstones} == {
        "audit_headers": 1,
        "audit_splits": 1,
        "audit_journals": 3,
    }


def shorten(world: World, kept: int) -> None:
    """A shorter export that holds together all the same."""
    for table in ("AUDIT_HEADER", "AUDIT_SPLIT", "AUDIT_JOURNAL"):
        edit(
            world,
            table,
            lambda text: "".join(
                line
                for place, line in enumerate(text.splitlines(True))
                if not place or int(line.split(",")[0]) > kept
            ),
        )


def test_an_export_cut_short_takes_nothing_away(world: World, landing: Landing) -> None:
    fill(world, 60)
    land(world, landing, 1)
    before = live(landing, "audit_headers")
    shorten(world, 30)
    with pytest.raises(
        ExportRefusedError, match=r"AUDIT_HEADER\.csv: 30 of the 60 rows landed before are not in it"
    ):
        land(world, landing, 2)
    assert live(landing, "audit_headers") == before
    assert landing.dirty_since(1) == []


def test_an_empty_audit_trail_where_there_was_one_is_refused(world: World, landing: Landing) -> None:
    fill(world, 2)
    land(world, landing, 1)
    shorten(world, 99)
    with pytest.raises(ExportRefusedError, match="2 of the 2 rows"):
        land(world, landing, 2)


def test_a_cleared_audit_trail_keeps_what_was_cleared(world: World, landing: Landing) -> None:
    fill(world, 30)
    land(world, landing, 1)
    world.set(cleared_to=date(2011, 2, 10))
    shorten(world, 29)
    assert land(world, landing, 2).rows == 0
    assert len(live(landing, "audit_headers")) == 30


def test_a_refused_export_lands_nothing_and_the_next_one_goes_on(world: World, landing: Landing) -> None:
    fill(world)
    edit(world, "AUDIT_JOURNAL", lambda text: text.replace("-100.0", "-99.0", 1))
    with pytest.raises(ExportRefusedError):
        land(world, landing, 1)
    assert landing.files("sage50/audit_headers") == []
    world.export()
    assert land(world, landing, 1).tables["audit_headers"].rows == 3


def test_a_document_is_its_rows_by_key_and_a_copy_is_another_document(world: World, landing: Landing) -> None:
    from orchestration.ledgers.sage50_documents import rows_of
    from orchestration.ledgers.sage50_file import write
    from sandbox.sage50.importing import import_file

    both = document("1001", lines={"4000": 1000, "4010": 500}, taxes={1: (1000, 200), 0: (500, 0)})
    content = write(rows_of(both, world.settings), world.settings)
    for _ in range(2):
        import_file(world.company, content, now=NOON)
    world.export()
    land(world, landing, 1)
    documents = {row["tran_number"]: row["document_tran"] for row in live(landing, "audit_splits")}
    assert documents == {1: 1, 2: 1, 3: 3, 4: 3}
    assert {row["document_tran"] for row in live(landing, "audit_journals")} == {1, 3}


def test_periods_follow_the_lock_date(world: World, landing: Landing) -> None:
    world.set(lock_date=date(2011, 1, 31))
    fill(world)
    land(world, landing, 1)
    states = {row["accounting_period_id"]: row["period_state"] for row in live(landing, "periods")}
    assert states[201102] == "open" and 201101 not in states and max(states) == 201202
    february = next(row for row in live(landing, "periods") if row["accounting_period_id"] == 201102)
    assert (february["period_number"], february["financial_year_start_date"]) == (11, date(2010, 4, 1))
    world.set(lock_date=date(2011, 2, 28))
    assert land(world, landing, 2).tables["periods"].rows == 1
