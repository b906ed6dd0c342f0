"""What is missing of a period whose VAT return is filed: held, or let in late by two people, pass by pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from traded_house import House, Receipt, built, mappings_of

from orchestration.operations import Operations, PostingPolicy
from orchestration.posting_report import post
from orchestration.posting_returns import returns

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
FEBRUARY, MARCH = date(2011, 2, 1), date(2011, 3, 1)
PERIODS = (
    "company_id,valid_from,valid_to,filed_on,error_limit_pence\n"
    "DGS,2010-12-01,2011-02-28,2011-04-07,250\nDGS,2011-03-01,2011-05-31,,\n"
)
IN_FEBRUARY: Receipt = ("1", "1001", "SALE", "2011-02-10 10:00:00", [("MUG", 1000, "S")], [("CASH", 1200)])
IN_MARCH: Receipt = ("1", "1002", "SALE", "2011-03-01 10:00:00", [("MUG", 500, "S")], [("CASH", 600)])
TOO_MUCH: Receipt = ("1", "1003", "SALE", "2011-02-11 10:00:00", [("MUG", 900, "S")], [("CASH", 1080)])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """February is closed in Sage and its return filed; March is open. One receipt is missing of each."""
    mappings = {**mappings_of(["S01"]), "vat_periods": PERIODS}
    policy = PostingPolicy(canary=False)
    folder = tmp_path_factory.mktemp("filed")
    with built(folder, ["S01"], mappings, policy, closed_months=[FEBRUARY]) as made:
        made.deliver(IN_FEBRUARY, IN_MARCH)
        made.judge()
        yield made


def test_the_policy_to_hold_leaves_a_closed_period_to_finance_and_says_which_return(house: House) -> None:
    summary = house.send()
    assert (summary.right, summary.held["gate_blocked"]) == (2, 2), "March alone"
    told = house.rows(
        "select document_kind, gate_status, blocked_by, may_post, vat_period_start_date, vat_return_filed_on,"
        " box_1_pence, box_6_pence from posting_proposals where receipt_no = '1001' order by 1"
    )
    filed = (date(2010, 12, 1), date(2011, 4, 7))
    assert [row[:4] for row in told] == [
        (kind, "blocked", "PER-01", False) for kind in ("invoice", "receipt")
    ]
    assert [row[4:6] for row in told] == [filed, filed]
    assert [row[6:] for row in told] == [(200, 1000), (0, 0)]
    owed = house.rows(
        "select distinct vat_period_start_date, vat_return_filed_on, vat_effect_pence, box_6_effect_pence"
        " from exceptions where status = 'open' and document_kind = 'invoice' and receipt_no = '1001'"
    )
    assert owed == [(*filed, 200, 1000)]


def test_where_the_policy_lets_it_in_late_two_people_must_agree_and_the_next_open_period_has_it(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("late")
    companies = mappings_of(["S01"], late_policy="original_date")["companies"]
    (folder / "companies.csv").write_text(companies, encoding="utf-8")
    with Operations.open(house.settings.operations) as operations:
        operations.import_mappings(folder, "Fin", "finance lets late sales in under their own date")
    house.judge()
    report = post(house.settings)
    codes = {row["document_kind"]: row["code"] for row in report["held"]}
    assert codes == {"invoice": "needs_approval"}, "money is on no return"
    assert {row["vat_period"] for row in report["held"]} == {"2010-12-01 to 2011-02-28"}
    report = post(house.settings, approver="Fay", reason="found in the till")
    assert {row["code"] for row in report["held"]} == {"needs_second_approval"}
    post(house.settings, approver="Gil", reason="it belongs there")
    summary = house.send()
    assert (summary.right, summary.posts) == (2, 2)
    house.now += timedelta(hours=2)
    house.judge()
    verdicts = house.rows(
        "select document_kind, verdict, policy, document_date from document_verdicts"
        " where receipt_no = '1001' order by 1"
    )
    assert [row[:3] for row in verdicts] == [
        (kind, "matched_within_policy", "late_to_next_period") for kind in ("invoice", "receipt")
    ]
    assert {row[3] for row in verdicts} == {date(2011, 2, 10)}, "the tax point stays"
    bridge = house.rows(
        "select period_start_date, line_kind, other_period_start_date, amount_pence from period_bridge"
        " where line_kind in ('this_period_accounted_later', 'earlier_periods_accounted_here')"
        " and measure = 'sales' order by 1"
    )
    assert bridge == [
        (FEBRUARY, "this_period_accounted_later", MARCH, -1200),
        (MARCH, "earlier_periods_accounted_here", FEBRUARY, 1200),
    ]
    corrected = house.rows(
        "select document_kind, corrects_return from postings where event_id like '%:1001:%' order by 1"
    )
    assert corrected == [("invoice", date(2010, 12, 1)), ("receipt", None)]
    published = house.rows(
        "select period_start_date, corrections, net_error_pence from vat_returns order by 1"
    )
    assert published == [(date(2010, 12, 1), 1, 200), (MARCH, 0, 0)]


def test_what_we_allocate_stays_as_it_was_judged(house: House) -> None:
    judged = "select posting_key, verdict, policy from document_verdicts where is_money order by 1"
    before = house.rows(judged)
    with Operations.open(house.settings.operations) as operations:
        policy = operations.posting_policy("DGS")
        policy = replace(policy, remedies=policy.remedies | {"allocate_sale"})
        operations.set_posting_policy("DGS", policy, "Fay", "we allocate our own")
    summary = house.send()
    assert (summary.allocated, summary.posts) == (2, 2)
    house.judge()
    assert house.rows("select distinct is_allocated from ledger_documents where mark is not null") == [
        (True,)
    ]
    assert house.rows(judged) == before
    assert house.rows("select count(*) from exceptions where status = 'open'") == [(0,)]
    assert house.rows("select count(*) from postings") == [(4,)], "an allocation is no posting"


def test_what_would_bring_the_filed_return_over_its_limit_is_held_whoever_agrees(house: House) -> None:
    house.deliver(TOO_MUCH)
    house.judge()
    for name in ("Fay", "Gil"):
        report = post(house.settings, approver=name, reason="found in the till")
    (row,) = [row for row in report["held"] if row["document_kind"] == "invoice"]
    assert row["code"] == "return_over_limit" and "net error of £3.80" in row["reason"]
    summary = house.send()
    assert summary.held["return_over_limit"] == 1 and summary.right == 1, "its money alone"
    with Operations.open(house.settings.operations) as operations:
        (filed, _) = returns(operations, "DGS")["returns"]
    assert (filed["net_error_pence"], filed["limit_pence"], filed["is_at_limit"]) == (200, 250, False)
