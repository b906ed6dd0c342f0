"""Every rule can fail: its example is flagged by it and by no other rule, a sound row by none."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from expectations.posting_gate import POSTING_GATE
from expectations.rules import ALL_SUITES, INTAKE_SUITES, all_rules, rule_for
from expectations.suite import OWNERS, SEVERITIES, Rule, Suite
from expectations.validation import run_intake
from orchestration.landing_tables import TABLES

RULES = [pytest.param(suite, rule, id=rule.rule_id) for suite in ALL_SUITES for rule in suite.rules]


@pytest.fixture(scope="module")
def flags(tmp_path_factory, write_rows, judge_legs, flags_in):
    """The flags of one pass that brought every rule's failing example and one sound row per suite."""
    home = tmp_path_factory.mktemp("rules")

    def examples(suite: Suite) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = [{suite.row_id: "sound"}]
        rows += [{**rule.failing_example, suite.row_id: rule.rule_id} for rule in suite.rules]
        return [{**row, "posting_key": row[suite.row_id]} if suite.posting_key else row for row in rows]

    for suite in INTAKE_SUITES:
        landed = home / "landing" / suite.reads / "2011-01-05" / "pass_000007.parquet"
        write_rows(landed, suite, examples(suite))
    candidates = write_rows(home / "gate" / "candidates.parquet", POSTING_GATE, examples(POSTING_GATE))
    judge_legs(candidates, home / "gate" / "posting_flags.parquet", pass_number=7)
    run_intake(home / "landing", pass_number=7, out=home / "gate" / "intake_flags.parquet")
    return [
        *flags_in(home / "gate" / "posting_flags.parquet"),
        *flags_in(home / "gate" / "intake_flags.parquet"),
    ]


@pytest.mark.parametrize(("suite", "rule"), RULES)
def test_a_failing_example_is_flagged_by_exactly_its_rule(suite: Suite, rule: Rule, flags):
    found = [flag for flag in flags if flag["gate_row_id"] == rule.rule_id]
    assert [flag["rule_id"] for flag in found] == [rule.rule_id]
    flag = found[0]
    assert {name: flag[name] for name in ("owner", "severity", "title", "remedy", "runbook")} == {
        name: rule.meta()[name] for name in ("owner", "severity", "title", "remedy", "runbook")
    }
    assert flag["posting_key"] == (rule.rule_id if suite.posting_key else None)
    assert flag["observed_value"]
    assert flag["pass_number"] == 7


def test_a_sound_row_is_flagged_by_no_rule(flags):
    assert [flag for flag in flags if flag["gate_row_id"] == "sound"] == []


def test_a_flag_says_what_was_seen(flags):
    observed = {flag["rule_id"]: flag["observed_value"] for flag in flags}
    assert observed["NOM-03"] == "4000 S01"
    assert observed["TAX-03"] == "tax code 1 is 17.500 in Sage, 20.000 is required"
    assert observed["INT-07"] == "net 10.00 and tax 2.00, gross 12.01: s01_2011-01-05.csv row 2"


def test_rule_ids_are_unique_and_findable():
    ids = [rule.rule_id for rule in all_rules()]
    assert len(ids) == len(set(ids))
    assert all(rule_for(rule_id).rule_id == rule_id for rule_id in ids)
    with pytest.raises(KeyError):
        rule_for("XXX-99")


@pytest.mark.parametrize(("suite", "rule"), RULES)
def test_a_rule_says_whose_it_is_and_what_to_do(suite: Suite, rule: Rule):
    assert rule.owner in OWNERS
    assert rule.severity in SEVERITIES
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", rule.runbook)
    assert all(text.strip() and not text.endswith(" ") for text in (rule.title, rule.why, rule.remedy))
    known = {*suite.columns, *suite.facts}
    shown = {name for _, name, _, _ in Formatter().parse(rule.observed) if name}
    assert {rule.check.column, *rule.when, *shown} <= known
    assert set(rule.failing_example) <= set(suite.columns)


def test_the_gate_keeps_to_the_owners_agreed_for_each_concern():
    owners = {"NOM": "finance", "TAX": "finance", "CUS": "finance", "PER": "finance", "STO": "operations"}
    owners |= {"SKU": "operations", "SUM": "operations", "KEY": "integration", "BNK": "integration"}
    gate = {rule.rule_id[:3]: rule.owner for rule in POSTING_GATE.rules}
    assert {concern: gate[concern] for concern in owners} == owners


def test_the_intake_suites_read_what_landing_keeps():
    for suite in INTAKE_SUITES:
        kept = {name: kind.upper() for name, kind in TABLES[suite.reads].columns.items()}
        kept |= {"source_key": "VARCHAR", "source_file": "VARCHAR", "source_row": "BIGINT"}
        assert {name: kept.get(name) for name in suite.columns} == dict(suite.columns), suite.name


def test_the_page_of_rules_is_in_step_with_the_rules():
    from expectations.rules_doc import RULES_PAGE, render

    assert Path(RULES_PAGE).read_text(encoding="utf-8") == render(), "run python -m expectations.rules_doc"
    assert all(f"| {rule.rule_id} |" in render() for rule in all_rules())
