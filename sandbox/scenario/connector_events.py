"""What the connector makes of a receipt that is more, or less, than a sale: its own names for what it sees."""

from __future__ import annotations

from sandbox.scenario.connector_reading import Receipt

NEVER_SENT = frozenset({"VOID", "TRAINING"})
EXCHANGE = "EXCHANGE"
GIFT_CARD_SKU, ROUNDING_SKU, GIFT_CARD_TENDER = "GIFTCARD", "ROUNDING", "GIFT_CARD"


def event_of(receipt: Receipt) -> str | None:
    """The kind of a derived event; None for a sale or refund of the data."""
    skus = {line.sku for line in receipt.lines}
    if receipt.kind in NEVER_SENT:
        return receipt.kind.lower()
    if receipt.kind == EXCHANGE:
        return "exchange_uneven" if receipt.gross_pence else "exchange_even"
    if GIFT_CARD_SKU in skus:
        return "gift_card_sold"
    if ROUNDING_SKU in skus:
        return "cash_rounded"
    if any(tender.tender_type == GIFT_CARD_TENDER for tender in receipt.tenders):
        return "gift_card_used"
    return None
