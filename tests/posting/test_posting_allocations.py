"""The documents of one sale are allocated to each other once, by policy; what we allocated is never undone unsaid."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from publication import DAY, Publication, event_of
from rich.console import Console

from orchestration import posting_allocations
from orchestration.ledgers.ledger import LedgerUnavailableError, can_allocate
from orchestration.operations import OperationsError, PostingPolicy
from orchestration.operations.policies import DEFAULT
from orchestration.posting import PostingSummary, plan, plan_reversal, run_reversal
from orchestration.posting.allocations import allocation_key
from orchestration.posting_verify import verify_postings

KEY = allocation_key("DGS", event_of("1"), 2, 2)
ALLOCATES = replace(DEFAULT, remedies=DEFAULT.remedies | {"allocate_sale"})


def sale(number="1", publication=None) -> Publication:
    """An invoice of £12.00 and the cash for it."""
    publication = publication or Publication()
    publication.add(number, "invoice", net=1000)
    publication.add(number, "receipt", net=1200)
    return publication


def allocating(shop):
    shop.operations.set_posting_policy("DGS", ALLOCATES, "Fay", "we allocate our own")
    return shop


def post_again(shop, number=2) -> PostingSummary:
    """A later publication, which proposes nothing more."""
    return shop.post(Publication(number))


def reverse(shop, publication_number=2):
    """Everything that was posted, undone as far as may be; two people want it."""
    intents = shop.operations.intents.in_states(["proven"], "DGS", role="P")

    def planned():
        return plan_reversal(shop.ledger, shop.operations, intents, publication_number=publication_number)

    waiting = {one.posting_key: one.payload_digest for one in planned() if one.code == "needs_approval"}
    if waiting:
        claims = dict.fromkeys(waiting, "none")
        shop.operations.approve("DGS", waiting, approver="Gil", reason="wrong", sync_claims=claims)
    decisions = planned()
    summary = run_reversal(
        shop.ledger,
        shop.operations,
        decisions,
        company_id="DGS",
        publication_number=publication_number,
        alone=True,
        sleep=shop.sleep,
    )
    return decisions, summary


def test_nothing_is_allocated_unless_the_policy_says_so(shop):
    summary = shop.post(sale())
    assert summary.right == 2 and summary.allocated == 0
    assert shop.ledger.allocations == [] and shop.state(KEY) == ""


def test_a_sale_is_allocated_once_and_proven(shop):
    assert can_allocate(shop.ledger)
    summary = allocating(shop).post(sale())
    assert (summary.right, summary.allocated, summary.posts) == (2, 1, 3)
    assert [line.gross_pence for line in shop.ledger.allocations[0].lines] == [1200, 1200]
    assert shop.ledger.allocations[0].allocation_date == DAY
    assert shop.state(KEY) == "proven"
    assert summary.is_settled
    for number in (2, 3):
        assert post_again(shop, number).posts == 0
    assert len(shop.ledger.allocations) == 1
    shop.operations.intents.verify_chain()


def test_what_was_posted_before_it_was_allowed_is_allocated_afterwards(shop):
    shop.post(sale())
    assert post_again(allocating(shop)).allocated == 1


def test_an_allocation_is_no_document_to_the_models_nor_to_the_limits_of_a_run(shop):
    shop.operations.set_posting_policy("DGS", replace(ALLOCATES, run_documents=2), "Fay", "two a run")
    summary = shop.post(sale())
    assert summary.allocated == 1
    assert len(shop.operations.landed_tables()["intents"]) == 2
    assert shop.operations.runs.sent_in(summary.run_number) == (2, 2400)


@pytest.mark.parametrize("more", [1, -1])
def test_a_sale_that_does_not_come_to_nothing_is_left(shop, more):
    publication = Publication()
    publication.add("1", "invoice", net=1000)
    publication.add("1", "receipt", net=1200 + more)
    assert allocating(shop).post(publication).right == 2
    assert shop.ledger.allocations == []


def test_a_sale_waits_for_its_last_document(shop):
    publication = sale()
    receipt = next(key for key, row in publication.rows.items() if row["document_kind"] == "receipt")
    shop.ledger.faults[receipt] = ["deferred"]
    allocating(shop).post(publication)
    assert shop.ledger.allocations == [], "the receipt is not in the nominal ledger yet"


def test_documents_of_two_customers_are_not_allocated(shop):
    publication = Publication()
    publication.add("1", "invoice", net=1000)
    publication.add("1", "receipt", net=1200, customer_reference="TILL09")
    assert allocating(shop).post(publication).right == 2
    assert shop.ledger.allocations == []


@pytest.mark.parametrize(
    ("fault", "sends"),
    [
        ("timeout after commit", 1),
        ("refused but saved", 1),
        ("breaks after commit", 1),
        ("timeout before commit", 2),
        ("breaks before commit", 2),
        ("ghost", 2),
        ("lock", 2),
    ],
)
def test_whatever_the_reply_it_is_allocated_once(shop, fault, sends):
    shop.ledger.faults["allocation"] = [fault]
    allocating(shop).post(sale())
    for number in (2, 3):
        post_again(shop, number)
    assert shop.state(KEY) == "proven"
    assert len(shop.ledger.allocations) == sends
    assert sorted(shop.ledger.allocated.values()) == [1200, 1200]


def test_what_sage_refuses_is_tried_again_by_a_later_publication_only(shop):
    shop.ledger.faults["allocation"] = ["refuse"]
    summary = allocating(shop).post(sale())
    assert shop.state(KEY) == "refused" and summary.not_allocated == {"refused": 1}
    shop.post(Publication(1))
    assert len(shop.ledger.allocations) == 1
    assert post_again(shop).allocated == 1


def test_many_refusals_stop_allocating_and_not_the_posting(shop):
    publication = Publication()
    for number in range(1, 6):
        sale(str(number), publication)
    shop.ledger.faults["allocation"] = ["refuse"] * 9
    policy = replace(ALLOCATES, refusals_in_a_row=3)
    shop.operations.set_posting_policy("DGS", policy, "Fay", "carefully")
    summary = shop.post(publication)
    assert "3 refusals in a row" in summary.stopped_because
    assert (len(shop.ledger.allocations), summary.right) == (3, 10)
    assert shop.operations.active_stops("DGS") == {}


def test_what_somebody_else_allocated_is_theirs(shop):
    shop.post(sale())
    shop.ledger.set_off([posted.urn for posted in shop.ledger.documents])
    summary = post_again(allocating(shop))
    assert summary.not_allocated == {"allocated_already": 1} and shop.ledger.allocations == []
    assert shop.state(KEY) == "cancelled"
    decisions, _ = reverse(shop, 3)
    assert {decision.code for decision in decisions} == {"target_changed"}


def test_a_part_that_somebody_allocated_while_ours_was_unknown_is_wrong_and_said(shop):
    shop.ledger.faults["allocation"] = ["timeout before commit"]
    allocating(shop).post(sale(), max_seconds=0.0)
    publication = sale()
    shop.ledger.faults["allocation"] = ["timeout before commit"]
    answered = []

    def meanwhile(seconds: float) -> None:
        shop.sleep(seconds)
        if shop.state(KEY) == "unknown" and not answered:
            answered.append(shop.ledger.set_off([shop.ledger.documents[0].urn], [9999]))

    shop.post(publication, sleep=meanwhile)
    intent = shop.operations.intents.get(KEY)
    assert intent.state == "wrong" and "URN 9999" in intent.refusal
    assert len(shop.ledger.allocations) == 1


def test_what_we_allocated_is_not_undone_before_a_person_undid_the_allocation(shop):
    allocating(shop).post(sale())
    decisions, summary = reverse(shop)
    assert {decision.code for decision in decisions} == {"allocated_by_us"}
    assert all("Amend Allocations" in decision.reason for decision in decisions)
    assert summary.posts == 0
    shop.ledger.undo_allocations()
    decisions, summary = reverse(shop, 3)
    assert (summary.posts, summary.right) == (2, 2)
    assert shop.state(KEY) == "reversed"
    assert post_again(shop, 4).posts == 0, "what a person undid is not allocated again"
    shop.operations.intents.verify_chain()


def test_a_correction_that_the_publication_holds_says_that_we_allocated_what_it_would_undo(shop):
    allocating(shop).post(sale())
    invoice, receipt = (posted.urn for posted in shop.ledger.documents)
    publication = Publication(2)
    held = {"may_post": False, "hold_reason": "what drifted has been allocated: finance decides"}
    publication.add("1", "credit_note", role="X", target_urn=invoice, event_id=f"ledger:{invoice}", **held)
    publication.add("9", "credit_note", role="X", target_urn=555, event_id="ledger:555", **held)
    tables = publication.tables()
    codes = {
        one.proposal.payload.target_urn: (one.code, one.reason)
        for one in plan(*tables, shop.operations, publication_number=2)
    }
    assert codes[555] == ("not_ready", f"not_ready: {held['hold_reason']}")
    assert codes[invoice][0] == "allocated_by_us" and f"with URN {receipt}" in codes[invoice][1]


def test_a_sale_that_a_person_wants_undone_is_not_allocated(shop):
    shop.post(sale())
    shop.ledger.locked_customers = {"TILL01"}
    reverse(shop)
    allocating(shop)
    shop.ledger.locked_customers = set()
    summary = post_again(shop, 3)
    assert shop.ledger.allocations == [] and summary.allocated == 0


def test_an_allocation_that_met_a_lock_is_given_up_when_its_documents_are_undone_meanwhile(shop):
    shop.ledger.faults["allocation"] = ["lock"] * 9
    allocating(shop).post(sale())
    assert shop.state(KEY) == "locked"
    assert reverse(shop)[1].right == 2
    sent = len(shop.ledger.allocations)
    shop.ledger.faults.clear()
    assert post_again(shop, 3).not_allocated == {"members_changed": 1}
    assert shop.state(KEY) == "cancelled" and len(shop.ledger.allocations) == sent


def test_an_allocation_waits_while_a_contra_of_its_documents_may_still_go(shop):
    publication = sale()
    shop.ledger.faults["allocation"] = ["lock"] * 9
    allocating(shop).post(publication)
    shop.ledger.faults.clear()
    for key in publication.rows:
        shop.ledger.faults[key[:-1] + "X"] = ["refuse"] * 9
    reverse(shop)
    post_again(shop, 2)
    assert shop.operations.intents.get(KEY).hold_reason.startswith("being_undone: ")
    assert len(shop.ledger.allocated) == 0


@pytest.mark.parametrize(
    "changed", [{"gross_pence": 1201}, {"customer_reference": "TILL09"}, {"reference": "X"}]
)
def test_what_sage_no_longer_has_as_it_was_proven_is_not_allocated(shop, changed):
    shop.post(sale())
    shop.ledger.documents[0] = replace(shop.ledger.documents[0], **changed)
    assert post_again(allocating(shop)).not_allocated == {"members_changed": 1}
    assert shop.ledger.allocations == []


def test_a_contra_waits_while_an_allocation_of_its_target_is_not_settled(shop):
    allocating(shop)
    shop.post(sale(), max_seconds=0.0)
    shop.ledger.faults["allocation"] = ["timeout after commit"]

    def gone(_seconds: float) -> None:
        raise KeyboardInterrupt

    shop.sleep(0)
    with pytest.raises(KeyboardInterrupt):
        shop.post(sale(), sleep=gone)
    assert shop.state(KEY) == "unknown"
    shop.ledger.undo_allocations()  # not to be seen yet
    decisions, summary = reverse(shop)
    assert {decision.code for decision in decisions} == {"being_allocated"} and summary.posts == 0


def test_a_stop_and_a_policy_taken_back_hold_what_was_decided(shop):
    allocating(shop).post(sale())
    publication = sale("2")
    publication.number = 2
    shop.operations.stop_store("DGS", "S01", "stock count", "Gus")
    assert shop.post(publication).right == 0
    shop.operations.lift_stop("DGS", "S01", "Fay", "go on")
    shop.operations.set_posting_policy("DGS", DEFAULT, "Fay", "no more of it")
    publication.number = 3
    assert shop.post(publication).right == 2
    assert len(shop.ledger.allocations) == 1


def test_a_silent_sage_leaves_everything_as_it_was(shop):
    shop.post(sale())
    allocating(shop)
    shop.ledger.entries = _silent
    assert post_again(shop).stopped_because.startswith("Sage does not answer")
    assert shop.state(KEY) == "claimed"
    del shop.ledger.entries
    assert post_again(shop, 3).allocated == 1


def _silent(_urns):
    raise LedgerUnavailableError("no answer")


def test_what_is_never_there_is_given_up_after_as_many_sends_as_a_document(shop):
    shop.ledger.faults["allocation"] = ["timeout before commit"] * 9
    allocating(shop).post(sale())
    for number in range(2, 6):
        post_again(shop, number)
    assert shop.state(KEY) == "unsettled"
    assert len(shop.ledger.allocations) == 3


def test_what_was_given_up_no_longer_keeps_its_documents_from_being_undone(shop):
    shop.ledger.faults["allocation"] = ["timeout before commit"] * 9
    allocating(shop).post(sale())
    for number in range(2, 6):
        post_again(shop, number)
    assert shop.state(KEY) == "unsettled"
    shop.ledger.set_off([posted.urn for posted in shop.ledger.documents])
    assert {decision.code for decision in reverse(shop, 6)[0]} == {"allocated_by_us"}
    shop.ledger.undo_allocations()
    assert reverse(shop, 7)[1].right == 2


def test_an_allocation_never_waits_for_a_second_person():
    with pytest.raises(OperationsError, match="waits for nobody"):
        PostingPolicy(four_eyes=frozenset({"allocate_sale"}))


def test_what_was_allocated_and_what_was_not_is_told(shop):
    told = posting_allocations.report(shop.operations, "DGS")
    assert (told["is_allowed"], told["states"], told["not_proven"]) == (False, {}, [])
    publication = sale()
    sale("2", publication)
    shop.post(publication)
    allocating(shop)
    assert posting_allocations.report(shop.operations, "DGS")["waiting"] == 2
    shop.ledger.faults["allocation"] = ["refuse"]
    post_again(shop)
    told = posting_allocations.report(shop.operations, "DGS")
    assert (told["waiting"], told["states"]) == (0, {"proven": 1, "refused": 1})
    (row,) = told["not_proven"]
    assert (row["state"], row["gross_pence"], row["why"]) == ("refused", 1200, "SageNullFieldException")
    assert len(row["urns"]) == 2
    words = StringIO()
    posting_allocations.render(told, Console(file=words, width=200))
    assert "proven 1, refused 1" in words.getvalue() and "SageNullFieldException" in words.getvalue()


def test_an_allocation_that_a_person_undid_is_told_by_verify_and_is_no_fault_of_the_record(shop):
    allocating(shop).post(sale())
    assert verify_postings(shop.ledger, shop.operations, "DGS")["allocations_changed"] == []
    shop.ledger.undo_allocations()
    report = verify_postings(shop.ledger, shop.operations, "DGS")
    (changed,) = report["allocations_changed"]
    assert changed["differences"] == ["none of it is allocated any more"]
    assert (report["confirmed"], report["differing"]) == (2, [])
