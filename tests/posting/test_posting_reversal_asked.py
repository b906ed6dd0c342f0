"""What a person handed in to be undone waits for its approval, and the run that sends everything sends it, once."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from publication import Publication

from orchestration import posting_reversing
from orchestration.ledgers.ledger import LedgerUnavailableError
from orchestration.operations import NotAllowedError, OperationsError, Person
from orchestration.operations.policies import REVERSE_POSTING
from orchestration.posting import PostingPolicy, approve, plan_asked

SIGNED = {"by": "Fay", "reason": "wrong till"}


@pytest.fixture
def publication() -> Publication:
    """One receipt: an invoice and its money."""
    one = Publication()
    one.add("1")
    one.add("1", "receipt", net=1200)
    return one


@pytest.fixture
def posted(shop, publication):
    """A shop where both were posted and proven."""
    assert shop.post(publication).right == 2
    return shop


@pytest.fixture
def page(posted, tmp_path):
    """What a page hands over: settings, and a Sage that answers."""

    @contextmanager
    def sage(_settings):
        yield posted.ledger

    return SimpleNamespace(settings=SimpleNamespace(company_id="DGS", home=tmp_path), sage=sage)


def keys(publication) -> list[str]:
    return sorted(publication.rows)


def preview(posted, page, asked):
    return posting_reversing.contras(
        page.settings, posted.operations, asked, publication_number=1, sage=page.sage
    )


def hand_in(posted, page, asked, **changed):
    shown = {one.posting_key[:-1] + "P": one.payload_digest for one in preview(posted, page, asked)}
    return posting_reversing.hand_in(
        page.settings, changed.get("operations", posted.operations), {**shown, **changed.get("shown", {})},
        **SIGNED, publication_number=1, sage=page.sage,
    )  # fmt: skip


def waiting(posted) -> dict[str, str]:
    return {one.posting_key: one.code for one in plan_asked(posted.operations, "DGS", publication_number=1)}


def approve_all(posted, name="Fay") -> None:
    found = plan_asked(posted.operations, "DGS", publication_number=1)
    approve(posted.operations, found, name, "seen in the dry run")


def test_what_is_handed_in_is_sent_by_the_next_run_once_it_is_approved(posted, publication, page):
    assert "2 reversals handed in" in hand_in(posted, page, keys(publication))
    assert set(waiting(posted).values()) == {"needs_approval"}
    gone = publication.without(*publication.rows)
    assert posted.post(gone).held == {"needs_approval": 2}
    assert len(posted.ledger.posts) == 2, "nothing is sent before somebody approves it"
    approve_all(posted)
    summary = posted.post(gone)
    assert (summary.posts, summary.right, summary.errors) == (2, 2, [])
    assert {posted.state(key) for key in keys(publication)} == {"reversed"}
    assert posting_reversing.waiting(posted.operations, "DGS") == []
    assert posted.post(gone).posts == 0
    assert waiting(posted) == {}
    posted.operations.intents.verify_chain()


def test_a_second_person_is_asked_for_where_the_policy_says_so(posted, publication, page):
    policy = PostingPolicy(four_eyes=frozenset({REVERSE_POSTING}))
    posted.operations.set_posting_policy("DGS", policy, "Fay", "two people")
    hand_in(posted, page, keys(publication))
    approve_all(posted)
    assert set(waiting(posted).values()) == {"needs_second_approval"}
    assert posted.post(publication.without(*publication.rows)).posts == 0
    approve_all(posted, "Gil")
    assert posted.post(publication.without(*publication.rows)).right == 2


def test_it_can_be_taken_back_until_it_is_sent_and_not_after(posted, publication, page):
    first, second = keys(publication)
    hand_in(posted, page, [first, second])
    approve_all(posted)
    told = posting_reversing.take_back(page.settings, posted.operations, first, **SIGNED)
    assert "taken back" in told
    assert posted.post(publication.without(*publication.rows)).posts == 1
    assert (posted.state(first), posted.state(second)) == ("proven", "reversed")
    with pytest.raises(OperationsError, match="nobody asked that"):
        posting_reversing.take_back(page.settings, posted.operations, first, **SIGNED)
    with pytest.raises(OperationsError, match="is on its way to be undone: its contra is proven"):
        posting_reversing.take_back(page.settings, posted.operations, second, **SIGNED)
    actions = [row["action"] for row in posted.operations.audit_log("DGS") if row["author"] == "Fay"]
    assert actions.count("ask for a reversal") == 2 and actions.count("withdraw a reversal") == 1


def test_taken_back_after_a_run_decided_it_nothing_is_sent_any_more(posted, publication, page):
    first, second = keys(publication)
    hand_in(posted, page, [first, second])
    approve_all(posted)
    posted.post(publication.without(*publication.rows), max_posts=0)
    contra = first[:-1] + "X"
    assert posted.state(contra) == "decided"
    posting_reversing.take_back(page.settings, posted.operations, first, **SIGNED)
    assert posted.state(contra) == "cancelled"
    assert posted.post(publication.without(*publication.rows)).posts == 1
    assert posted.state(first) == "proven"


def test_what_could_not_be_approved_cannot_be_handed_in_and_nothing_is_half_written(
    posted, publication, page
):
    first, second = keys(publication)
    with pytest.raises(OperationsError, match="has changed since it was shown"):
        hand_in(posted, page, [first, second], shown={second: "0" * 64})
    assert waiting(posted) == {}
    hand_in(posted, page, [first])
    with pytest.raises(OperationsError, match=f"Fay handed in before that {first} is undone"):
        hand_in(posted, page, [first, second])
    assert list(waiting(posted)) == [first[:-1] + "X"]
    posted.ledger.closed_months = {publication.rows[second]["document_date"].replace(day=1)}
    with pytest.raises(OperationsError, match=f"{second} cannot be undone: period_not_open"):
        hand_in(posted, page, [second])
    with pytest.raises(OperationsError, match="is not the key of a posting of DGS"):
        preview(posted, page, ["TPAAAAAAAAAAAAAN011P"])
    with pytest.raises(OperationsError, match="at least one"):
        preview(posted, page, [])


def test_only_who_may_hands_in_under_their_own_name(posted, publication, page):
    viewer = posted.operations.acting_as(Person("Fay", frozenset({"viewer", "operations"})))
    with pytest.raises(NotAllowedError, match="Fay may not ask for a reversal"):
        hand_in(posted, page, keys(publication), operations=viewer)
    other = posted.operations.acting_as(Person("Val", frozenset({"finance"})))
    with pytest.raises(NotAllowedError, match="Val cannot sign as Fay"):
        hand_in(posted, page, keys(publication), operations=other)
    assert waiting(posted) == {}


def test_a_sage_that_is_silent_shows_nothing_and_the_run_goes_on(posted, publication, page, monkeypatch):
    hand_in(posted, page, keys(publication))
    approve_all(posted)

    def silent(*_args):
        raise LedgerUnavailableError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(posted.ledger, "find_many", silent)
        with pytest.raises(OperationsError, match="Sage could not be asked"):
            preview(posted, page, keys(publication))
        assert posted.post(publication.without(*publication.rows)).posts == 0
    assert posted.post(publication.without(*publication.rows)).right == 2


def test_what_sage_holds_otherwise_by_then_is_not_undone(posted, publication, page):
    hand_in(posted, page, keys(publication))
    approve_all(posted)
    posted.ledger.closed_months = {next(iter(publication.rows.values()))["document_date"].replace(day=1)}
    summary = posted.post(publication.without(*publication.rows))
    assert summary.posts == 0 and summary.held == {"period_not_open": 2}
