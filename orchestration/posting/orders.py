"""Sales orders of ours that are in Sage and no invoice yet: what a look tells of them, and what a person does there.

An order is present and in no ledger, so it rests as `deferred` until somebody invoices it in Sage, which no call of the
API does. Nothing proposes its sale meanwhile. Its invoice carries its key and is proven like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.ledgers.ledger import Ledger, PostedDocument
from orchestration.operations import Operations, StoredIntent
from orchestration.operations.policies import POST_ORDER
from orchestration.posting.documents import Payload
from orchestration.posting.verification import truths_of

CANCEL_IT = (
    "its order is in Sage and in no ledger: cancel it there (Sales Order Processing, Amend Orders); the next send sees "
    "that and counts it as undone"
)
WAITING = ("deferred", "wrong", "unsettled")
AT_ONCE = 30


def is_order_in_sage(intent: StoredIntent) -> bool:
    """Whether it was seen as an order and never as an invoice."""
    return (
        intent.remedy == POST_ORDER
        and intent.state in ("deferred", "wrong")
        and intent.urn is None
        and intent.role == "P"
    )


@dataclass(frozen=True)
class WaitingOrder:
    """One order that nobody has invoiced by now, and what is to be said of it."""

    posting_key: str
    store_id: str
    business_date: date | None
    gross_pence: int
    told: str


def waiting_orders(ledger: Ledger, operations: Operations, company_id: str) -> Iterator[WaitingOrder]:
    """Every order that the record does not know to be invoiced, as Sage has it now. Raises LedgerUnavailableError."""
    waiting = [
        intent
        for intent in operations.intents.in_states(WAITING, company_id)
        if intent.remedy == POST_ORDER and intent.urn is None
    ]
    for start in range(0, len(waiting), AT_ONCE):
        part = waiting[start : start + AT_ONCE]
        found = ledger.find_many([], [intent.posting_key for intent in part])
        texts = operations.intents.payloads(intent.payload_digest for intent in part)
        for intent in part:
            payload = Payload.from_text(texts[intent.payload_digest])
            yield WaitingOrder(
                intent.posting_key,
                intent.store_id,
                intent.business_date,
                intent.gross_pence,
                _told(payload, found, operations.suspense_account(company_id)),
            )


def _told(payload: Payload, found: Sequence[PostedDocument], suspense_account: str) -> str:
    key = payload.document.posting_key
    truths = truths_of(payload, found, suspense_account)
    if truths.is_cancelled:
        return "cancelled in Sage: the next send counts it as undone"
    if not truths.is_present:
        return "not there"
    if truths.differences:
        return "; ".join(truths.differences)
    if truths.is_right:
        return "invoiced since: the next send proves it"
    if any(posted.order and posted.order.is_invoiced for posted in found if posted.reference == key):
        return "invoiced, and in no ledger under its number: post it in Sage, or see sage200.sop_invoice_key"
    return "waits to be invoiced in Sage"
