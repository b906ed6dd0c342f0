"""A company whose missing sales are sales orders: proposed, entered, waited for, invoiced and matched, pass by pass."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator

import pytest
from rich.console import Console
from traded_house import SEED, House, Receipt, built, mappings_of

from orchestration.operations import PostingPolicy
from orchestration.posting_report import post, render
from orchestration.posting_verify import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
SALE: Receipt = (
    "1",
    "1001",
    "SALE",
    "2011-02-10 10:00:00",
    [("MUG", 1000, "S"), ("BOOK", 750, "Z"), ("MUG", 505, "S")],
    [("CASH", 2556)],
)
EXCHANGE: Receipt = (
    "1",
    "1002",
    "EXCHANGE",
    "2011-02-10 11:00:00",
    [("MUG", -500, "S"), ("BOOK", 900, "Z")],
    [("CASH", 300)],
)
CHEAPER: Receipt = (
    "1",
    "1003",
    "SALE",
    "2011-02-10 12:00:00",
    [("MUG", 2000, "S"), ("OFF", -200, "S")],
    [("CASH", 2160)],
)
NO_PRODUCT: Receipt = ("1", "1004", "SALE", "2011-02-10 13:00:00", [("VASE", 800, "S")], [("CASH", 960)])
MISSING = "select receipt_no, document_kind, remedy from posting_proposals order by all"
OPEN = "select receipt_no, exception_class, cause_detail from exceptions where status = 'open' order by all"
WARNING = "its order waits to be invoiced in Sage"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("orders")
    seed = folder / "seed"
    shutil.copytree(SEED, seed)
    (seed / "products.csv").write_text(
        "code,name,product_group,tax_code\nMUG,Mug,GIFT,1\nBOOK,Book,BOOK,2\n", encoding="utf-8"
    )
    mappings = mappings_of(["S01"])
    heading, row, *_ = mappings["companies"].splitlines()
    mappings["companies"] = f"{heading},sales_posted_as\n{row},order\n"
    heading, row, *_ = mappings["stores"].splitlines()
    mappings["stores"] = f"{heading},warehouse\n{row},SHOP-S01\n"
    mappings["sku_mappings"] = (
        "company_id,sku,category,valid_from,valid_to\nDGS,OFF,discount,2010-01-01,\nDGS,VASE,gift,2010-01-01,\n"
    )
    policy = PostingPolicy(
        by_itself=frozenset({("tillproof", "post_missing"), ("tillproof", "post_order")}),
        remedies=frozenset({"post_missing", "post_order", "allocate_sale"}),
    )
    with built(folder, ["S01"], mappings, policy, seed=seed) as made:
        with (made.home / "tillproof.toml").open("a", encoding="utf-8") as told:
            told.write('sop_order_numbers = "ours"\n')
        made.deliver(SALE, EXCHANGE, CHEAPER, NO_PRODUCT)
        made.judge()
        yield made


def test_a_missing_sale_is_proposed_as_an_order_and_the_dry_run_says_what_it_is_or_lacks(
    house: House,
) -> None:
    invoices = {row[0]: row[2] for row in house.rows(MISSING) if row[1] == "invoice"}
    assert invoices == dict.fromkeys(("1001", "1002", "1003", "1004"), "post_order")
    assert {row[2] for row in house.rows(MISSING) if row[1] != "invoice"} == {"post_missing"}
    report = post(house.settings)
    orders = {row["receipt_no"]: row for row in report["goes"] if row["is_order"]}
    assert orders.keys() == {"1001", "1002"}
    assert [line[:4] for line in orders["1001"]["order_lines"]] == [
        ["MUG", "SHOP-S01", 1000, 1000],
        ["BOOK", "SHOP-S01", 1000, 750],
        ["MUG", "SHOP-S01", 1000, 505],
    ]
    assert [line[:4] for line in orders["1002"]["order_lines"]] == [["BOOK", "SHOP-S01", 1000, 900]]
    held = {row["receipt_no"]: row["reason"] for row in report["held"] if row["document_kind"] == "invoice"}
    assert held == {
        "1003": "unsound: 'OFF' is a line below nought, which an order does not take",
        "1004": "unsound: 'VASE' is no one product of Sage: an order needs one",
    }
    shown = Console(file=io.StringIO(), width=160)
    render(report, shown)
    assert "sales order, 3 lines" in shown.file.getvalue()


def test_an_order_is_in_no_ledger_until_a_person_invoices_it_and_is_never_proposed_twice(
    house: House,
) -> None:
    summary = house.send()
    # two orders; a credit note and the money of all four sales
    assert (summary.orders_waiting, summary.right, summary.errors) == (2, 5, [])
    house.judge()
    waiting = [("1001", "order_not_invoiced", WARNING), ("1002", "order_not_invoiced", WARNING)]
    assert [row for row in house.rows(OPEN) if row[1] == "order_not_invoiced"] == waiting
    verdicts = dict(house.rows("select receipt_no, verdict from receipts"))
    assert {verdicts["1001"], verdicts["1002"]} == {"missing_in_ledger"}
    assert {row[0] for row in house.rows(MISSING)} == {"1003", "1004"}
    assert house.send().posts == 0
    assert {one["told"] for one in verify(house.settings, offline=False)["orders_waiting"]} == {
        "waits to be invoiced in Sage"
    }


def test_what_is_invoiced_matches_by_our_key_is_proven_and_allocated(house: House) -> None:
    house.running.calls.post(
        f"{house.running.admin_url}/invoice_orders", json={"invoice_date": None}
    ).raise_for_status()
    house.judge()
    found = house.rows(
        "select receipt_no, verdict, rung, evidence from document_verdicts"
        " where document_kind = 'invoice' and verdict = 'matched' order by 1"
    )
    assert found == [("1001", "matched", 1, "our posting key"), ("1002", "matched", 1, "our posting key")]
    assert "order_not_invoiced" not in {row[1] for row in house.rows(OPEN)}
    summary = house.send()
    assert (summary.orders_waiting, summary.allocated, summary.posts) == (0, 2, 2), "both sales, nothing else"
    report = verify(house.settings, offline=False)
    assert (report["agrees"], report["orders_waiting"], report["confirmed"]) == (True, [], 7)
    residuals = house.rows("select distinct amount_pence from bridge_lines where line_kind = 'residual'")
    assert residuals == [(0,)]
