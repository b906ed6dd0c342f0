"""Leg by leg: what should be there beside what Sage has, marked where they part, where one is missing or too many."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from synthetic_story import DRIFTED, MISSING, TWICE

from app import legs

DAY = date(2011, 2, 10)
KEY = "TPAAAAAAAAAAAAAN011P"


def line(**changed: Any) -> dict[str, Any]:
    of_goods = {"leg_type": "nominal", "nominal_code": "4000", "tax_code": 1}
    return {
        "posting_key": KEY, "leg_no": 1, "customer_reference": "TILL01", "bank_code": None, "cost_centre": "S01",
        "department": "", "net_pence": 10000, "tax_pence": 2000, **of_goods, **changed,
    }  # fmt: skip


def judged(**changed: Any) -> dict[str, Any]:
    return {
        "posting_key": KEY, "document_kind": "invoice", "verdict": "matched", "ledger_document_id": "L1",
        "expected_gross_pence": 12000, "expected_net_pence": 10000, "expected_tax_pence": 2000,
        "ledger_gross_pence": 12000, "ledger_net_pence": 10000, "ledger_tax_pence": 2000,
        "document_date": DAY, "legs_not_checked": None, **changed,
    }  # fmt: skip


def held(*accounts: tuple[str, int], **changed: Any) -> dict[str, Any]:
    return {
        "ledger_document_id": "L1", "document_kind": "invoice", "customer_reference": "TILL01", "bank_code": None,
        "document_date": DAY, "gross_pence": 12000,
        "lines": [
            {"nominal_code": code, "cost_centre": "S01", "department": "", "leg_role": "analysis",
             "debit_pence": max(-pence, 0), "credit_pence": max(pence, 0)}
            for code, pence in accounts or (("4000", 10000),)
        ],
        **changed,
    }  # fmt: skip


def drift(kind: str, expected: str, sage: str) -> dict[str, Any]:
    return {"posting_key": KEY, "drift_kind": kind, "expected_value": expected, "ledger_value": sage}


def told(
    lines: list[dict[str, Any]],
    documents: list[dict[str, Any]],
    ledger: list[dict[str, Any]],
    *drifts: dict[str, Any],
) -> dict[str, tuple[str, str, str]]:
    life = {"expected_lines": lines, "documents": documents, "ledger": ledger, "drifts": list(drifts)}
    return {
        leg.name: (leg.expected, leg.sage, leg.state)
        for compared in legs.side_by_side(life)
        for leg in compared.legs
    }


def test_legs_that_agree_are_told_too() -> None:
    found = told([line()], [judged()], [held()])
    assert set(found) == {"Customer TILL01", "Nominal 4000/S01", "VAT code 1", "VAT", "Date"}
    assert {state for *_, state in found.values()} == {legs.AGREES}
    assert found["Nominal 4000/S01"][:2] == ("£100.00", "£100.00")


def test_a_missing_and_an_extra_leg_stand_in_rows_of_their_own() -> None:
    lines = [
        line(net_pence=6000, tax_pence=1200),
        line(leg_no=2, nominal_code="4010", net_pence=4000, tax_pence=800),
    ]
    found = told(lines, [judged(verdict="drifted")], [held(("4000", 6000), ("4999", 4000))])
    assert found["Nominal 4000/S01"] == ("£60.00", "£60.00", legs.AGREES)
    assert found["Nominal 4010/S01"] == ("£40.00", "", legs.MISSING)
    assert found["Nominal 4999/S01"] == ("", "£40.00", legs.EXTRA)


def test_amounts_codes_customers_and_dates_that_differ_are_marked() -> None:
    document = judged(verdict="drifted", ledger_gross_pence=10000, ledger_tax_pence=0)
    ledger = held(gross_pence=10000, customer_reference="TILL02", document_date=date(2011, 2, 11))
    found = told(
        [line()],
        [document],
        [ledger],
        drift("tax_code", "1 100.00", "2 100.00"),
        drift("tax_amount", "20.00", "0.00"),
    )
    assert found["Customer TILL01"] == ("£120.00", "", legs.MISSING)
    assert found["Customer TILL02"] == ("", "£100.00", legs.EXTRA)
    assert found["VAT code 1"] == ("£100.00", "", legs.MISSING)
    assert found["VAT code 2"] == ("", "£100.00", legs.EXTRA)
    assert found["VAT"] == ("£20.00", "£0.00", legs.DIFFERS)
    assert found["Date"] == ("10 Feb 2011", "11 Feb 2011", legs.DIFFERS)


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("missing_in_ledger", legs.MISSING), ("pending", legs.NOT_DUE), ("not_checked", legs.NOT_COMPARED)],
)
def test_of_a_document_that_is_not_there_every_leg_is_told(verdict: str, state: str) -> None:
    nothing = {"ledger_document_id": None, "ledger_gross_pence": None, "ledger_net_pence": None}
    found = told([line()], [judged(verdict=verdict, **nothing)], [])
    assert {(sage, each) for _, sage, each in found.values()} == {("", state)}


def test_takings_are_held_against_bank_and_customer_and_a_credit_note_in_its_own_direction() -> None:
    takings = line(
        leg_type="bank", nominal_code=None, tax_code=None, bank_code="1240", net_pence=12000, tax_pence=0
    )
    found = told(
        [takings],
        [judged(document_kind="receipt", verdict="drifted")],
        [held(document_kind="receipt", bank_code="1230")],
    )
    assert found["Bank 1240"][2] == legs.MISSING and found["Bank 1230"][2] == legs.EXTRA
    assert "VAT" not in found
    back = held(("4000", -10000), document_kind="credit_note")
    assert told([line()], [judged(document_kind="credit_note")], [back])["Nominal 4000/S01"][2] == legs.AGREES


def test_what_is_not_mapped_is_not_called_a_difference_and_a_policy_is_named() -> None:
    unmapped = line(nominal_code=None)
    found = told([unmapped], [judged(legs_not_checked="nominal")], [held()])
    assert found["Nominal not mapped"][2] == found["Nominal 4000/S01"][2] == legs.NOT_COMPARED
    penny = judged(verdict="matched_within_policy", ledger_tax_pence=1999, ledger_gross_pence=11999)
    found = told([line()], [penny], [held(gross_pence=11999)])
    assert found["VAT"] == ("£20.00", "£19.99", legs.POLICY)


def test_of_a_part_of_a_days_document_its_own_share_is_told_not_the_days() -> None:
    found = told([line()], [judged(legs_not_checked="tax_code")], [held(("4000", 90000), gross_pence=108000)])
    assert found["Customer TILL01"] == ("£120.00", "£120.00", legs.AGREES)
    assert found["Nominal 4000/S01"] == ("£100.00", "in the day's document", legs.AGREES)
    assert found["VAT code 1"] == ("£100.00", "", legs.NOT_COMPARED)


def test_what_sage_alone_holds_is_extra_line_by_line_and_what_was_reversed_is_said_so() -> None:
    alone = judged(posting_key=None, verdict="duplicate_in_ledger", expected_gross_pence=0)
    assert told([], [alone], [held()])["Nominal 4000/S01"] == ("", "£100.00 credit", legs.EXTRA)
    assert told([], [{**alone, "verdict": "reversed"}], [held()])["Nominal 4000/S01"][2] == legs.UNDONE


@pytest.mark.parametrize(
    ("number", "badge", "leg"),
    [
        (DRIFTED, ":red-badge[≠ Differs]", "VAT"),
        (MISSING, ":red-badge[✗ Missing in Sage]", "Nominal 4000/S01"),
        (TWICE, ":red-badge[+ Only in Sage]", "Nominal 4000/S03"),
        (TWICE, ":green-badge[✓ Agrees]", "Nominal 4000/S03"),
    ],
)
def test_the_page_marks_each_leg_with_a_sign_and_a_word(
    home, open_page, number: int, badge: str, leg: str
) -> None:
    page = open_page(home, "receipt", find=str(number))
    compared = [each.value for each in page.table if "Leg" in each.value.columns]
    rows = [(row["Leg"].replace("\\", ""), row[""]) for each in compared for _, row in each.iterrows()]
    assert (leg, badge) in rows, rows
