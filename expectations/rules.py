"""The closed set of rules: every suite, every rule, in the order they are shown.

Importing this does not import Great Expectations.
"""

from __future__ import annotations

from expectations.connector_sync_log import SYNC_LOG
from expectations.pos_receipt_lines import RECEIPT_LINES
from expectations.pos_tenders import TENDERS
from expectations.pos_till_closures import TILL_CLOSURES
from expectations.posting_gate import POSTING_GATE
from expectations.sage200_nominal_lines import NOMINAL_LINES
from expectations.sage200_sales_documents import SALES_DOCUMENTS
from expectations.suite import Rule, Suite

INTAKE_SUITES: tuple[Suite, ...] = (
    RECEIPT_LINES,
    TENDERS,
    TILL_CLOSURES,
    SALES_DOCUMENTS,
    NOMINAL_LINES,
    SYNC_LOG,
)
ALL_SUITES: tuple[Suite, ...] = (POSTING_GATE, *INTAKE_SUITES)


def all_rules() -> tuple[Rule, ...]:
    """Every rule of every suite; ids are unique, by test."""
    return tuple(rule for suite in ALL_SUITES for rule in suite.rules)


def rule_for(rule_id: str) -> Rule:
    """The rule with this id; KeyError when there is none."""
    for rule in all_rules():
        if rule.rule_id == rule_id:
            return rule
    raise KeyError(rule_id)
