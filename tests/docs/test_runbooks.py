"""Every class of exception has its page, and every page its class. Classes are read from where they arise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import words
from app.runbooks import GENERAL, GUIDES
from expectations.posting_gate import POSTING_GATE
from expectations.rules import all_rules
from expectations.suite import OWNERS

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "dbt_project" / "models"
RUNBOOKS = {page.stem: page for page in (ROOT / "docs" / "runbooks").glob("*.md")}
PAGES = {name: page for name, page in RUNBOOKS.items() if name not in (*GUIDES, GENERAL)}
MENU = (ROOT / "app" / "navigation.py").read_text(encoding="utf-8")
TITLES = {"Can I close?", *re.findall(r'\("([^"]+)", ":material/', MENU)}
LANES = {"finance_guide": "finance", "store_guide": "operations", "integration_guide": "integration"}
SECTIONS = ["What it means", "Who owns it", "How to mend it", "How to know it is mended"]


def branches(model: str, column: str) -> list[tuple[str, str]]:
    """Condition and value of each branch of the case that makes a column; '' is the condition of `else`."""
    sql = (MODELS / f"{model}.sql").read_text(encoding="utf-8")
    body = re.search(rf"case\b((?:(?!\bcase\b).)*?)\bend as {column}\b", sql, re.DOTALL)
    assert body, f"{model} makes no {column} by a case"
    found = re.findall(r"(?:\bwhen\b(.*?)\bthen\b|\belse\b)(.*?)(?=\bwhen\b|\belse\b|$)", body[1], re.DOTALL)
    return [(" ".join(condition.split()), value.strip()) for condition, value in found]


def literals(pairs: list[tuple[str, str]]) -> set[str]:
    return {value.strip("'") for _, value in pairs if re.fullmatch(r"'[a-z_]+'", value)}


def drift_kinds() -> set[str]:
    sql = (MODELS / "marts" / "document_drifts.sql").read_text(encoding="utf-8")
    return set(re.findall(r"'([a-z_]+)' as drift_kind\b", sql))


def reasons() -> set[str]:
    """Reasons that can name a class: an ambiguous document's class is its verdict, and what is settled has none."""
    named: set[str] = set()
    for model in ("marts/int_expected_judged", "marts/int_ledger_judged"):
        without = {
            condition
            for condition, value in branches(model, "verdict")
            if value in ("'ambiguous'", "'nothing_to_post'")
        }
        named |= literals([pair for pair in branches(model, "reason") if pair[0] not in without])
    return named


def open_verdicts() -> set[str]:
    """Verdicts that the models give and that leave something to do."""
    macro = (ROOT / "dbt_project" / "macros" / "verdicts.sql").read_text(encoding="utf-8")
    leaves_open = set(
        re.findall(r"'([a-z_]+)'", macro.split("macro is_open_verdict", 1)[1].split("endmacro")[0])
    )
    given: set[str] = set()
    for model in ("marts/int_expected_judged", "marts/int_ledger_judged"):
        given |= literals(branches(model, "verdict"))
    return leaves_open & given


def document_classes() -> set[str]:
    """What int_documents_classed can call an open document, the gate's own classes apart."""
    pairs = branches("exceptions/int_documents_classed", "exception_class")
    classes = literals(pairs)
    for condition, value in pairs:
        if value.startswith("'drift_' ||"):
            classes |= {f"drift_{kind}" for kind in drift_kinds() - classes}
        elif value == "verdicts.reason":
            classes |= reasons()
        elif value == "verdicts.verdict":
            handled = set(re.findall(r"verdicts\.verdict = '([a-z_]+)'", " ".join(one for one, _ in pairs)))
            classes |= open_verdicts() - handled
        else:
            assert value.startswith("'") or "blocks." in value, f"unknown way to a class: {condition} {value}"
    return classes


def named_classes(model: str) -> set[str]:
    """The classes of a model that names each by itself."""
    sql = (MODELS / "exceptions" / f"{model}.sql").read_text(encoding="utf-8")
    found = re.findall(r"'([a-z_]+)' as exception_class\b", sql)
    assert len(found) == sql.count(" as exception_class"), "a class is named otherwise"
    return set(found)


def classes() -> set[str]:
    deliveries = literals(branches("exceptions/int_deliveries_classed", "exception_class"))
    models = ("int_closures_classed", "int_receipts_classed", "int_unallocated_classed")
    named = set().union(*map(named_classes, models))
    return {rule.runbook for rule in all_rules()} | document_classes() | deliveries | named


def test_the_classes_are_read_right():
    known = document_classes()
    assert {"never_sent", "posting_rejected", "posted_twice", "no_such_receipt", "ambiguous"} <= known
    assert {"drift_amount", "drift_bank", "in_suspense", "deferred", "store_unmapped"} <= known
    assert not known & {"matched", "missing_in_ledger", "drifted", "several_equal_candidates", "reversed"}


def test_every_class_has_a_page_and_every_page_a_class():
    assert sorted(PAGES) == sorted(classes())


@pytest.mark.parametrize("slug", sorted(PAGES))
def test_a_page_says_what_it_means_whose_it_is_how_to_mend_it_and_how_to_know(slug):
    text = PAGES[slug].read_text(encoding="utf-8")
    assert re.match(rf"# .+\n\n`{slug}`\n\n", text)
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS
    assert all(
        len(body.split()) > 8 for name, body in zip(SECTIONS, parts[2::2], strict=True) if "owns" not in name
    )
    assert re.search("|".join(OWNERS), parts[4]), "no lane is named"


def owners_of(slug: str) -> str:
    return PAGES[slug].read_text(encoding="utf-8").split("## Who owns it", 1)[1].split("##", 1)[0]


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_leads_to_every_page_of_its_lane_and_to_no_other(guide):
    text = RUNBOOKS[guide].read_text(encoding="utf-8")
    led_to = re.findall(r"\]\(([a-z_]+)\.md\)", text.split("## What is in your lane", 1)[1])
    mine = [slug for slug in PAGES if re.search(rf"\b{LANES[guide]}\b", owners_of(slug))]
    assert sorted(led_to) == sorted(mine)


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_names_pages_that_the_menu_has(guide):
    text = RUNBOOKS[guide].read_text(encoding="utf-8")
    morning = text.split("## Every morning", 1)[1].split("## ", 1)[0]
    first_words = re.findall(r"^\d\. \*\*(.+?)\*\*", morning, re.MULTILINE)
    assert len(first_words) >= 3
    assert set(first_words) <= {*TITLES, "Since yesterday"}


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.rule_id)
def test_a_page_gives_a_rule_to_its_owner(rule):
    owner = PAGES[rule.runbook].read_text(encoding="utf-8").split("## Who owns it", 1)[1].split("##", 1)[0]
    assert rule.owner in owner


def test_every_page_has_a_name_that_people_say():
    assert [slug for slug in PAGES if slug not in words.CAUSES] == []


@pytest.mark.parametrize("rule", POSTING_GATE.rules, ids=lambda rule: rule.rule_id)
def test_a_page_names_the_rules_of_the_gate_that_lead_to_it(rule):
    assert rule.rule_id in PAGES[rule.runbook].read_text(encoding="utf-8")
