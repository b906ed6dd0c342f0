"""Vouchers for one rate are sold and used on a day that four stores post in four ways: each ties to the penny."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from test_grains import STORES, assert_totals_are_alike
from traded_house import FROM, House, Receipt, built, mappings_of

from orchestration.operations import REMEDIES, PostingPolicy
from orchestration.posting_report import post
from orchestration.posting_verify import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
PLAIN = mappings_of(STORES)
MAPPINGS = {
    **PLAIN,
    "nominal_mappings": PLAIN["nominal_mappings"] + f"DGS,voucher,*,4200,,,{FROM}",
    "sku_mappings": PLAIN["sku_mappings"] + f"DGS,SPV,voucher,{FROM}",
    "tender_mappings": "company_id,tender_type,store_id,bank_code,settlement,category,till_tax_code,"
    "valid_from,valid_to\n"
    + "".join(
        f"DGS,{tender},{store},{tender}{store[1:]},bank,,,{FROM}"
        for store in STORES
        for tender in ("CASH", "CARD")
    )
    + f"DGS,SPVOUCHER,*,,nominal,voucher,S,{FROM}",
    "store_grains": "company_id,store_id,grain,recipe,clearing_bank_code,valid_from,valid_to\n"
    f"DGS,S02,till_day,,,{FROM}DGS,S03,store_day,,,{FROM}DGS,S04,store_day,takings_clearing,CLEAR04,{FROM}",
}
DAY: list[Receipt] = [
    # sold: its VAT is due now
    ("1", "1001", "SALE", "2011-02-10 10:00:00", [("SPV", 1000, "S")], [("CASH", 1200)]),
    # used for all of it; for a part, whose VAT is no whole penny; for one of two rates; two at once
    ("1", "1002", "SALE", "2011-02-10 11:00:00", [("MUG", 1000, "S")], [("SPVOUCHER", 1200)]),
    ("1", "1003", "SALE", "2011-02-10 12:00:00", [("MUG", 1000, "S")], [("SPVOUCHER", 500), ("CASH", 700)]),
    (
        "2", "1004", "SALE", "2011-02-10 13:00:00",
        [("BOOK", 425, "Z"), ("MUG", 1000, "S")], [("SPVOUCHER", 600), ("CARD", 1025)],
    ),
    ("2", "1005", "SALE", "2011-02-10 14:00:00", [("MUG", 85, "S")], [("SPVOUCHER", 50), ("SPVOUCHER", 52)]),
    # what one paid for comes back as one; and goods that were paid in cash, the same day
    ("1", "1006", "REFUND", "2011-02-10 15:00:00", [("MUG", -1000, "S")], [("SPVOUCHER", -1200)]),
    ("1", "1007", "REFUND", "2011-02-10 16:00:00", [("MUG", -500, "S")], [("CASH", -600)]),
    # a day on which nothing but a voucher was used: its sales and what takes them off are equal
    ("1", "1008", "SALE", "2011-02-11 10:00:00", [("MUG", 1000, "S")], [("SPVOUCHER", 1200)]),
]  # fmt: skip
# put right afterwards: it was cash, not a voucher
CHANGED: Receipt = (
    "1",
    "1003",
    "SALE",
    "2011-02-10 12:00:00",
    [("MUG", 1000, "S")],
    [("CASH", 500), ("CASH", 700)],
)
VAT_OF_DAY = 200 + (200 - 200) + (200 - 83) + (200 - 100) + (17 - 17) + (-200 + 200) - 100
BY_ACCOUNT = """
    select documents.store_id, lines.nominal_code, sum(lines.credit_pence - lines.debit_pence)
    from ledger_lines as lines inner join ledger_documents as documents using (ledger_document_id)
    where documents.mark is not null and documents.document_date = date '2011-02-10'
        and lines.nominal_code in ('2200', '2201', '4000', '4010', '4200') group by 1, 2"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    policy = PostingPolicy(remedies=frozenset(REMEDIES) - {"allocate_sale"}, canary=False)
    with built(tmp_path_factory.mktemp("vouchers"), STORES, MAPPINGS, policy) as made:
        made.deliver(*DAY)
        made.judge()
        yield made


def books(house: House) -> dict[str, dict[str, int]]:
    """By store, what each account was moved by on the day; output and input VAT together."""
    found: dict[str, Counter[str]] = {store: Counter() for store in STORES}
    for store, account, pence in house.rows(BY_ACCOUNT):
        found[store]["2200" if account == "2201" else account] += pence
    return {store: {account: pence for account, pence in of.items() if pence} for store, of in found.items()}


def test_the_credit_note_of_a_voucher_goes_into_the_summary_of_what_takes_off(house: House) -> None:
    goes = "goes"
    sold = 1200 + 1200 + 1200 + 1625 + 102 + 1200  # the last came back on a voucher: sold again, as it were
    taken_off = 1200 + 500 + 600 + 102 + 1200 + 600
    assert house.planned()["S03"] == Counter(
        {
            ("post_missing", "invoice", sold, goes): 1,
            ("post_missing", "credit_note", taken_off, goes): 1,
            ("post_missing", "receipt", 1200 + 700, goes): 1,
            ("post_missing", "receipt", 1025, goes): 1,
            ("post_missing", "payment", 600, goes): 1,
            # no money at all: two equal halves
            ("post_missing", "invoice", 1200, goes): 1,
            ("post_missing", "credit_note", 1200, goes): 1,
        }
    )
    through = {
        kind: number for (_, kind, _, _), number in house.planned()["S04"].items() if kind != "transfer"
    }
    assert through == {"bank_receipt": 1, "bank_payment": 1}
    sent = house.send()
    assert sent.errors == [] and sent.right == sent.posts > 0
    house.judge()


def test_every_way_ties_to_the_penny_and_what_a_voucher_paid_for_bears_no_vat(house: House) -> None:
    assert_totals_are_alike(house)
    assert house.rows("select distinct verdict from receipts") == [("matched",)]
    assert house.planned() == {} and house.send().posts == 0
    # by account: what was sold less what came back; vouchers sold less vouchers used, net of the VAT that went
    goods = 1000 + 1000 + 1000 + 85 - 1000 - 500
    vouchers = 1000 - 1000 - 417 - 500 - 85 + 1000
    expected = {"2200": VAT_OF_DAY, "4000": goods, "4010": 425, "4200": vouchers}
    assert books(house) == dict.fromkeys(STORES, expected)
    assert {row[0] for row in house.rows("select balance_pence from till_customer_balances")} == {0}
    days = house.rows(
        "select distinct business_date, sage_sales_pence, till_sales_pence, residual_pence from store_days order by 1"
    )
    assert [row[1] - row[2] for row in days] == [0, 0] and {row[3] for row in days} == {0}


def test_a_voucher_that_turns_out_to_be_cash_is_corrected_by_the_difference(house: House) -> None:
    house.deliver(CHANGED)
    house.judge()
    by_day = ("S02", "S03", "S04")
    found = {
        store: Counter({what[1:3]: number for what, number in house.planned()[store].items()})
        for store in by_day
    }
    # the credit note is taken back as what it is, an invoice on the vouchers' account; the cash was 500 more
    assert found["S02"] == found["S03"] == Counter({("invoice", 500): 1, ("receipt", 500): 1})
    assert found["S04"] == Counter({("bank_receipt", 500): 1, ("transfer", 500): 1})
    for name in ("Fay", "Gil"):
        post(house.settings, approver=name, reason="it was cash")
    assert house.send().errors == []
    house.judge()
    now = {"2200": VAT_OF_DAY + 83, "4000": 1585, "4010": 425, "4200": -2 + 417}
    assert {store: books(house)[store] for store in by_day} == dict.fromkeys(by_day, now)
    balances = "select distinct balance_pence from till_customer_balances where store_id <> 'S01'"
    assert house.rows(balances) == [(0,)]
    # by receipt the used voucher's credit note stands alone now: nobody's machine undoes it
    alone = house.rows(
        "select store_id, document_kind, verdict from document_verdicts"
        " where is_open and ledger_document_id is not null"
    )
    assert alone == [("S01", "credit_note", "missing_in_pos")]
    residuals = house.rows("select distinct amount_pence from bridge_lines where line_kind = 'residual'")
    assert residuals == [(0,)]
    assert house.planned() == {}
    assert verify(house.settings, offline=False)["agrees"]
