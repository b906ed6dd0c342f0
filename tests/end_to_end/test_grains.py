"""Four stores take the same money: posted by receipt, by till-day, by store-day and through a clearing bank,
over HTTP, pass by pass."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from traded_house import FROM, QUICK, House, Receipt, built, mappings_of

from app.published import Published
from app.reports import trace
from orchestration.files import put_text
from orchestration.operations import REMEDIES, Operations, PostingPolicy
from orchestration.posting import Wanted
from orchestration.posting_report import post, reverse
from orchestration.posting_verify import verify
from orchestration.publishing import Publications
from orchestration.replay import OtherRulesError, ReplayError, replay
from orchestration.tranches import FOLDER, altered

pytestmark = pytest.mark.end_to_end
ROOT = Path(__file__).parents[2]
STORES = ("S01", "S02", "S03", "S04")
MAPPINGS = {
    **mappings_of(STORES),
    "store_grains": "company_id,store_id,grain,recipe,clearing_bank_code,valid_from,valid_to\n"
    f"DGS,S02,till_day,,,{FROM}DGS,S03,store_day,,,2010-01-01,2011-02-28\n"
    f"DGS,S04,store_day,takings_clearing,CLEAR04,{FROM}",
}
DAY: list[Receipt] = [
    (
        "1",
        "1001",
        "SALE",
        "2011-02-10 10:00:00",
        [("MUG", 1000, "S"), ("BOOK", 750, "Z")],
        [("CASH", 1000), ("CARD", 950)],
    ),
    ("1", "1002", "REFUND", "2011-02-10 11:00:00", [("MUG", -500, "S")], [("CASH", -600)]),
    ("2", "1003", "SALE", "2011-02-10 12:00:00", [("MUG", 2000, "S"), ("OFF", -200, "S")], [("CARD", 2160)]),
    ("2", "1004", "SALE", "2011-02-10 13:00:00", [("BOOK", 425, "Z")], [("CASH", 425)]),
    # after midnight, before the trading day ends
    ("2", "1005", "SALE", "2011-02-11 01:30:00", [("MUG", 100, "S")], [("CASH", 120)]),
]
LATE: Receipt = ("1", "1006", "SALE", "2011-02-10 17:00:00", [("MUG", 300, "S")], [("CASH", 360)])
CHANGED: Receipt = ("2", "1004", "SALE", "2011-02-10 13:00:00", [("BOOK", 525, "Z")], [("CARD", 525)])
# the last night of February, which prints March
NIGHT: Receipt = ("2", "1099", "SALE", "2011-03-01 01:10:00", [("BOOK", 200, "Z")], [("CASH", 200)])
OTHER_DAY: Receipt = ("1", "1100", "SALE", "2011-03-01 10:00:00", [("MUG", 1000, "S")], [("CASH", 1200)])


TOTALS = {
    "the books, account by account": """
        select documents.store_id,
            -- the sandbox puts the VAT of a bank payment on input VAT
            case lines.nominal_code when '2201' then '2200' else lines.nominal_code end as account,
            sum(lines.debit_pence - lines.credit_pence)
        from ledger_lines as lines inner join ledger_documents as documents using (ledger_document_id)
        where documents.mark is not null group by 1, 2 having sum(lines.debit_pence - lines.credit_pence) <> 0""",
    "store-days": """select store_id, business_date, till_sales_pence, sage_sales_pence, till_takings_pence,
        sage_takings_pence, residual_pence, slot_verdict from store_days""",
    "bridge": """select store_id, business_date, measure, line_kind, amount_pence
        from bridge_lines where line_kind <> 'reversed'""",
    "VAT": """select store_id, business_date, sum(case when is_sales then direction * expected_tax_pence end),
        sum(case when is_sales then direction * ledger_tax_pence end) from document_verdicts group by 1, 2""",
    "tenders": """select store_id, business_date, tender_type, documents, value_pence, checked_pence from coverage""",
    "receipts": "select store_id, receipt_no, verdict from receipts",
    "balances": "select store_id, document_date, balance_pence from till_customer_balances",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """What the tills took in one day is in Sage, by four ways; `house.first` is the dry run before it went."""
    policy = PostingPolicy(remedies=frozenset(REMEDIES) - {"allocate_sale"}, canary=False)
    with built(tmp_path_factory.mktemp("grains"), STORES, MAPPINGS, policy) as made:
        made.deliver(*DAY, NIGHT, OTHER_DAY)
        made.judge()
        yield made


def assert_totals_are_alike(house: House) -> None:
    for what, sql in TOTALS.items():
        found = house.by_store(sql)
        assert set(found) >= set(STORES), what
        for store in STORES[1:]:
            assert found[store] == found["S01"], f"{what} of {store}"
    assert {row[-1] for row in house.by_store(TOTALS["balances"])["S03"]} == {0}
    residuals = house.rows("select distinct amount_pence from bridge_lines where line_kind = 'residual'")
    assert residuals == [(0,)]


def test_the_same_receipts_are_posted_in_four_ways_and_every_total_is_the_same(house: House) -> None:
    missing, goes = "post_missing", "goes"
    assert house.planned()["S03"] == Counter(
        {
            # sales and refunds apart, a document for each tender, and what was sold after midnight under its own date
            (missing, "invoice", 1950 + 2160 + 425, goes): 1,
            (missing, "credit_note", 600, goes): 1,
            (missing, "receipt", 1000 + 425, goes): 1,
            (missing, "receipt", 950 + 2160, goes): 1,
            (missing, "payment", 600, goes): 1,
            (missing, "invoice", 120, goes): 1,
            (missing, "receipt", 120, goes): 1,
            (missing, "invoice", 200, goes): 1,
            (missing, "receipt", 200, goes): 1,
            (missing, "invoice", 1200, goes): 1,
            (missing, "receipt", 1200, goes): 1,
        }
    )
    assert house.planned()["S02"] == Counter(
        {
            (missing, "invoice", 1950, goes): 1,
            (missing, "credit_note", 600, goes): 1,
            (missing, "receipt", 1000, goes): 1,
            (missing, "receipt", 950, goes): 1,
            (missing, "payment", 600, goes): 1,
            (missing, "invoice", 2160 + 425, goes): 1,
            (missing, "receipt", 2160, goes): 1,
            (missing, "receipt", 425, goes): 1,
            (missing, "invoice", 120, goes): 1,
            (missing, "receipt", 120, goes): 1,
            (missing, "invoice", 200, goes): 1,
            (missing, "receipt", 200, goes): 1,
            (missing, "invoice", 1200, goes): 1,
            (missing, "receipt", 1200, goes): 1,
        }
    )
    assert sum(house.planned()["S01"].values()) == 15
    assert house.planned()["S04"] == Counter(
        {
            # as it was sold into the clearing bank and out of it, and each tender's money on from there or back
            (missing, "bank_receipt", 1950 + 2160 + 425, goes): 1,
            (missing, "bank_payment", 600, goes): 1,
            (missing, "transfer", 1000 + 425, goes): 1,
            (missing, "transfer", 950 + 2160, goes): 1,
            (missing, "transfer", 600, goes): 1,
            (missing, "bank_receipt", 120, goes): 1,
            (missing, "transfer", 120, goes): 1,
            (missing, "bank_receipt", 200, goes): 1,
            (missing, "transfer", 200, goes): 1,
            (missing, "bank_receipt", 1200, goes): 1,
            (missing, "transfer", 1200, goes): 1,
        }
    )
    later = "select store_id, receipt_no from posting_proposals where business_date = date '2011-03-01'"
    assert house.by_store(later) == {
        **{"S01": [("1100",)] * 2, "S02": [(None,)] * 2},
        "S03": [("1100",)] * 2,  # whose grain ended in February
        "S04": [(None,)] * 2,
    }
    sent = house.send()
    assert (sent.posts, sent.right, sent.errors) == (15 + 14 + 11 + 11, 15 + 14 + 11 + 11, [])


def test_sage_dying_in_the_middle_of_a_run_leaves_readers_what_they_had_and_the_next_run_finishes(
    house: House,
) -> None:
    before, landed = house.publication(), house.landed_from_sage()
    house.be_impatient()
    # the first answers come at once; the run then waits for one that never comes
    house.running.faults({"kind": "slow", "after": 12, "delay_ms": 30_000})
    command = [sys.executable, "-m", "orchestration.cli", "run", "--home", str(house.home)]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while run.poll() is None and house.landed_from_sage() == landed:
        time.sleep(0.02)
    house.running.kill()
    words, _ = run.communicate()
    some = house.landed_from_sage()
    assert run.returncode == 2, words
    assert "received: Sage: Sage did not answer: GET" in " ".join(words.split())
    assert house.publication() == before, "readers keep the publication they had"

    house.serve()
    house.judge()
    assert landed < some < house.landed_from_sage(), "it goes on from what was landed"
    assert house.publication().number == before.number + 1
    house.found_in = house.publication().pass_number


def test_what_was_posted_is_judged_alike_by_all_three_grains(house: House) -> None:
    assert_totals_are_alike(house)
    assert {row[1] for row in house.rows("select receipt_no, verdict from receipts")} == {"matched"}
    assert house.planned() == {}
    assert house.send().posts == 0
    summaries = house.rows(
        "select store_id, document_kind, verdict from document_verdicts where document_kind like '%_summary'"
    )
    assert Counter(summaries)["S03", "takings_summary", "matched"] == 5
    # the night's sales are February's, and in March's books: each month says so, and neither has anything left over
    periods = house.rows("""select period_start_date, line_kind, other_period_start_date, amount_pence
        from period_bridge where measure = 'sales' and line_kind not in ('tills', 'sage')""")
    february, march = datetime(2011, 2, 1).date(), datetime(2011, 3, 1).date()  # noqa: DTZ001
    assert sorted(periods, key=str) == [
        (february, "residual", None, 0),
        (february, "this_period_accounted_later", march, -200 * len(STORES)),
        (march, "earlier_periods_accounted_here", february, 200 * len(STORES)),
        (march, "residual", None, 0),
    ]
    (life,) = [
        life
        for life in trace(Published(house.home / "published"), "1001")["lives"]
        if life["receipt"]["store_id"] == "S03"
    ]
    assert len(life["summaries"]) == len(life["postings"]) == 3, "an invoice and two tenders"
    assert {row["state"] for row in life["postings"]} == {"proven"}
    assert {row["document_kind"] for row in life["documents"]} == {
        *("invoice", "receipt", "sales_summary", "takings_summary")
    }
    assert all(
        row["reference"] in {one["tranche_key"] for one in life["summaries"]} for row in life["ledger"]
    )
    of_key = trace(Published(house.home / "published"), life["summaries"][0]["tranche_key"])
    assert of_key["found"] == 1 and of_key["lives"][0]["ledger"]


@pytest.mark.long
def test_what_is_known_later_is_the_next_summary_and_what_changed_is_posted_as_its_difference(
    house: House,
) -> None:
    house.deliver(LATE, CHANGED)
    house.judge()
    planned = house.planned()
    assert planned["S03"] == Counter(
        {
            ("post_missing", "invoice", 360, "goes"): 1,
            ("post_missing", "receipt", 360, "goes"): 1,
            ("post_difference", "invoice", 100, "needs_approval"): 1,
            ("post_difference", "receipt", 525, "needs_approval"): 1,
            ("post_difference", "payment", 425, "needs_approval"): 1,
        }
    )
    assert planned["S02"] == planned["S03"]
    assert planned["S04"] == Counter(
        {
            ("post_missing", "bank_receipt", 360, "goes"): 1,
            ("post_missing", "transfer", 360, "goes"): 1,
            ("post_difference", "bank_receipt", 100, "needs_approval"): 1,
            ("post_difference", "transfer", 525, "needs_approval"): 1,
            ("post_difference", "transfer", 425, "needs_approval"): 1,
        }
    )
    verdicts = house.rows(
        "select drift_kinds, verdict from document_verdicts where receipt_no = '1004' and store_id = 'S03'"
    )
    assert sorted(verdicts) == [("amount", "drifted"), ("amount,bank", "drifted")]
    report = post(house.settings, approver="Fay", reason="the till exported it again")
    assert report["approved"] == 3 + 3 + 3 + 4
    with Operations.open(house.settings.operations) as operations:
        decided = operations.intents.summaries()
    assert [one.remedy for one in decided] == ["post_difference"] * 9, (
        "an approved summary is decided, and frozen"
    )
    sent = house.send()
    assert sent.errors == [] and sent.posts == 5 + 5 + 5 + 2 + 4
    house.judge()
    assert house.planned() == {}
    assert_totals_are_alike_but_for_contras(house)
    # what drifted by receipt was reversed and posted anew: the later pass calls the second revision matched
    corrected = house.rows(
        """select document_kind, verdict, coalesce(reason, ''), rung, ledger_reference[-2:] from document_verdicts
        where store_id = 'S01' and receipt_no = '1004'"""
    )
    assert sorted(corrected) == [("invoice", "matched", "", 1, "2P"), ("receipt", "matched", "", 1, "2P")]
    assert house.send().posts == 0
    assert verify(house.settings, offline=False)["agrees"]


def assert_totals_are_alike_but_for_contras(house: House) -> None:
    """By receipt, a correction is a contra and a new document: the day has more of them, and comes to the same."""
    for what in ("the books, account by account", "VAT", "receipts", "balances", "tenders"):
        found = house.by_store(TOTALS[what])
        for store in STORES[1:]:
            assert found[store] == found["S01"], f"{what} of {store}"
    residuals = house.rows("select distinct amount_pence from bridge_lines where line_kind = 'residual'")
    assert residuals == [(0,)]


@pytest.mark.long
def test_a_summary_is_undone_whole_and_nothing_of_it_is_proposed_again(house: House) -> None:
    for store in ("S03", "S04"):
        wanted = Wanted(store_id=store, business_date=datetime(2011, 2, 10).date())  # noqa: DTZ001
        report = reverse(house.settings, wanted, approver="Fay", reason="wrong day", send=True, pace=QUICK)
        assert report["sent"]["right"] == report["approved"] == 7 + 2 + 3, store
    house.judge()
    assert house.planned() == {}
    missing = house.rows(
        "select distinct store_id, verdict from receipts where store_id > 'S02' and business_date = date '2011-02-10'"
    )
    assert sorted(missing) == [("S03", "missing_in_ledger"), ("S04", "missing_in_ledger")]
    left = "select store_id, account_kind, balance_pence from till_customer_balances where store_id > 'S02'"
    assert set(house.rows(left)) == {("S03", "till_customer", 0), ("S04", "clearing_bank", 0)}
    assert house.rows("select distinct amount_pence from bridge_lines where line_kind = 'residual'") == [(0,)]
    assert altered(Path(house.settings.landing)) == []
    assert list((Path(house.settings.landing) / FOLDER).glob("*.parquet"))


@pytest.mark.long
def test_a_past_pass_is_replayed_to_the_same_bytes_and_by_other_rules_only_where_that_is_wanted(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass in which what was posted was found; two more have been made since."""
    settings, past = house.settings, house.found_in
    before = {path: path.stat().st_mtime_ns for path in (house.home / "landing").rglob("*.parquet")}
    made = replay(settings, past, tmp_path / "then")
    assert made.is_same, {name: word for name, word in made.tables.items() if word != "same"}
    assert {"document_verdicts", "posting_proposals", "period_bridge", "history"} <= set(made.tables)
    assert Publications(tmp_path / "then" / "published").newest().as_of == made.past.as_of
    assert before == {path: path.stat().st_mtime_ns for path in (house.home / "landing").rglob("*.parquet")}
    told = house.home / "history" / "passes" / f"pass_{past:06}.json"
    kept = json.loads(told.read_text(encoding="utf-8"))
    put_text(
        told,
        json.dumps(kept | {"made_by": kept["made_by"] | {"rules": "others", "commit": "abcdef0123456789"}}),
    )
    with pytest.raises(OtherRulesError, match=r"git worktree add \.\./tillproof-abcdef012345"):
        replay(settings, past, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    put_text(told, json.dumps(kept))
    with pytest.raises(ReplayError, match="is not empty"):
        replay(settings, past, tmp_path / "then")
    with pytest.raises(ReplayError, match="there is no pass 99"):
        replay(settings, 99, tmp_path / "never")
