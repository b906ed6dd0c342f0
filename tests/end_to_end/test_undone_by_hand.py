"""A person undoes in Sage what we posted, in both ledgers; the bridge starts from what was agreed at the cutover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from traded_house import FROM, House, Receipt, built, mappings_of, undoing

from orchestration.ledgers.ledger import Document, NominalLine, TaxLine
from orchestration.operations import PostingPolicy

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
CUTOVER = date(2011, 2, 10)
MAPPINGS = {
    **mappings_of(["S01", "S04"]),
    "store_grains": "company_id,store_id,grain,recipe,clearing_bank_code,valid_from,valid_to\n"
    f"DGS,S04,store_day,takings_clearing,CLEAR04,{FROM}",
    "cutovers": "company_id,store_id,cutover_date,opening_balance_pence\n"
    f"DGS,*,{CUTOVER},0\nDGS,S01,{CUTOVER},600\n",
}
BEFORE: Receipt = ("1", "1000", "SALE", "2011-02-09 10:00:00", [("MUG", 100, "S")], [("CASH", 120)])
SALE: Receipt = (
    "1", "1001", "SALE", "2011-02-10 10:00:00", [("MUG", 1003, "S"), ("BOOK", 425, "Z")], [("CASH", 1628)],
)  # fmt: skip
BACK: Receipt = ("1", "1002", "REFUND", "2011-02-10 11:00:00", [("MUG", -500, "S")], [("CARD", -600)])
BALANCES = """
    select line_kind, amount_pence from period_bridge
    where measure = 'balance' and period_start_date = date '2011-02-01' order by line_order"""


def of_old(day: date, kind: str, pence: int) -> Document:
    return Document(
        company_id="DGS", posting_key="OLD-1", document_kind=kind, document_date=day, customer_reference="TILL01",
        bank_code=None, gross_pence=pence, net_pence=pence, tax_pence=0, second_reference="", narrative="",
        nominal_lines=(NominalLine("4000", "", "", pence, ""),), tax_lines=(TaxLine(2, pence, 0),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two stores, one by receipt and one through its clearing bank; the first is owed something since before."""
    policy = PostingPolicy(canary=False)
    with built(tmp_path_factory.mktemp("undone"), ["S01", "S04"], MAPPINGS, policy) as made:
        made.enter(of_old(date(2011, 2, 1), "invoice", 600))
        made.deliver(BEFORE, SALE, BACK)
        made.judge()
        summary = made.send()
        assert summary.right == 8, summary.held
        made.judge()
        yield made


def test_the_bridge_starts_from_the_opening_position_that_was_agreed(house: House) -> None:
    assert house.rows(BALANCES) == [
        ("opening_agreed", 600), ("charged", 2056), ("received", -2056), ("sage", 600), ("residual", 0),
    ]  # fmt: skip
    # the cutover of all stores is S04's
    before = house.rows("select store_id, verdict, reason from document_verdicts where receipt_no = '1000'")
    assert set(before) == {(store, "not_checked", "before_cutover") for store in ("S01", "S04")}


def test_what_is_dated_before_the_cutover_afterwards_is_named_beside_it(house: House) -> None:
    house.enter(of_old(date(2011, 2, 9), "credit_note", 50))
    house.judge()
    assert house.rows(BALANCES)[:2] == [("opening_agreed", 600), ("opening_apart", -50)]
    assert house.rows(BALANCES)[-2:] == [("sage", 550), ("residual", 0)]


def test_what_a_person_undoes_under_our_reference_is_reversed_and_never_proposed_again(house: House) -> None:
    ours = house.documents_posted("P")
    assert Counter(one.document_kind for one in ours) == {
        **{"invoice": 1, "credit_note": 1, "receipt": 1, "payment": 1},
        **{"bank_receipt": 1, "bank_payment": 1, "transfer": 2},
    }
    house.enter(*(undoing(one, date(2011, 2, 11)) for one in ours))
    house.judge()
    undone = house.rows(
        "select reason, count(*) from document_verdicts where verdict = 'reversed' group by 1"
    )
    assert dict(undone) == {"contra": 8, "reversed": 8}
    assert {
        row[0] for row in house.rows(f"select verdict from receipts where business_date >= '{CUTOVER}'")
    } == {"missing_in_ledger"}
    assert house.planned() == {} and house.send().posts == 0
    assert house.rows("select distinct amount_pence from bridge_lines where line_kind = 'residual'") == [(0,)]
    assert house.rows(BALANCES)[-2:] == [("sage", 550), ("residual", 0)]
