"""The gate fails shut: what it does not know, and what it was not told, does not pass."""

from __future__ import annotations

from collections import Counter

import pytest

from expectations.gate_candidates import GATE_COLUMNS, GATE_VALUES
from expectations.posting_gate import POSTING_GATE

OF_THE_DOCUMENT = {
    "store_status": "mapped",
    "period_status": "open",
    "lines_sum_status": "adds_up",
    "tenders_sum_status": "adds_up",
    "key_status": "free",
    "currency_status": "home",
    "document_sign": "positive",
}
NOWHERE = dict.fromkeys((name for name in GATE_VALUES if name != "leg_type"), None)


def _leg(key: str, leg_type: str, **facts: object) -> dict[str, object]:
    return {**NOWHERE, "posting_key": key, "gate_row_id": f"{key}:{leg_type}", "leg_type": leg_type, **facts}


def _customer(key: str, **facts: object) -> dict[str, object]:
    stands = {"customer_status": "active", "customer_hold_status": "free"}
    return _leg(key, "customer", **{**OF_THE_DOCUMENT, **stands, **facts})


def _nominal(key: str, **facts: object) -> dict[str, object]:
    stands = {
        name: POSTING_GATE.sound_row[name]
        for name in GATE_VALUES
        if name.startswith(("sku_", "nominal_", "tax_", "till_rate_"))
    }
    return _leg(key, "nominal", **{**stands, **facts})


def _bank(key: str, **facts: object) -> dict[str, object]:
    return _leg(key, "bank", **{"tender_status": "mapped", "bank_status": "active", **facts})


@pytest.fixture(scope="module")
def rules_by_row(tmp_path_factory, write_rows, flags_in, judge_legs):
    """Which rules flag which leg, for documents as the model writes them: a fact only where it applies."""
    home = tmp_path_factory.mktemp("gate")
    legs = [
        _customer("sound"),
        _nominal("sound"),
        _bank("sound"),
        # a store nobody mapped: nothing else could be looked up
        _leg("unmapped", "customer", store_status="unmapped", key_status="free"),
        _leg("unmapped", "nominal"),
        # a value the gate has never heard of
        _customer("strange", period_status="half_open"),
        # facts the model left out
        _customer("untold", customer_hold_status=None),
        _nominal("untold", nominal_account_status=None),
        _bank("untold", bank_status=None),
        # a document none of whose legs says whether its key is free
        _customer("keyless", key_status=None),
        _nominal("keyless"),
        # a document with two faults, and a leg with two
        _customer("twofold", customer_hold_status="on_hold", period_status="closed"),
        _nominal("twofold", nominal_account_status="hidden"),
    ]
    candidates = write_rows(home / "candidates.parquet", POSTING_GATE, legs)
    judge_legs(candidates, home / "flags.parquet")
    found: dict[str, set[str]] = {str(leg["gate_row_id"]): set() for leg in legs}
    for flag in flags_in(home / "flags.parquet"):
        found[flag["gate_row_id"]].add(flag["rule_id"])
    return found


def test_a_document_whose_legs_hold_only_their_own_facts_passes(rules_by_row):
    assert [rules_by_row[f"sound:{leg}"] for leg in ("customer", "nominal", "bank")] == [set(), set(), set()]


def test_an_unmapped_store_is_one_fault_not_one_for_each_thing_it_hides(rules_by_row):
    assert rules_by_row["unmapped:customer"] == {"STO-01"}
    assert rules_by_row["unmapped:nominal"] == set()


def test_a_status_outside_its_closed_set_does_not_pass(rules_by_row):
    assert rules_by_row["strange:customer"] == {"PER-01", "PER-02", "PER-03"}


@pytest.mark.parametrize("leg", ["customer", "nominal", "bank"])
def test_a_fact_that_was_not_looked_up_does_not_pass(rules_by_row, leg):
    assert rules_by_row[f"untold:{leg}"] == {"FCT-01"}


def test_every_leg_of_a_document_without_a_fact_of_its_own_is_held(rules_by_row):
    assert rules_by_row["keyless:customer"] == rules_by_row["keyless:nominal"] == {"FCT-01"}


def test_every_fault_of_a_document_is_told(rules_by_row):
    assert rules_by_row["twofold:customer"] == {"CUS-02", "PER-01"}
    assert rules_by_row["twofold:nominal"] == {"NOM-03"}


def test_every_status_the_model_may_give_is_passed_or_refused_by_some_rule():
    """A refused value nobody's rule refuses would be a hole; so would a column no rule reads."""
    judged = Counter(rule.check.column for rule in POSTING_GATE.rules)
    assert set(judged) - {"fact_status"} == set(GATE_VALUES) - {"leg_type"}
    assert set(GATE_VALUES) < set(GATE_COLUMNS)
    passing = {"mapped", "same", "active", "posting", "known", "agrees", "free", "open", "late_by_policy"}
    passing |= {"adds_up", "home", "not_compared", "positive"}
    for column, values in GATE_VALUES.items():
        rules = [rule.check for rule in POSTING_GATE.rules if rule.check.column == column]
        passed = {value for value in values if all(value in check.allowed for check in rules)}
        assert column == "leg_type" or passed == set(values) & passing, column
