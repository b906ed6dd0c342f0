"""What the connector makes of a receipt that is more, or less, than a sale: its own names for what it sees."""

from __future__ import annotations

from sandbox.scenario.connector_reading import Receipt

NEVER_SENT = frozenset({"VOID", "TRAINING"})
EXCHANGE = "EXCHANGE"
OF_SKU = {
    "GIFTCARD": "gift_card_sold",
    "ROUNDING": "cash_rounded",
    "MPVOUCHER": "voucher_multi_sold",
    "SPVOUCHER": "voucher_single_sold",
    "DEPOSIT": "deposit_taken",
    "PAYACC": "account_payment",
    "TIP": "tip",
    "COUPON": "coupon_own",
}
OF_TENDER = {
    "GIFT_CARD": "gift_card_used",
    "VOUCHER": "voucher_multi_used",
    "SPVOUCHER": "voucher_single_used",
    "DEPOSIT": "deposit_used",
    "ACCOUNT": "account_sale",
    "COUPON": "coupon_maker",
}
LATE_UPLOAD = "late_upload"
OFFLINE = {("S01", day) for day in (15, 16, 17)} | {("S03", day) for day in (15, 16, 17)}  # of August 2011


def is_where_a_till_was_offline(receipt: Receipt) -> bool:
    """Whether more of its store-day comes in a later file."""
    at = receipt.completed_at
    return (at.year, at.month) == (2011, 8) and (receipt.store_id, at.day) in OFFLINE


def event_of(receipt: Receipt) -> str | None:
    """The kind of a derived event; None for a sale or refund of the data."""
    if receipt.kind in NEVER_SENT:
        return receipt.kind.lower()
    if receipt.kind == EXCHANGE:
        return "exchange_uneven" if receipt.gross_pence else "exchange_even"
    if receipt.kind == "REFUND":
        return _refund_of(receipt)
    of_lines = (OF_SKU[line.sku] for line in receipt.lines if line.sku in OF_SKU)
    of_tenders = (
        OF_TENDER[tender.tender_type] for tender in receipt.tenders if tender.tender_type in OF_TENDER
    )
    if any(tender.tip_pence for tender in receipt.tenders):
        return "tip_on_tender"
    return next(of_lines, None) or next(of_tenders, None) or (LATE_UPLOAD if receipt.late_in else None)


def _refund_of(receipt: Receipt) -> str | None:
    """A refund of what was sold before the rate changed, on a gift card, or of a sale that the till names."""
    if receipt.completed_at.year == 2011 and any(line.rate_tenths == 175 for line in receipt.lines):
        return "refund_old_rate" if receipt.receipt_no.startswith("8") else None
    if any(tender.tender_type == "GIFT_CARD" for tender in receipt.tenders):
        return "refund_to_gift_card"
    return "refund_of_sale" if receipt.receipt_no.startswith("8") else None
