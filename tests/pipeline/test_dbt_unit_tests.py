"""The models' own stories, as dbt tells them: each lives beside the model it is about."""

from __future__ import annotations

import json

LOGIC = {
    "int_deliveries_awaited",
    "int_documents_matched_as_contras",
    "int_documents_matched_by_posting_key",
    "int_documents_matched_by_pos_id",
    "int_documents_left_by_references",
    "int_match_decisions_weighed",
    "int_documents_matched_by_person",
    "int_multiset_cells_counted",
    "int_documents_matched_by_multiset",
    "int_documents_matched_by_tolerance",
    "int_documents_ambiguous",
    "int_documents_grouped_by_day",
    "int_documents_summed",
    "int_groups_weighed",
    "int_references_read",
    "int_journals_faced",
    "int_documents_covered_by_journal",
    "int_ledger_duplicates_found",
    "int_ledger_documents_changed",
    "document_drifts",
    "int_receipts_repeated",
    "int_receipt_numbers_skipped",
    "int_nominal_legs_mapped",
    "int_receipts_totalled",
    "tax_roundings",
    "int_drifts_explained",
    "int_expected_judged",
    "int_ledger_judged",
    "bridge_lines",
    "till_customer_balances",
    "till_closures",
    "int_closures_classed",
    "int_receipts_classed",
    "int_partners_suggested",
    "int_open_spells",
    "posting_proposals",
}
"""Where a wrong line would move a verdict or a penny: none may be without a story."""


def test_every_model_does_what_its_stories_say(empty_house):
    assert empty_house.dbt("test", "--select", "test_type:unit"), "no story was told at all"


def test_every_judgement_has_a_story(empty_house):
    stories = json.loads(empty_house.manifest.read_text(encoding="utf-8"))["unit_tests"].values()
    assert {story["model"] for story in stories} >= LOGIC
