"""What closures counted over or short is posted, proven and corrected in every grain, to the penny, over HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from traded_house import FROM, House, Receipt, built, mappings_of, pounds

from app.published import Published
from app.reports import trace
from orchestration.operations import REMEDIES, PostingPolicy
from orchestration.posting_report import post
from orchestration.posting_verify import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
STORES = ("S01", "S02", "S03", "S04")
MAPPINGS = mappings_of(STORES)
MAPPINGS |= {
    # S03 maps nothing: it is told there, and not posted
    "nominal_mappings": MAPPINGS["nominal_mappings"]
    + "".join(f"DGS,cash_over_short,{store},4990,=,,{FROM}" for store in ("S01", "S02", "S04")),
    "store_grains": "company_id,store_id,grain,recipe,clearing_bank_code,valid_from,valid_to\n"
    f"DGS,S02,till_day,,,{FROM}DGS,S04,store_day,takings_clearing,CLEAR04,{FROM}",
}
POSTING = ("S01", "S02", "S04")
DAY: list[Receipt] = [
    ("1", "1001", "SALE", "2011-02-10 10:00:00", [("MUG", 1000, "S")], [("CASH", 1200)]),
    ("1", "1002", "REFUND", "2011-02-10 11:00:00", [("MUG", -500, "S")], [("CASH", -600)]),
    ("2", "1003", "SALE", "2011-02-10 12:00:00", [("BOOK", 425, "Z")], [("CASH", 425)]),
    # after midnight, before the trading day ends
    ("2", "1004", "SALE", "2011-02-11 01:30:00", [("MUG", 100, "S")], [("CASH", 120)]),
]
CLOSURES = "Store,Till,ZNo,BusinessDate,OpenedAt,ClosedAt,Receipts,Sales,Returns,Cash,Card,CountedCash"
SHORT, OVER = ("1", 41, 1200, -600, 600, 100), ("2", 77, 545, 0, 545, 560)
"""Till, number, sales, returns, cash taken and counted, in pence: five pounds short, and 15p over."""
UNEQUAL = ("3", 5, 0, 0, 100, 300)
"""Says that it took a pound in cash, and no receipt does: there is nothing to count against."""
DOCUMENTS = """
    select store_id, document_kind, receipt_no, verdict, drift_kinds, expected_gross_pence, ledger_gross_pence, rung
    from document_verdicts where starts_with(event_id, 'closure:')"""
BRIDGE = """
    select store_id, line_kind, amount_pence from bridge_lines
    where measure = 'takings' and line_kind in ('cash_over_short', 'sage', 'residual')"""
BOOKS = """
    select documents.store_id, lines.nominal_code, cast(sum(lines.debit_pence - lines.credit_pence) as bigint)
    from ledger_lines as lines inner join ledger_documents as documents using (ledger_document_id)
    where lines.nominal_code in ('4990', '1230') and documents.mark is not null
    group by 1, 2 having sum(lines.debit_pence - lines.credit_pence) <> 0"""
TOLD = "select store_id, exception_class from exceptions where status = 'open'"


def count(house: House, *closures: tuple[str, int, int, int, int, int]) -> None:
    """Each store's tills send these closures of the day."""
    house.files += 1
    for store in house.stores:
        rows = [
            f"{store},{till},{number},2011-02-10,2011-02-10 08:00:00,2011-02-10 20:00:00,,"
            f"{','.join(pounds(pence) for pence in (sales, returns, cash))},0.00,{pounds(counted)}"
            for till, number, sales, returns, cash, counted in closures
        ]
        file = house.home / "inbox" / "S01" / f"closures_{store}_{house.files:03}.csv"
        file.write_text("\n".join([CLOSURES, *rows]) + "\n", encoding="utf-8", newline="\n")
        written = 1_300_000_000 + 100 * house.files
        os.utime(file, (written, written))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One day's takings and its closures, judged and not posted yet."""
    policy = PostingPolicy(remedies=frozenset(REMEDIES) - {"allocate_sale"}, canary=False)
    with built(tmp_path_factory.mktemp("counted"), STORES, MAPPINGS, policy) as made:
        made.deliver(*DAY)
        count(made, SHORT, OVER, UNEQUAL)
        made.judge()
        yield made


def test_what_a_closure_counted_is_proposed_by_itself_whatever_its_stores_grain(house: House) -> None:
    for store in POSTING:
        cash = {
            what: n
            for what, n in house.planned()[store].items()
            if what[1] in ("bank_receipt", "bank_payment")
        }
        assert cash.pop(("post_missing", "bank_payment", 500, "goes")) == 1, store
        assert cash.pop(("post_missing", "bank_receipt", 15, "goes")) == 1, store
        # through the clearing bank go the sales
        assert not cash or store == "S04"
    assert not [what for what in house.planned()["S03"] if what[1].startswith("bank")]
    told = house.by_store(TOLD)
    assert ("cash_over_short",) in told["S03"]
    assert ("cash_over_short",) not in told["S01"]
    # till and tenders disagree: told as that, and as no document
    assert all(("closure_unequal",) in told[store] for store in STORES)
    assert all(len(rows) == 2 for rows in house.by_store(DOCUMENTS).values())


def test_it_is_posted_proven_and_on_its_line_of_the_bridge(house: House) -> None:
    summary = house.send()
    assert (summary.right, summary.errors) == (summary.posts, [])
    house.judge()
    for store in POSTING:
        assert house.by_store(DOCUMENTS)[store] == [
            ("bank_payment", "1Z41", "matched", "", 500, 500, 1),
            ("bank_receipt", "2Z77", "matched", "", 15, 15, 1),
        ]
        assert house.by_store(BRIDGE)[store] == [
            ("cash_over_short", -485),
            ("residual", 0),
            ("sage", 1145 - 485),
        ]
        # the drawer has what was counted, and the rest is on the account
        assert house.by_store(BOOKS)[store] == [("1230", 1145 - 485), ("4990", 485)]
        assert ("cash_over_short",) not in house.by_store(TOLD)[store]
    assert house.by_store(BRIDGE)["S03"] == [("residual", 0), ("sage", 1145)]
    sales = "select store_id, amount_pence from bridge_lines where measure = 'sales' and line_kind = 'tills'"
    assert set(house.rows(sales)) == {(store, 1145) for store in STORES}
    assert house.send().posts == 0
    assert verify(house.settings, offline=False)["agrees"]


def test_a_closure_is_found_by_its_number_and_told_as_one(house: House) -> None:
    told = trace(Published(house.home / "published"), "1Z41")
    assert told["found"] == len(POSTING)
    life = told["lives"][0]
    assert [row["document_kind"] for row in life["documents"]] == ["bank_payment"]
    assert life["postings"][0]["state"] == "proven"


def test_another_count_is_a_drift_that_is_undone_and_posted_right(house: House) -> None:
    count(house, (*SHORT[:5], 130), OVER, UNEQUAL)
    house.judge()
    for store in POSTING:
        assert ("bank_payment", "1Z41", "drifted", "amount", 470, 500, 1) in house.by_store(DOCUMENTS)[store]
        assert ("drift_amount",) in house.by_store(TOLD)[store]
        due = house.planned()[store]
        assert due["reverse_and_repost", "bank_receipt", 500, "needs_approval"] == 1
        assert due["reverse_and_repost", "bank_payment", 470, "needs_approval"] == 1
    assert post(house.settings, approver="Fay", reason="counted again")["approved"] == 2 * len(POSTING)
    assert house.send().right == 2 * len(POSTING)
    house.judge()
    for store in POSTING:
        documents = house.by_store(DOCUMENTS)[store]
        assert ("bank_payment", "1Z41", "matched", "", 470, 470, 1) in documents
        assert house.by_store(BOOKS)[store] == [("1230", 1145 - 455), ("4990", 455)]
        assert ("residual", 0) in house.by_store(BRIDGE)[store]
    assert house.send().posts == 0
    assert verify(house.settings, offline=False)["agrees"]
