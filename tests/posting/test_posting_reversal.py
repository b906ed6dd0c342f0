"""What we posted can be undone: exactly, once, and only what is proven to be there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from publication import DAY, Publication

from orchestration.operations import OperationsError
from orchestration.posting import Wanted, approve, chosen, plan_reversal, run_reversal

MARCH = date(2011, 3, 1)


@pytest.fixture
def publication() -> Publication:
    """Three receipts, an invoice and its money each."""
    three = Publication()
    for receipt_no in ("1", "2", "3"):
        three.add(receipt_no)
        three.add(receipt_no, "receipt", net=1200)
    return three


@pytest.fixture
def posted(shop, publication):
    """A shop where they were posted and proven."""
    assert shop.post(publication).right == 6
    return shop


def everything(shop) -> Wanted:
    return Wanted(tuple(sorted(one.posting_key for one in shop.ledger.posts if one.posting_key[-1] == "P")))


def planned(shop, wanted: Wanted | None = None):
    wanted = wanted or everything(shop)
    intents = chosen(shop.operations, "DGS", wanted)
    return plan_reversal(shop.ledger, shop.operations, intents, publication_number=1)


def undo(shop, wanted: Wanted | None = None, *, approved: bool = True, **options):
    decisions = planned(shop, wanted)
    if approved:
        approve(shop.operations, [one for one in decisions if one.code == "needs_approval"], "Fay", "undo")
        decisions = planned(shop, wanted)
    return run_reversal(
        shop.ledger, shop.operations, decisions, company_id="DGS", publication_number=1,
        **{"alone": True, "sleep": shop.sleep, **options},
    )  # fmt: skip


def balance(shop) -> dict[tuple[str, str, str], int]:
    """What the books hold by account, accounts at nought left out."""
    sums: dict[tuple[str, str, str], int] = {}
    for posted in shop.ledger.documents:
        for line in posted.nominal_lines:
            account = (line.nominal_code, line.cost_centre, line.department)
            sums[account] = sums.get(account, 0) + line.amount_pence
    return {account: pence for account, pence in sums.items() if pence}


def test_a_pack_waits_for_a_person_and_shows_the_exact_opposite_of_each_document(posted, publication):
    decisions = planned(posted)
    assert [one.code for one in decisions] == ["needs_approval"] * 6
    for decision in decisions:
        was = next(one for one in posted.ledger.posts if one.posting_key[:-1] == decision.posting_key[:-1])
        contra = decision.document
        assert (was.document_kind, contra.document_kind) in (
            ("invoice", "credit_note"),
            ("receipt", "payment"),
        )
        names = ("gross_pence", "net_pence", "tax_pence", "customer_reference", "bank_code", "document_date")
        assert all(getattr(was, name) == getattr(contra, name) for name in names)
        assert contra.tax_lines == was.tax_lines
        assert [line.net_pence for line in contra.nominal_lines] == [
            line.net_pence for line in was.nominal_lines
        ]
        assert decision.proposal.payload.expected_period_start == DAY.replace(day=1)
        assert not decision.proposal.unsound
    assert len(posted.ledger.posts) == 6, "a dry run sends nothing"
    assert undo(posted, approved=False).held == {"needs_approval": 6}
    assert len(posted.ledger.posts) == 6


def test_what_was_approved_is_undone_once_and_proven_and_the_books_are_as_before(posted, publication):
    summary = undo(posted)
    assert (summary.posts, summary.right, summary.errors) == (6, 6, [])
    assert balance(posted) == {}
    assert {posted.state(key) for key in publication.rows} == {"reversed"}
    again = undo(posted)
    assert again.posts == 0 and again.held == {"already_reversed": 6}
    assert "was reversed by URN" in planned(posted)[0].reason
    assert len(posted.ledger.posts) == 12
    posted.operations.intents.verify_chain()


def test_a_run_of_posting_neither_sends_nor_cancels_what_a_pack_decided(posted, publication):
    decisions = planned(posted)
    approve(posted.operations, decisions[:2], "Fay", "undo")
    from orchestration.posting.decisions import record

    record(posted.operations, planned(posted), 1)
    posted.post(publication.without(*publication.rows))
    assert posted.state(decisions[0].posting_key) == "decided"
    assert len(posted.ledger.posts) == 6
    assert undo(posted, approved=False).right == 2


def test_a_run_of_posting_does_not_go_on_with_a_pack_that_was_locked_out(posted):
    """Who sent a part of it may have thought again: only its own command goes on with it."""
    posted.ledger.locked_customers.add("TILL01")
    undo(posted)
    contras = [key[:-1] + "X" for key in everything(posted).posting_keys]
    locked = [key for key in contras if posted.state(key) == "locked"]
    assert locked
    posted.ledger.locked_customers.clear()
    posted.post(Publication(2))
    assert {posted.state(key) for key in locked} == {"locked"}
    undo(posted, approved=False)
    assert {posted.state(key) for key in locked} == {"proven"}


def test_a_killed_pack_goes_on_where_it_was(posted, publication, monkeypatch):
    class Killed(BaseException):
        pass

    def after_two(done, _of, _intent):
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        undo(posted, progress=after_two)
    summary = undo(posted)
    assert balance(posted) == {} and summary.right + summary.held["already_reversed"] == 6
    assert len(posted.ledger.documents) == 12


def test_an_approval_of_a_contra_lapses_when_it_would_go_to_another_period(posted):
    approve(posted.operations, planned(posted), "Fay", "undo")
    posted.ledger.closed_months = {DAY.replace(day=1)}
    assert {one.code for one in planned(posted)} == {"period_not_open"}, (
        "the company's late policy is to hold"
    )
    set_late_policy(posted, "original_date")
    decisions = planned(posted)
    assert {one.code for one in decisions} == {"approval_lapsed"}
    assert {one.proposal.payload.expected_period_start for one in decisions} == {MARCH}


def set_late_policy(shop, policy: str) -> None:
    from sqlalchemy import text

    with shop.operations._database.write() as connection:
        connection.execute(text("update companies set late_policy = :policy"), {"policy": policy})


@pytest.mark.parametrize("fault", ["deferred", "suspense", "refuse"])
def test_what_is_not_proven_is_refused_in_words(shop, publication, fault):
    first = min(publication.rows)
    shop.ledger.faults[first] = [fault]
    shop.post(publication)
    (decision,) = planned(shop, Wanted((first,)))
    assert decision.code == "not_proven" and shop.state(first) in decision.reason
    undo(shop)
    assert not shop.ledger.of(first[:-1] + "X")


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"gross_pence": 1300}, "not_proven", "gross is 1300"),
        ({"reference": "GONE"}, "not_proven", "it is not there"),
        ({"allocated_pence": 5}, "target_changed", "has been allocated"),
        ({"is_bank_reconciled": True}, "target_changed", "is reconciled with the bank"),
    ],
)
def test_what_was_changed_or_used_since_is_refused_in_words(posted, changed, code, words):
    was = posted.ledger.documents[0]
    posted.ledger.documents[0] = replace(was, **changed)
    (decision,) = planned(posted, Wanted((was.reference,)))
    assert decision.code == code and words in decision.reason


def test_what_a_person_undid_under_our_reference_is_not_undone_again(posted):
    was = next(one for one in posted.ledger.posts if one.document_kind == "invoice")
    undone_by_hand = replace(was, document_kind="credit_note")
    posted.ledger.keep(undone_by_hand, user_name="MARY")
    (decision,) = planned(posted, Wanted((was.posting_key,)))
    assert decision.code == "already_reversed" and "undoes it already" in decision.reason


def test_a_person_who_undoes_it_between_the_approval_and_the_send_is_seen(posted, monkeypatch):
    was = next(one for one in posted.ledger.posts if one.document_kind == "invoice")
    wanted = Wanted((was.posting_key,))
    approve(posted.operations, planned(posted, wanted), "Fay", "undo")
    decisions = planned(posted, wanted)
    posted.ledger.keep(replace(was, document_kind="credit_note"), user_name="MARY")
    summary = run_reversal(
        posted.ledger, posted.operations, decisions, company_id="DGS", publication_number=1, alone=True,
        sleep=posted.sleep,
    )  # fmt: skip
    assert summary.posts == 0 and summary.held == {"already_reversed": 1}


def test_postings_are_chosen_by_store_and_day_and_by_run(shop, publication):
    other_day = Publication()
    key = other_day.add("9", business_date=date(2011, 2, 11), document_date=date(2011, 2, 11))
    first = shop.post(publication).run_number
    second = shop.post(other_day.without()).run_number
    assert second == first + 1

    def keys(wanted: Wanted) -> set[str]:
        return {intent.posting_key for intent in chosen(shop.operations, "DGS", wanted)}

    assert keys(Wanted(store_id="S01", business_date=DAY)) == set(publication.rows)
    assert keys(Wanted(run_number=second)) == {key}
    assert keys(Wanted(store_id="S01", business_date=DAY, run_number=second)) == set()
    undo(shop, Wanted((key,)))
    assert keys(Wanted(run_number=second)) == {key}, "a contra is not undone by its run"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(), "say what to reverse"),
        (Wanted(store_id="S01"), "go together"),
        (Wanted(business_date=DAY, run_number=1), "go together"),
        (Wanted(run_number=99), "no run 99"),
        (Wanted(("TPNONSENSE",)), "is not the key of a posting"),
    ],
)
def test_a_selection_that_is_none_is_refused(posted, wanted, words):
    with pytest.raises(OperationsError, match=words):
        chosen(posted.operations, "DGS", wanted)


def test_a_contra_is_not_undone_by_a_contra(posted):
    undo(posted)
    contra = next(one.posting_key for one in posted.ledger.posts if one.posting_key[-1] == "X")
    with pytest.raises(OperationsError, match="itself a reversal"):
        chosen(posted.operations, "DGS", Wanted((contra,)))


def test_a_stop_and_posting_switched_off_hold_a_pack_too(posted):
    approve(posted.operations, planned(posted), "Fay", "undo")
    posted.operations.stop_store("DGS", "S01", "look first", "Ann")
    assert {one.code for one in planned(posted)} == {"store_stopped"}
    posted.operations.lift_stop("DGS", "S01", "Ann", "looked")
    posted.operations.disable_posting("DGS", "Ann", "year end")
    assert {one.code for one in planned(posted)} == {"posting_off"}


@pytest.mark.parametrize("fault", ["lock", "timeout after commit", "timeout before commit", "ghost"])
def test_no_fault_undoes_twice(posted, fault):
    contra = everything(posted).posting_keys[0][:-1] + "X"
    posted.ledger.faults[contra] = [fault]
    undo(posted)
    undo(posted)
    assert balance(posted) == {} and len(posted.ledger.of(contra)) == 1
