"""The demo's mappings and its company fit each other, except where they are meant not to."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

from sandbox.scenario.sales import NOT_A_PRODUCT

SANDBOX = Path(__file__).parents[2] / "sandbox"


def rows(*parts: str) -> list[dict[str, str]]:
    with SANDBOX.joinpath(*parts).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mappings(table: str) -> list[dict[str, str]]:
    return rows("scenario", "mappings", f"{table}.csv")


def seed(table: str) -> list[dict[str, str]]:
    return rows("seed", f"{table}.csv")


def test_every_mapped_nominal_exists_and_only_party_bags_are_hidden() -> None:
    chart = {
        (row["reference"], row["cost_centre"], row["department"]): row["account_status_type"]
        for row in seed("nominal_codes")
    }
    stores = [row["store_id"] for row in mappings("stores")]
    hidden = set()
    for row in mappings("nominal_mappings"):
        for store in stores:
            centre = store if row["cost_centre"] == "=" else row["cost_centre"]
            if chart[row["nominal_code"], centre, row["department"]] == "AccountStatusHidden":
                hidden.add(row["category"])
    assert hidden == {"party_bags"}


def test_tills_letters_map_to_codes_with_the_rate_of_their_days_and_r_is_left_out() -> None:
    rates = {row["code"]: row["tax_rate"] for row in seed("tax_codes")}
    mapped = mappings("tax_mappings")
    assert {row["till_tax_code"] for row in mapped} == {"S", "Z", "E", "X"}
    for row in mapped:
        assert Decimal(rates[row["tax_code"]]) == Decimal(row["required_rate"])
    standard = sorted(
        (row["valid_from"], row["valid_to"], row["tax_code"]) for row in mapped if row["till_tax_code"] == "S"
    )
    assert standard == [("2010-01-01", "2011-01-03", "3"), ("2011-01-04", "", "1")]


def test_each_store_has_its_customer_and_a_clearing_bank_for_each_tender() -> None:
    customers = {row["reference"] for row in seed("customers")}
    clearing = {row["code"] for row in seed("banks") if row["nominal_reference"] in ("1230", "1240")}
    stores = mappings("stores")
    assert {row["till_customer_reference"] for row in stores} <= customers
    pairs = {(row["tender_type"], row["store_id"]): row["bank_code"] for row in mappings("tender_mappings")}
    gift_cards = {row["code"]: row["nominal_reference"] for row in seed("banks")}[
        pairs.pop(("GIFT_CARD", "*"))
    ]
    liability = {row["category"]: row["nominal_code"] for row in mappings("nominal_mappings")}
    assert gift_cards == liability["gift_card"], (
        "a card that is used takes from what a card that is sold puts there"
    )
    nominal_of = {row["code"]: row["nominal_reference"] for row in seed("banks")}
    for tender, category in (("VOUCHER", "multi_purpose_voucher"), ("DEPOSIT", "deposit")):
        assert nominal_of[pairs.pop((tender, "*"))] == liability[category], "and so it is with these"
    assert nominal_of[pairs.pop(("COUPON", "*"))] == "1105", "who made the coupon owes it"
    assert pairs.pop(("ACCOUNT", "*")) == "", "what is sold on account is paid through no bank"
    assert pairs.pop(("SPVOUCHER", "*")) == "", (
        "nor is what a voucher for one rate pays, which comes back as goods"
    )
    assert set(pairs) == {(tender, row["store_id"]) for tender in ("CASH", "CARD") for row in stores}
    assert set(pairs.values()) == clearing


def test_every_code_that_is_no_product_has_a_category() -> None:
    assert {row["sku"] for row in mappings("sku_mappings")} == set(NOT_A_PRODUCT)


def test_posting_is_off_and_the_connector_writes_until_somebody_says_otherwise() -> None:
    assert [row["posting_enabled"] for row in mappings("companies")] == ["false"]
    assert {row["writer"] for row in mappings("writers_of_record")} == {"connector"}


def test_the_connectors_references_are_read_by_its_pattern() -> None:
    pattern = re.compile(mappings("connector_patterns")[0]["pattern"])
    found = [pattern.match(text) for text in ("POS-S01-536365", "POS-S03-C536379-2", "TILL SALE")]
    assert [match.groups() if match else None for match in found] == [
        ("S01", "536365", None),
        ("S03", "C536379", "2"),
        None,
    ]
