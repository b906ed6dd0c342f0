"""Writes docs/rules.md from the rules: `python -m expectations.rules_doc`."""

from __future__ import annotations

from pathlib import Path

from expectations.rules import ALL_SUITES
from expectations.suite import Rule, Suite

RULES_PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"

_SEVERITIES = {"block": "blocks", "warn": "warns"}


def render() -> str:
    """The whole page as Markdown, in the order of the suites and their rules."""
    count = sum(len(suite.rules) for suite in ALL_SUITES)
    head = [
        "# Rules at the doors",
        "",
        "Written by `python -m expectations.rules_doc` from `expectations/`; a test keeps it in step.",
        "",
        f"{count} rules. A rule that *blocks* keeps a row from being posted or relied on until it is mended;",
        "a rule that *warns* tells its owner and lets the row pass. Every row that breaks a rule is kept as",
        "a flag with the rule's owner and remedy. A runbook is a page in `docs/runbooks/` of the same name.",
        "",
    ]
    return "\n".join(head + [line for suite in ALL_SUITES for line in _of_suite(suite)])


def _of_suite(suite: Suite) -> list[str]:
    lines = [f"## `{suite.reads}`", "", suite.promise, ""]
    lines += ["| Rule | What is wrong | Why it matters | Owner | It | Remedy | Runbook |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
    return [*lines, *(_row(rule) for rule in suite.rules), ""]


def _row(rule: Rule) -> str:
    cells = (
        rule.rule_id,
        rule.title,
        rule.why,
        rule.owner,
        _SEVERITIES[rule.severity],
        rule.remedy,
        f"`{rule.runbook}`",
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def main() -> None:
    """Write the page."""
    RULES_PAGE.parent.mkdir(parents=True, exist_ok=True)
    RULES_PAGE.write_text(render(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
