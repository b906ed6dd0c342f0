"""What a change of mappings breaks is counted before it is taken: what would lead elsewhere, or nowhere any more."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from mappings_in_force import take_in
from synthetic_published import COMPANY, Shop, publish

from app import mapped, mapping_effects, words
from app.mapping_effects import effects
from app.published import Published

AUGUST, SEPTEMBER = date(2011, 8, 10), date(2011, 9, 10)


def key(number: int) -> str:
    return f"TP{number:013d}N011P"


@pytest.fixture
def story() -> Shop:
    """Ten sales of £120 in two stores and months, goods of VAT code S paid by card; all but the first are in Sage."""
    told = Shop()
    for number in range(10):
        day, store = (AUGUST, SEPTEMBER)[number % 2], ("S01", "S02")[number // 5]
        place = {"store_id": store, "business_date": day, "document_date": day}
        of = {"customer_reference": f"T{store}", "is_on_account": False, **place}
        told.add(
            "expected_lines", posting_key=key(number), leg_no=1, leg_type="nominal", document_kind="invoice",
            category="gift", till_tax_code="S", nominal_code="4000", cost_centre=store, department="", tax_code=1,
            net_pence=10000, tax_pence=2000, **of,
        )  # fmt: skip
        told.add(
            "expected_lines", posting_key=key(number) + "B", leg_no=1, leg_type="bank", tender_type="CARD",
            bank_code="1240", net_pence=12000, tax_pence=0, **of,
        )  # fmt: skip
        told.add(
            "receipt_lines", event_id=f"e{number}", line_no=1, sku="mug", category="gift", net_pence=10000,
            tax_pence=2000, store_id=store, business_date=day,
        )  # fmt: skip
        told.add(
            "document_verdicts", document_id=key(number), posting_key=key(number), event_id=f"e{number}", is_sales=True,
            ledger_document_id=f"L{number}" if number else None, **place,
        )  # fmt: skip
    told.add("postings", posting_key=key(9), event_id="e9", state="proven", role="P")
    return told


@pytest.fixture
def published(story: Shop, tmp_path: Path) -> Published:
    return Published(publish(tmp_path, story) / "published")


def tax(code: str | None, begins: str = "2011-01-01", ends: str = "", till: str = "S") -> dict[str, Any]:
    row = {"company_id": COMPANY, "till_tax_code": till, "tax_code": code, "required_rate": "20"}
    return {**row, "valid_from": begins, "valid_to": ends}


def nominal(account: str, store: str = "*", begins: str = "2011-01-01", ends: str = "") -> dict[str, Any]:
    row = {"company_id": COMPANY, "category": "gift", "store_id": store, "nominal_code": account}
    return {**row, "cost_centre": "=", "department": "", "valid_from": begins, "valid_to": ends}


def change(before: dict[str, Any] | None, after: dict[str, Any], *named: str) -> dict[str, Any]:
    names = [after["company_id"], *(after[name] for name in named), after["valid_from"]]
    return {"key": "|".join(map(str, names)), "before": before, "after": after}


def moved(found: mapping_effects.Effects) -> list[tuple[Any, ...]]:
    names = ("code", "old_target", "new_target", "documents", "value_pence", "in_sage", "posted_by_us")
    return [tuple(row[name] for name in names) for row in found.rows]


def test_another_code_moves_every_document_of_its_days(published: Published) -> None:
    found = effects(published, "tax_mappings", [tax("1")], [change(tax("1"), tax("5"), "till_tax_code")])
    assert moved(found) == [("S", "VAT code 1", "VAT code 5", 10, 120000, 9, 1)]
    assert found.rows[0]["in_sage_pence"] == 108000 and found.since is None


def test_a_row_that_ends_loses_the_documents_after_it_and_moves_those_that_another_takes(
    published: Published,
) -> None:
    ends = change(tax("1"), tax("1", ends="2011-08-31"), "till_tax_code")
    assert moved(effects(published, "tax_mappings", [tax("1")], [ends])) == [
        ("S", "VAT code 1", None, 5, 60000, 5, 1)
    ]
    follows = change(None, tax("7", begins="2011-09-01"), "till_tax_code")
    assert moved(effects(published, "tax_mappings", [tax("1")], [ends, follows])) == [
        ("S", "VAT code 1", "VAT code 7", 5, 60000, 5, 1)
    ]


def test_a_stores_own_row_stands_before_the_one_of_every_store(published: Published) -> None:
    rows = [nominal("4000")]
    own = change(None, nominal("4015", store="S02"), "category", "store_id")
    assert moved(effects(published, "nominal_mappings", rows, [own])) == [
        ("gift", "4000/=", "4015/=", 5, 60000, 5, 1)
    ]
    rows = [nominal("4000"), nominal("4000", store="S02")]
    every = change(rows[0], nominal("4999"), "category", "store_id")
    assert moved(effects(published, "nominal_mappings", rows, [every])) == [
        ("gift", "4000/=", "4999/=", 5, 60000, 4, 0)
    ]


def test_what_is_new_or_says_the_same_breaks_nothing(published: Published) -> None:
    other = change(None, tax("5", till="V5"), "till_tax_code")
    assert effects(published, "tax_mappings", [tax("1")], [other]).rows == []
    later = change(tax("1"), tax("1", ends="2011-12-31"), "till_tax_code")
    assert effects(published, "tax_mappings", [tax("1")], [later]).rows == []
    ahead = change(None, tax("7", begins="2030-01-01"), "till_tax_code")
    assert effects(published, "tax_mappings", [tax("1")], [ahead]).rows == []


def test_banks_skus_and_stores_are_counted_by_what_they_lead_to(published: Published) -> None:
    bank = {
        "company_id": COMPANY,
        "tender_type": "CARD",
        "store_id": "*",
        "bank_code": "1240",
        "settlement": "bank",
    }
    bank |= {"valid_from": "2011-01-01", "valid_to": ""}
    found = effects(
        published,
        "tender_mappings",
        [bank],
        [change(bank, {**bank, "bank_code": "1250"}, "tender_type", "store_id")],
    )
    assert moved(found) == [("CARD", "1240", "1250", 10, 120000, 0, 0)]
    sku = {
        "company_id": COMPANY,
        "sku": "MUG",
        "category": "toys",
        "valid_from": "2011-09-01",
        "valid_to": "",
    }
    assert moved(effects(published, "sku_mappings", [], [change(None, sku, "sku")])) == [
        ("MUG", "gift", "toys", 5, 60000, 5, 1)
    ]
    store = {
        "company_id": COMPANY, "store_id": "S02", "till_customer_reference": "TS02", "cost_centre": "S02",
        "department": "", "zone": "Europe/London", "day_cutoff_minutes": "0", "currency": "GBP",
        "valid_from": "2010-01-01", "valid_to": "",
    }  # fmt: skip
    same = {**store, "day_cutoff_minutes": 0, "department": None, "name": "York"}
    assert effects(published, "stores", [store], [change(store, same, "store_id")]).rows == []
    (row,) = effects(
        published, "stores", [store], [change(store, {**same, "till_customer_reference": "T9"}, "store_id")]
    ).rows
    assert (row["documents"], row["value_pence"]) == (5, 60000)


def customer(
    account: str, number: str = "17850", begins: str = "2011-01-01", ends: str = ""
) -> dict[str, Any]:
    row = {"company_id": COMPANY, "customer_no": number, "customer_reference": account}
    return {**row, "valid_from": begins, "valid_to": ends}


@pytest.fixture
def on_account(story: Shop, tmp_path: Path) -> Published:
    """Beside the ten sales: two customers with one account in Sage, each with a sale in August and a payment in
    September, and the same of a third whom nobody mapped.
    """
    for number, account in (("17850", "ACME01"), ("13047", "ACME01"), ("9", None)):
        of = {"store_id": "S01", "is_on_account": True, "customer_no": number, "customer_reference": account}
        for leg, nominal_code in enumerate(("4000", "4015"), start=1):
            story.add(
                "expected_lines", posting_key=f"N{number}", leg_no=leg, leg_type="nominal", document_kind="invoice",
                nominal_code=nominal_code, net_pence=1000, tax_pence=200, business_date=AUGUST, document_date=AUGUST,
                **of,
            )  # fmt: skip
        story.add(
            "expected_lines", posting_key=f"R{number}", leg_no=1, leg_type="bank", document_kind="receipt",
            bank_code="1240", net_pence=500, tax_pence=0, business_date=SEPTEMBER, document_date=SEPTEMBER, **of,
        )  # fmt: skip
    place = {"store_id": "S01", "business_date": AUGUST, "document_date": AUGUST}
    story.add(
        "document_verdicts",
        document_id="N17850",
        posting_key="N17850",
        is_sales=True,
        ledger_document_id="L",
        **place,
    )
    story.add("postings", posting_key="N17850", state="proven", role="P")
    return Published(publish(tmp_path, story) / "published")


def test_another_account_moves_what_is_on_that_customers_account_alone(on_account: Published) -> None:
    rows = [customer("ACME01"), customer("ACME01", number="13047")]
    found = effects(
        on_account, "customer_mappings", rows, [change(rows[0], customer("ACME02"), "customer_no")]
    )
    assert moved(found) == [("17850", "ACME01", "ACME02", 2, 2900, 1, 1)]
    assert found.rows[0]["in_sage_pence"] == 2400


def test_a_customer_who_ends_breaks_what_came_after_and_a_new_one_breaks_nothing(
    on_account: Published,
) -> None:
    rows = [customer("ACME01"), customer("ACME01", number="13047")]
    ends = change(rows[1], customer("ACME01", number="13047", ends="2011-08-31"), "customer_no")
    assert moved(effects(on_account, "customer_mappings", rows, [ends])) == [
        ("13047", "ACME01", None, 1, 500, 0, 0)
    ]
    found = effects(
        on_account, "customer_mappings", rows, [change(None, customer("NEW01", number="9"), "customer_no")]
    )
    assert found.is_counted and found.rows == []


def test_a_new_customer_clears_what_stops_his_documents(on_account: Published) -> None:
    fix = {"runbook": "docs/runbooks/customer_unmapped.md", "to_mend": "9"}
    none = {**fix, "to_mend": "no number on S01 4711"}
    made = {**change(None, customer("NEW01", number="9"), "customer_no"), "table": "customer_mappings"}
    assert mapped.clears([fix, none, {**fix, "to_mend": "17850"}], made) == [fix]
    assert words.fix({**fix, "title": ""}) == "Map the tills' account customer: 9"


def test_what_was_published_without_the_customers_number_is_not_counted(
    on_account: Published, monkeypatch
) -> None:
    old = dataclasses.replace(mapping_effects.USAGES["customer_mappings"], code="no_such_column")
    monkeypatch.setitem(mapping_effects.USAGES, "customer_mappings", old)
    row = customer("ACME01")
    found = effects(on_account, "customer_mappings", [row], [change(row, customer("ACME02"), "customer_no")])
    assert not found.is_counted


def test_what_no_file_of_accounts_says_is_not_counted(published: Published) -> None:
    assert not effects(published, "writers_of_record", [], []).is_counted


def test_of_very_many_lines_the_newest_months_are_counted_and_it_is_said(
    published: Published, monkeypatch
) -> None:
    monkeypatch.setattr(mapping_effects, "MOST_ROWS", 7)
    found = effects(published, "tax_mappings", [tax("1")], [change(tax("1"), tax("5"), "till_tax_code")])
    assert found.since == date(2011, 9, 1)
    assert moved(found)[0][3:5] == (5, 60000)


def test_the_page_says_what_breaks_before_anybody_signs(
    deciding_home: Path, tmp_path: Path, open_page
) -> None:
    take_in(deciding_home, tmp_path / "mappings")
    page = open_page(deciding_home, "mappings", table="tax_mappings")
    page = next(each for each in page.text_input if each.label == "valid_to").set_value("2011-10-31").run()
    texts = "\n".join(each.value for each in [*page.markdown, *page.caption])
    assert (
        ":red-badge[! Breaks] VAT codes: **90 documents, £10,800.00**, 87 of them in Sage already, would lose"
        in texts
    )
    assert "What is in Sage already stays there as it is" in texts
    rows = next(each.value for each in page.table if "Would lead to" in each.value.columns)
    assert rows["Would lead to"].tolist() == ["Nowhere"]
