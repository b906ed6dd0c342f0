"""The connector posts the same receipt between our look and our send: found, named, and ours undone, pass by pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from traded_house import House, Receipt, built, mappings_of

from orchestration.operations import Operations, PostingPolicy
from orchestration.posting_report import post
from orchestration.posting_verify import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
MAPPINGS = {
    **mappings_of(["S01"]),
    "connector_patterns": "company_id,connector,pattern,retry_window_hours\n"
    "DGS,shopbridge,^POS-(S[0-9]{2})-([0-9]+)(?:-([0-9]+))?$,0\n",
}
RACED: Receipt = ("1", "1001", "SALE", "2011-02-10 10:00:00", [("MUG", 1000, "S")], [("CASH", 1200)])
ALONE: Receipt = ("1", "1002", "SALE", "2011-02-10 11:00:00", [("MUG", 500, "S")], [("CARD", 600)])
LATER: Receipt = ("1", "1003", "SALE", "2011-02-10 12:00:00", [("BOOK", 700, "Z")], [("CASH", 700)])
RACED_INVOICE = (
    "select verdicts.verdict, verdicts.reason, documents.mark from document_verdicts as verdicts"
    " inner join ledger_documents as documents using (ledger_document_id)"
    " where documents.gross_pence = 1200 and documents.document_kind in ('invoice', 'credit_note') order by all"
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two receipts are missing; of one the connector posts both documents while ours are on their way."""
    policy = PostingPolicy(canary=False)
    with built(tmp_path_factory.mktemp("two_writers"), ["S01"], MAPPINGS, policy) as made:
        made.deliver(RACED, ALONE)
        made.judge()
        stems = (
            "select key_stem from posting_proposals where receipt_no = '1001' and document_kind = 'invoice'"
        )
        ((stem,),) = made.rows(stems)
        theirs = {"reference": stem, "their_reference": "POS-S01-1001"}
        made.running.faults({"kind": "another_was_first", "count": 1, **theirs})
        yield made


def test_what_the_connector_posted_in_that_moment_is_seen_at_the_read_back_and_stops_the_store(
    house: House,
) -> None:
    summary = house.send()
    with Operations.open(house.settings.operations) as operations:
        (stop,) = operations.stops_in_force()
        proven = {one.document_kind for one in operations.intents.in_states(["proven"], "DGS")}
    assert (stop.store_id, stop.author) == ("S01", "tillproof")
    assert "(POS-S01-1001) and ours, URN" in stop.reason and "are one receipt: two writers" in stop.reason
    # ours is in Sage, once and right: what is wrong is that theirs is beside it
    assert "invoice" in proven and not summary.errors
    assert summary.right == summary.posts and summary.held["store_stopped"] == 4 - summary.posts > 0


def test_the_next_pass_names_the_copy_and_its_owner_and_proposes_to_undo_ours(house: House) -> None:
    house.judge()
    assert house.rows(RACED_INVOICE) == [
        ("duplicate_in_ledger", "posted_by_two_writers", "connector"),
        ("matched", None, "ours"),
    ]
    opened = house.rows(
        "select exception_class, owner, value_at_risk_pence, severity, suggested_remedy from exceptions"
        " where status = 'open' and document_kind = 'invoice' and receipt_no = '1001'"
    )
    assert opened == [
        (
            "posted_by_two_writers",
            "integration",
            1000,
            1,
            "Settle who posts for this store; then reverse the one of the two that tillproof post proposes.",
        )
    ]
    ((key, urn),) = house.rows(
        "select posting_key, urn from postings where document_kind = 'invoice' and event_id like '%:1001:%'"
    )
    undoing = house.rows(
        "select posting_key, target_urn, remedy, document_kind, hold_reason from posting_proposals where role = 'X'"
    )
    stopped = "posting is stopped for this store"
    assert undoing == [(f"{key[:-1]}X", urn, "reverse_duplicate", "credit_note", stopped)]
    held = house.rows("select distinct hold_reason from posting_proposals where role = 'P'")
    assert held == [("two writers post for this store",)], "nothing new goes meanwhile"


def test_a_person_settles_who_posts_and_ours_is_undone_and_nothing_is_lost(house: House) -> None:
    with Operations.open(house.settings.operations) as operations:
        assert operations.lift_stop("DGS", "S01", "Ian", "the connector was switched off")
    house.judge()
    proposed = post(house.settings)
    assert {row["code"] for row in proposed["held"]} == {"needs_approval", "not_ready"}
    assert [row["remedy"] for row in proposed["held"] if row["code"] == "needs_approval"] == [
        "reverse_duplicate"
    ]
    assert post(house.settings, approver="Fay", reason="theirs stays")["approved"] == 1
    assert (house.send().right, house.send().posts) == (1, 0)
    house.judge()
    assert house.rows(RACED_INVOICE) == [
        ("matched", None, "connector"),
        ("reversed", "contra", "ours"),
        ("reversed", "reversed", "ours"),
    ]
    opened = (
        "select count(*) from exceptions where status = 'open' and exception_class = 'posted_by_two_writers'"
    )
    assert house.rows(opened) == [(0,)]
    house.deliver(LATER)
    house.judge()
    assert house.send().errors == [], "the store goes on by itself"
    house.judge()
    assert house.rows("select distinct verdict from receipts") == [("matched",)]
    assert house.rows("select distinct amount_pence from bridge_lines where line_kind = 'residual'") == [(0,)]
    assert house.rows("select sum(balance_pence) from till_customer_balances") == [(0,)]
    assert house.rows("select count(*) from exceptions where status = 'open'") == [(0,)]
    assert verify(house.settings, offline=False)["agrees"]
