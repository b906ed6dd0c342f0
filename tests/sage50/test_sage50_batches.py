"""A batch is one file: nothing of it goes twice, and nothing of it is believed before it is read back whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sage50_world import DAY, World, document, tables

from orchestration.operations import OperationsError
from orchestration.posting import approve, batches, plan
from orchestration.posting.key import build_key
from sandbox.sage50 import desk
from sandbox.sage50.faults import switch_on
from sandbox.sage50.importing import import_file


def sale(receipt_no: str) -> list:
    return [document(receipt_no), document(receipt_no, "receipt")]


def test_a_file_that_was_imported_is_found_again_by_key_and_row(world: World) -> None:
    documents = [*sale("1001"), document("1002", "credit_note"), document("1002", "payment")]
    batch = world.write(documents)
    assert batch is not None and len(batch.rows) == 4
    assert [world.state(one) for one in documents] == ["unknown"] * 4
    assert world.take(batch).imported == 4
    world.export()
    (found,) = world.look()
    assert found.outcome == "imported"
    assert [row.state for row in found.rows] == ["once"] * 4
    intents = [world.operations.intents.get(one.posting_key) for one in documents]
    for intent in intents:
        assert intent and intent.state == "proven"
        truths = (intent.truth_sent, intent.truth_acknowledged, intent.truth_present, intent.truth_in_nominal)
        assert truths == (True,) * 4 and intent.truth_right and intent.urn


def test_a_file_tells_which_filed_return_its_documents_correct(world: World, tmp_path) -> None:
    periods = tmp_path / "vat_periods.csv"
    periods.write_text("company_id,valid_from,valid_to,filed_on\nDGS,2011-01-01,2011-03-31,2011-05-07\n")
    world.operations.import_mappings(periods, "Fin", "filed")
    documents = sale("1001")
    proposals, legs = tables(documents)

    def imported() -> list[str]:
        batch = world.write(documents)
        assert batch
        world.take(batch)
        world.export()
        world.look()
        return [row.type for row in batch.rows]

    assert imported() == ["SA"], "money is on no return, and needs nobody"
    for name in ("Fay", "Gil"):
        waiting = [one for one in plan(proposals, legs, world.operations) if one.code.startswith("needs")]
        approve(world.operations, waiting, name, "seen")
    assert imported() == ["SI"]
    told = world.operations.net_errors("DGS")
    assert {str(first): error.settled_pence for first, error in told.items()} == {"2011-01-01": 2000}


def test_an_export_from_before_the_import_proves_nothing(world: World) -> None:
    batch = world.write(sale("1001"))
    assert batch
    (found,) = world.look()
    assert (found.outcome, found.is_export_older) == ("not_imported", True)
    assert world.write(sale("1001")) is None, "what is in a file goes into no other"
    with pytest.raises(OperationsError, match="export Sage's tables again"):
        world.release(batch)


def test_a_file_that_was_refused_whole_may_go_again_when_a_person_says_so(world: World) -> None:
    switch_on(world.company, "hide_nominal:4000")
    documents = [*sale("1001"), document("1002", lines={"4010": 500}, taxes={0: (500, 0)})]
    batch = world.write(documents)
    assert batch
    result = world.take(batch)
    assert result.imported == 0 and "4000 is inactive" in result.refused[0][1]
    world.export()
    assert world.look()[0].outcome == "not_imported"
    assert world.write(documents) is None
    assert len(world.release(batch)) == 3
    desk.hide_nominal(world.company, "4000", hidden=False)
    world.export()
    again = world.write(documents)
    assert again and again.name != batch.name
    assert world.take(again).imported == 3
    world.export()
    assert [found.outcome for found in world.look()] == ["imported"]


def test_a_file_that_went_in_by_half_is_said_and_the_rest_goes_in_a_new_one(world: World) -> None:
    documents = [*sale("1001"), *sale("1002")]
    switch_on(world.company, "stop_after:3")
    batch = world.write(documents)
    assert batch
    world.take(batch)
    world.export()
    (found,) = world.look()
    assert found.outcome == "half_imported"
    assert [row.row for row in found.rows if row.state == "missing"] == [5]
    (freed,) = world.release(batch)
    assert freed == batch.members[3].posting_key
    rest = world.write(documents)
    assert rest and [member.posting_key for member in rest.members] == [freed]
    world.take(rest)
    world.export()
    assert [found.outcome for found in world.look()] == ["imported", "imported"]


def test_what_the_export_shows_is_not_given_up_whatever_a_person_says(world: World) -> None:
    documents = sale("1001")
    batch = world.write(documents)
    assert batch
    world.take(batch)
    world.export()
    assert world.release(batch) == [], "nobody had run verify yet"
    assert world.write(documents) is None
    assert world.look()[0].outcome == "imported"


def test_a_document_of_which_a_row_is_missing_is_wrong_until_a_person_completes_it(world: World) -> None:
    both = document("1001", lines={"4000": 1000, "4010": 500}, taxes={1: (1000, 200), 0: (500, 0)})
    switch_on(world.company, "stop_after:1")
    batch = world.write([both])
    assert batch and len(batch.rows) == 2
    world.take(batch)
    world.export()
    (found,) = world.look()
    assert found.outcome == "half_imported"
    assert world.state(both) == "wrong" and "gross" in found.differences[both.posting_key]
    assert world.release(batch) == [], "a part of it is there: it never goes again"
    header, *rows = batch.text.splitlines(keepends=True)
    from sandbox.sage50.importing import import_file

    import_file(world.company, (header + rows[1]).encode(), now=world.time)
    world.export()
    assert world.look()[0].outcome == "imported" and world.state(both) == "proven"


def test_a_file_that_was_imported_twice_is_found_and_stops_the_store(world: World) -> None:
    documents = sale("1001")
    batch = world.write(documents)
    assert batch
    world.take(batch)
    world.export()
    assert world.look()[0].outcome == "imported"
    world.take(batch)
    world.export()
    (found,) = world.look()
    assert found.outcome == "twice_imported"
    assert {row.transactions for row in found.rows} == {(1, 3), (2, 4)}
    assert [world.state(one) for one in documents] == ["wrong", "wrong"]
    assert "2 times" in str(world.operations.active_stops("DGS"))
    desk.delete(world.company, 3)
    desk.delete(world.company, 4)
    world.export()
    assert world.look()[0].outcome == "imported" and world.state(documents[0]) == "proven"


def test_what_is_deleted_in_sage_after_it_was_proven_is_said(world: World) -> None:
    batch = world.write([document("1001")])
    assert batch
    world.take(batch)
    world.export()
    assert world.look()[0].outcome == "imported"
    desk.delete(world.company, 1)
    world.export()
    (found,) = world.look()
    assert found.outcome == "gone" and "no more" in next(iter(found.differences.values()))
    assert world.release(batch) == []


def test_one_document_that_sage_would_refuse_does_not_stop_the_others(world: World) -> None:
    bad = document("1002", lines={"4015": 1000}, taxes={1: (1000, 200)})
    unwritable = document("1003", lines={"4000": 500, "4010": 500}, taxes={1: (500, 100), 0: (500, 0)})
    found = world.draft([document("1001"), bad, unwritable])
    assert [one.posting_key for one in found.chosen] == [document("1001").posting_key]
    reasons = {one.decision.posting_key: one.reason for one in found.unwritten}
    assert "4015 is hidden" in reasons[bad.posting_key]
    assert "more than one way" in reasons[unwritable.posting_key]


def test_what_is_in_the_audit_trail_by_its_key_is_never_written(world: World) -> None:
    """The store may be lost and restored: the key in Sage still speaks."""
    batch = world.write([document("1001")])
    assert batch
    world.take(batch)
    world.export()
    assert world.release(batch) == []
    other = World.make(world.folder / "restored")
    try:
        other.company.close()
        other.company, world.company = world.company, other.company
        other.export()
        found = other.draft([document("1001")])
        assert found.batch is None and "in the audit trail already" in found.unwritten[0].reason
    finally:
        other.company, world.company = world.company, other.company
        other.operations.close()


def test_what_the_connector_posted_meanwhile_by_its_own_name_is_not_written(world: World) -> None:
    from sandbox.sage50.importing import import_file

    row = f"SI,TILL01,4000,0,{DAY:%d/%m/%Y},POS-S01-1001,,100.00,T1,20.00\r\n"
    assert import_file(world.company, row.encode(), now=world.time).imported == 1
    world.export()
    found = world.draft([document("1001"), document("1009")])
    assert [one.posting_key for one in found.chosen] == [document("1009").posting_key]
    assert found.unwritten[0].reason.startswith("connector_was_first")


def test_the_first_file_holds_one_document_until_it_is_read_back(world: World) -> None:
    world.set(canary=True)
    documents = [*sale("1001"), *sale("1002")]
    found = world.draft(documents)
    assert (len(found.chosen), found.waiting, found.is_canary) == (1, 3, True)
    batch = world.write(documents)
    assert batch and len(batch.members) == 1
    assert "not read back yet" in world.draft(documents).unwritten[0].reason
    world.take(batch)
    world.export()
    world.look()
    assert len(world.draft(documents).chosen) == 3


def test_a_file_holds_no_more_rows_than_it_may_and_never_half_a_document(world: World) -> None:
    world.set(rows_per_file=3)
    both = {"lines": {"4000": 1000, "4010": 500}, "taxes": {1: (1000, 200), 0: (500, 0)}}
    found = world.draft([document(str(number), **both) for number in (1001, 1002, 1003)])
    assert (len(found.chosen), found.waiting) == (1, 2)


def test_a_batch_is_kept_exactly_and_the_chain_verifies(world: World) -> None:
    batch = world.write([document("1001", narrative='Café, "cosy" \N{EN DASH} 50% off')])
    assert batch
    ((kept, _),) = batches.batches(world.operations, "DGS")
    assert kept == batch and kept.content == batch.content
    world.operations.intents.verify_chain()


def test_a_duplicate_is_reversed_by_its_opposite_after_a_person_said_so(world: World) -> None:
    from sandbox.sage50.importing import import_file

    row = f"SI,TILL01,4000,0,{DAY:%d/%m/%Y},POS-S01-1001,,100.00,T1,20.00\r\n"
    import_file(world.company, (row + row).encode(), now=world.time)
    world.export()
    contra = document("1001", "credit_note", role="X")
    proposals, legs = tables([contra], target_urn=2)
    plan_again = lambda: plan(proposals, legs, world.operations, publication_number=1)  # noqa: E731
    assert [one.code for one in plan_again()] == ["needs_approval"]
    approve(world.operations, plan_again(), "Fay", "posted twice")
    with world.books() as books:
        found = batches.draft(
            world.operations, books, plan_again(), world.settings, company_id="DGS", seen_urn=None
        )
    assert found.batch and [(one.type, one.tax_code, one.net_pence) for one in found.batch.rows] == [
        ("SC", 1, 10000)
    ]
    desk.delete(world.company, 2)
    world.export()
    with world.books() as books:
        found = batches.draft(
            world.operations, books, plan_again(), world.settings, company_id="DGS", seen_urn=None
        )
    assert found.batch is None and found.unwritten[0].reason.startswith("target_changed")


def test_a_store_where_nobody_may_post_gets_no_file(world: World) -> None:
    found = world.draft([document("1001", store_id="S02")])
    assert found.batch is None and not found.chosen


@pytest.mark.parametrize(
    ("reference", "is_held"),
    [
        ("DAY-S01-20110210-1", True),
        ("DAY-S01-20110210", True),
        ("DAY-S01-20110210-2", False),  # the other till's
        ("DAY-S02-20110210-1", False),
        ("POS-S01-1001", True),  # a receipt of it
    ],
)
def test_a_summary_does_not_go_where_the_connector_has_its_day_by_now(
    world: World, reference: str, is_held: bool
) -> None:
    event = f"tranche:S01:1:{DAY}:1"
    one = replace(
        document(gross=2400), posting_key=build_key("DGS", event, "invoice", ordinal=1, revision=1, role="P")
    )
    proposals, legs = tables([one], event_id=event, receipt_no=None, members_digest="d")
    seen = 0
    row = f"SI,TILL01,4000,0,10/02/2011,{reference},By the connector,10.00,T1,2.00\r\n"
    assert import_file(world.company, row.encode(), now=world.time).imported == 1
    world.export()
    decisions = plan(proposals, legs, world.operations, publication_number=1)
    assert [decision.goes for decision in decisions] == [True]

    def unwritten(seen_urn: int) -> list[str]:
        with world.books() as books:
            found = batches.draft(
                world.operations, books, decisions, world.settings, company_id="DGS", seen_urn=seen_urn
            )
        return [left.reason for left in found.unwritten]

    assert ["connector_was_first" in reason for reason in unwritten(seen)] == [True] * is_held
    assert unwritten(seen + 1) == [], "what the publication knew, it has weighed"
