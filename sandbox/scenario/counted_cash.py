"""What becomes of cash that a closure counted over or short: the connector books some of it, a person some by hand.

Whoever reads the closures' files knows what Sage should hold: a bank receipt where a drawer was over, a bank payment
where it was short, between the store's cash bank and the account of its cash over and short, outside the scope of VAT.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time

from sandbox.scenario.actions import SILENCE, Action
from sandbox.scenario.connector_documents import MANUAL, TAX_CODES, Draft, Part
from sandbox.scenario.connector_reading import Counted

OVER_SHORT = "4990"
BOOKED_AT = time(20, 10)
PERSON = "ACCOUNTS"
TURNED = 90  # pence
KINDS = ("posted", "missing", "drifted", "nominal", "by_hand", "missing", "drifted", "nominal")
"""What becomes of each closure in turn."""


def draft_of(counted: Counted) -> Draft:
    """The document that Sage should hold; in its reference till and closure, as the till has printed them."""
    number = f"{counted.till_id}Z{counted.closure_no}"
    return Draft(
        kind="bank_receipt" if counted.over_pence > 0 else "bank_payment",
        ordinal=1,
        store_id=counted.store_id,
        receipt_no=number,
        document_date=counted.day,
        customer="",
        bank=f"CASH0{counted.store_id[-1]}",
        reference=f"POS-{counted.store_id}-{number}",
        second_reference=f"TILL {counted.till_id}",
        parts=(Part(OVER_SHORT, TAX_CODES["N"], abs(counted.over_pence), 0),),
    )


def booked(closures: Sequence[Counted]) -> Iterator[tuple[datetime, Action]]:
    """What happens about each of them, and when (UTC)."""
    for number, counted in enumerate(closures):
        kind = KINDS[number % len(KINDS)]
        action = _act(draft_of(counted), kind)
        yield (
            datetime.combine(counted.day, BOOKED_AT),
            replace(action, fault=f"over_short_{kind}", part="planted"),
        )


def _act(draft: Draft, kind: str) -> Action:
    part = draft.parts[0]
    match kind:
        case "posted":
            return Action(draft, draft)
        case "missing":
            return Action(draft, None, "missing_in_ledger", "matched", claims=SILENCE)
        case "drifted":
            sent = replace(draft, parts=(part._replace(net_pence=part.net_pence + TURNED),))
            note = f"{part.net_pence} booked as {sent.net_pence} pence"
            return Action(draft, sent, "drifted", drift_kinds="amount", note=note)
        case "nominal":
            sent = replace(draft, parts=(part._replace(nominal_code=MANUAL),))
            return Action(draft, sent, "drifted", drift_kinds="nominal", note=f"{MANUAL} for {OVER_SHORT}")
        case "by_hand":
            sent = replace(draft, reference="", second_reference="CASHING UP")
            return Action(draft, sent, claims=SILENCE, user_name=PERSON, is_strict=False, note="by a person")
    raise ValueError(kind)
