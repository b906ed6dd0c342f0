"""A correction by file: the contra first, and its repost in a later file, once the contra is proven."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from sage50_world import DAY, LEGS, PROPOSALS, World, document, tables

from orchestration.ledgers.ledger import Document
from orchestration.ledgers.sage50_documents import rows_of
from orchestration.ledgers.sage50_file import write
from orchestration.operations import PostingPolicy
from orchestration.posting import approve, batches, plan
from orchestration.posting.key import build_key
from sandbox.sage50 import desk
from sandbox.sage50.importing import import_file

Case = tuple[int, Document, Document, tuple[pa.Table, pa.Table]]


@pytest.fixture
def case(world: World) -> Case:
    """The connector's £90.00 is undone and posted right as £120.00: both approved. Its URN, contra, repost, tables."""
    world.operations.set_posting_policy(
        "DGS", PostingPolicy(remedies=frozenset({"post_missing", "reverse_and_repost"})), "Fin", "ok"
    )
    wrong = rows_of(document("1001", gross=9000), world.settings, store_id="S01")
    theirs = [replace(row, reference="POS-S01-1001", extra_reference="", user_name="CONN") for row in wrong]
    assert import_file(
        world.company, write(theirs, world.settings), now=world.time, file_name="x.csv"
    ).imported
    world.export()
    with world.books() as books:
        (found,) = books.find_by_reference("POS-S01-1001")
    event = f"ledger:{found.urn}"
    key = build_key("DGS", event, "credit_note", ordinal=1, revision=1, role="X")
    contra = replace(document("1001", "credit_note", gross=9000), posting_key=key)
    repost = document("1001")
    what = {"remedy": "reverse_and_repost", "target_urn": found.urn}
    undo, undo_legs = tables([contra], event_id=event, **what)
    redo, redo_legs = tables([repost], **what)
    rows = [{**undo.to_pylist()[0], "after_key": None}, {**redo.to_pylist()[0], "after_key": key}]
    proposed = (
        pa.Table.from_pylist(rows, PROPOSALS.append(pa.field("after_key", pa.string()))),
        pa.concat_tables([undo_legs, redo_legs]).cast(LEGS),
    )
    waiting = [one for one in plan(*proposed, world.operations) if one.code == "needs_approval"]
    assert len(waiting) == 2
    approve(world.operations, waiting, "Fay", "wrong amount")
    return found.urn, contra, repost, proposed


def drafted(world: World, proposed: tuple[pa.Table, pa.Table]) -> batches.Draft:
    decisions = plan(*proposed, world.operations, publication_number=1)
    with world.books() as books:
        return batches.draft(
            world.operations, books, decisions, world.settings, company_id="DGS", seen_urn=None
        )


def test_the_repost_waits_for_a_later_file(world: World, case: Case) -> None:
    _, contra, repost, proposed = case
    found = drafted(world, proposed)
    assert [one.posting_key for one in found.chosen] == [contra.posting_key]
    (left,) = found.unwritten
    assert left.decision.posting_key == repost.posting_key
    assert left.reason == "contra_first: what it replaces is not proven to be undone"


def test_where_the_contra_may_not_go_neither_does(world: World, case: Case) -> None:
    urn, contra, repost, proposed = case
    desk.reconcile(world.company, urn, DAY)
    world.export()
    found = drafted(world, proposed)
    assert found.chosen == []
    assert {one.decision.posting_key for one in found.unwritten} == {contra.posting_key, repost.posting_key}
