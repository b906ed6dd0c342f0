"""`tillproof posting policy`: what a company lets the poster do, told, and changed by name and with a reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.money import plain_pounds
from orchestration.operations import Operations, OperationsError, PostingPolicy, QuietWindow
from orchestration.operations.policies import LIMITS

Report = dict[str, Any]
MONEY = re.compile(r"£?([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]{2}))?")
NONE = ("none", "")
MONEY_NAMES = tuple(one.name for one in fields(PostingPolicy) if one.name.endswith("_pence"))
WORDS = {
    "remedies": "what may be posted at all",
    "by_itself": "what waits for no person: writer of record / remedy",
    "document_limit": "no document over so many pounds goes",
    "run_documents": "so many documents a run at most",
    "run_limit": "so many pounds a run at most",
    "four_eyes": "the approver is nobody whose mapping it goes by; a reversal needs two people",
    "two_approvers_above": "above so many pounds two people must approve",
    "quiet_windows": "nothing is sent then",
    "quiet_zone": "the clock of the quiet windows",
    "canary": "after a mapping changed, one of each store and kind is proven before the next",
    "refusals_in_a_row": "so many stop the company until somebody lifts it",
    "vat_error_limit": "what corrections may bring the net error of one filed VAT return to (Notice 700/45: confirm)",
}


def policy(
    operations: Operations, company_id: str, changes: Sequence[str], *, by: str = "", reason: str = ""
) -> Report:
    """What is in force, after the changes (`name=value`), if any. OperationsError says which cannot be."""
    before = operations.posting_policy(company_id)
    changed = False
    if changes:
        changed = operations.set_posting_policy(company_id, changed_by(before, changes), by, reason)
    signed = operations.posting_policy_signed(company_id)
    return {
        "company_id": company_id,
        "changed": changed,
        "by": signed["author"] if signed else None,
        "since": f"{signed['recorded_at'].isoformat()}Z" if signed else None,
        "reason": signed["reason"] if signed else None,
        "policy": told(operations.posting_policy(company_id)),
    }


def told(policy: PostingPolicy) -> Report:
    """A policy as people write it: pounds, words, `none` where there is no limit."""
    columns = policy.columns()
    values: Report = {}
    for one in fields(policy):
        value, name = columns[one.name], one.name.removesuffix("_pence")
        if one.name.endswith("_pence"):
            values[name] = plain_pounds(value) or "none"
        else:
            values[name] = "none" if value is None or value == "" else value
    return values


def changed_by(policy: PostingPolicy, changes: Sequence[str]) -> PostingPolicy:
    """The policy with each `name=value` in place; OperationsError for what cannot be read or may not be."""
    values: dict[str, Any] = {}
    for change in changes:
        name, is_pair, text = change.partition("=")
        if not is_pair or name not in WORDS:
            raise OperationsError(f"'{change}' changes nothing: write NAME=VALUE, with {', '.join(WORDS)}")
        column = f"{name}_pence" if f"{name}_pence" in MONEY_NAMES else name
        values[column] = _read(column, text.strip())
    return replace(policy, **values)


def _read(column: str, text: str) -> Any:
    if column in LIMITS and text.lower() in NONE:
        return None
    if column.endswith("_pence"):
        return _pence(column, text)
    if column in ("run_documents", "refusals_in_a_row"):
        if not text.isdigit():
            raise OperationsError(f"{column} '{text}' is no whole number")
        return int(text)
    if column == "canary":
        if text.lower() not in ("yes", "no"):
            raise OperationsError(f"canary is yes or no, not '{text}'")
        return text.lower() == "yes"
    if column == "quiet_zone":
        return text
    if column == "quiet_windows":
        windows = [] if text.lower() in NONE else [part for part in text.split(";") if part.strip()]
        return tuple(QuietWindow.read(part) for part in windows)
    words = [] if text.lower() in NONE else [word.strip() for word in text.split(",") if word.strip()]
    if column == "by_itself":
        pairs = [word.partition("/") for word in words]
        return frozenset((writer, remedy) for writer, _, remedy in pairs)
    return frozenset(words)


def _pence(column: str, text: str) -> int:
    found = MONEY.fullmatch(text)
    if not found:
        raise OperationsError(
            f"{column.removesuffix('_pence')} '{text}' is no amount in pounds, such as 500.00"
        )
    return int(found.group(1).replace(",", "")) * 100 + int(found.group(2) or 0)


def render(report: Report, console: Console) -> None:
    """The same for a person."""
    if report["changed"]:
        console.print("[bold]Changed.[/bold]")
    who = f"set by {report['by']}: {report['reason']}" if report["by"] else "nobody ever set one: the default"
    console.print(escape(f"Policy of {report['company_id']}, {who}"), highlight=False)
    table = Table()
    for heading in ("name", "value", "means"):
        table.add_column(heading)
    for name, value in report["policy"].items():
        shown = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else str(value)
        table.add_row(name, escape(str(shown)), WORDS[name])
    console.print(table)
