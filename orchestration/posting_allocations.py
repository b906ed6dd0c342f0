"""`tillproof posting allocations`: which sales' documents were set against each other in Sage, and which were not."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.money import counted, pounds
from orchestration.ledgers.ledger import Allocation
from orchestration.operations import ALLOCATES, Operations, StoredIntent
from orchestration.operations.policies import ALLOCATE_SALE
from orchestration.posting.allocations import allocation_from, waiting
from orchestration.posting.states import STATES

Report = dict[str, Any]
SHOWN = 25
DONE = ("proven",)


def report(operations: Operations, company_id: str) -> Report:
    """How many are in each state, how many sales wait to be decided on, and every one that did not simply go."""
    is_allowed = ALLOCATE_SALE in operations.posting_policy(company_id).remedies
    others = [state for state in STATES if state not in DONE]
    intents = operations.intents.in_states(others, company_id, role=ALLOCATES)
    texts = operations.intents.payloads(intent.payload_digest for intent in intents)
    return {
        "company_id": company_id,
        "is_allowed": is_allowed,
        "waiting": waiting(operations, company_id),
        "states": operations.intents.allocation_states(company_id),
        "not_proven": [_told(intent, allocation_from(texts[intent.payload_digest])) for intent in intents],
    }


def _told(intent: StoredIntent, allocation: Allocation) -> Report:
    return {
        "allocation": intent.posting_key,
        "state": intent.state,
        "store_id": intent.store_id,
        "event_id": intent.event_id,
        "business_date": intent.business_date.isoformat() if intent.business_date else None,
        "account": intent.account,
        "gross_pence": intent.gross_pence,
        "urns": [line.urn for line in allocation.lines],
        "attempts": intent.attempts,
        "why": intent.refusal or intent.hold_reason,
    }


def render(told: Report, console: Console) -> None:
    """The same for a person."""
    if not told["is_allowed"]:
        console.print(
            f"{escape(told['company_id'])} allocates nothing: the policy does not name {ALLOCATE_SALE} among its "
            "remedies.",
            highlight=False,
        )
    states = ", ".join(f"{state} {count:,}" for state, count in told["states"].items())
    console.print(f"Allocations: {states or 'none yet'}.", highlight=False)
    if told["waiting"]:
        console.print(
            f"{counted(told['waiting'], 'sale')} would be allocated by the next send.", highlight=False
        )
    if not told["not_proven"]:
        return
    table = Table()
    for heading in ("allocation", "state", "store", "date", "account", "gross", "URNs", "why"):
        table.add_column(heading, justify="right" if heading == "gross" else "left")
    for row in told["not_proven"][:SHOWN]:
        table.add_row(
            row["allocation"], row["state"], row["store_id"], row["business_date"] or "", row["account"],
            pounds(row["gross_pence"]), ", ".join(map(str, row["urns"])), escape(row["why"]),
        )  # fmt: skip
    console.print(table)
    if len(told["not_proven"]) > SHOWN:
        console.print(f"… and {len(told['not_proven']) - SHOWN} more; --json lists them all.")
