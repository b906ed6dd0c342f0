"""An allocation of ours as the body of Sage 200's `sales_allocations`, and what a document is set against.

What Sage's documentation leaves open is a setting: the sign of a value and the date (`sage200.allocation_…`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestration.ledgers.ledger import AccountEntry, Allocation
from orchestration.ledgers.sage200_documents import UnpostableError, pounds
from orchestration.ledgers.sage200_settings import Sage200Settings
from orchestration.ledgers.sage200_wire import Row

RESOURCE = "sales_allocations"
ENTRY_FIELDS = (
    *("id", "urn", "reference", "second_reference", "customer_id", "trader_transaction_type"),
    *("document_gross_value", "document_allocated_value", "allocation_session_items"),
)
CREDITS = ("credit_note", "receipt")


def allocation_of(
    allocation: Allocation, entries: Sequence[AccountEntry], customer_id: int, settings: Sage200Settings
) -> tuple[str, dict[str, Any]]:
    """The resource and the body to post. UnpostableError where Sage can no longer allocate one of the documents."""
    ids = {entry.urn: entry.entry_id for entry in entries}
    lines = []
    for line in allocation.lines:
        entry_id = ids.get(line.urn)
        if entry_id is None:
            raise UnpostableError(f"URN {line.urn} is historical: Sage allocates it no more")
        is_negative = settings.allocation_values == "signed" and line.document_kind in CREDITS
        value = pounds(-line.gross_pence if is_negative else line.gross_pence)
        lines.append({"posted_tran_id": entry_id, "value_to_allocate": value})
    body: dict[str, Any] = {"customer_id": customer_id, "allocation_lines": lines}
    if settings.allocation_date == "document":
        body["allocation_date"] = f"{allocation.allocation_date.isoformat()}T00:00:00Z"
    return RESOURCE, body


def allocated_with(row: Row) -> frozenset[int] | None:
    """The URNs a row is set against; None where Sage does not tell."""
    items = row.get("allocation_session_items")
    return frozenset(item["urn"] for item in items if item.get("urn") is not None) if items else None
