"""What the closed sets are called on a screen. The sets themselves are design.md §4; a word nobody listed
is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.money import NONE

VERDICTS = {
    "matched": "Agrees",
    "matched_within_policy": "Agrees within policy",
    "drifted": "Differs",
    "missing_in_ledger": "Missing in Sage",
    "missing_in_pos": "In Sage, no receipt",
    "nothing_to_post": "Nothing to post",
    "reversed": "Reversed",
    "duplicate_in_pos": "Twice at the till",
    "duplicate_in_ledger": "Twice in Sage",
    "deferred": "Held back by Sage",
    "in_suspense": "In suspense",
    "covered_by_journal": "Covered by a journal",
    "pending": "Not yet due",
    "ambiguous": "A person must decide",
    "not_checked": "Not checked",
    "gone": "No longer there",
}

CAUSES = {
    "never_sent": "Never sent to Sage",
    "synced_but_not_posted": "Said to be sent, not in Sage",
    "posting_rejected": "Sage refused it",
    "customer_account_locked": "Customer account was locked",
    "posted_twice": "Posted twice",
    "posted_by_two_writers": "Posted by two writers",
    "no_such_receipt": "In Sage without a receipt",
    "nothing_should_be_posted": "In Sage for no sale",
    "ambiguous": "Several equal candidates",
    "in_suspense": "On the suspense account",
    "deferred": "Held outside the nominal ledger",
    "store_unmapped": "Store not set up",
    "rows_set_aside": "Rows that could not be read",
    "file_refused": "File that could not be read",
    "closure_missing": "Till closure missing",
    "closure_repeated": "Till closure number repeated",
    "closure_number_gap": "Till closure number skipped",
    "closure_unequal": "Till closure differs from its receipts",
    "cash_over_short": "Cash over or short",
    "foreign_currency": "Foreign currency",
    "before_cutover": "Before the cutover",
    "drift_amount": "Wrong amount",
    "drift_tax_amount": "Wrong VAT amount",
    "drift_tax_code": "Wrong VAT code",
    "drift_nominal": "Wrong nominal account",
    "drift_customer": "Wrong customer",
    "drift_bank": "Wrong bank",
    "drift_tender": "Wrong tender",
    "drift_date": "Wrong date",
    "drift_period": "Wrong period",
    "drift_location": "Wrong store",
    "sku_unmapped": "SKU not mapped",
    "sku_case_conflict": "SKU spelt in two cases",
    "category_without_nominal": "Category has no nominal account",
    "nominal_missing": "Nominal account missing in Sage",
    "nominal_hidden": "Nominal account hidden in Sage",
    "nominal_not_posting": "Nominal account takes no postings",
    "till_tax_code_unmapped": "Till VAT code not mapped",
    "tax_code_missing": "VAT code missing in Sage",
    "tax_rate_wrong_for_date": "VAT rate wrong for the date",
    "tender_unmapped": "Tender not mapped",
    "bank_not_usable": "Bank missing or hidden in Sage",
    "customer_not_usable": "Customer missing or hidden in Sage",
    "customer_on_hold": "Customer on hold in Sage",
    "period_closed": "Period is closed",
    "period_future": "Period is in the future",
    "period_unknown": "Period is unknown",
    "lines_do_not_add_up": "Lines do not make the receipt",
    "tenders_do_not_add_up": "Tenders do not make the receipt",
    "posting_key_used": "Posting key already used",
}

OWNERS = {"finance": "Finance", "operations": "Shop operations", "integration": "Integration"}

KINDS = {
    "invoice": "Invoice",
    "credit_note": "Credit note",
    "receipt": "Money in",
    "payment": "Money back",
    "bank_receipt": "Bank receipt",
    "bank_payment": "Bank payment",
    "transfer": "Transfer",
    "none": "No document",
    "delivery": "File",
    "closure": "Till closure",
}

SLOTS = {
    "agrees": "Agrees",
    "explained": "Explained",
    "open": "Open",
    "not_checked": "Not checked",
    "nothing_to_check": "Nothing to check",
}

DRIFTS = {
    "amount": "amount",
    "tax_amount": "VAT amount",
    "tax_code": "VAT code",
    "nominal": "nominal account",
    "customer": "customer",
    "bank": "bank",
    "tender": "tender",
    "date": "date",
    "period": "period",
    "location": "store",
    "sku": "SKU",
    "quantity": "quantity",
    "changed_after_posting": "changed after posting",
}

REMEDIES = {
    "post_missing": "Post what is missing",
    "reverse_duplicate": "Reverse the copy",
    "reverse_and_repost": "Reverse it and post it right",
    "reverse_posting": "Undo what was posted",
}

TRUTHS = {
    "decided": "Decided",
    "sent": "Sent",
    "acknowledged": "Acknowledged",
    "present": "Present in Sage",
    "in_nominal": "In the nominal ledger",
    "right": "Right nominal, period and amount",
}


def said(words: dict[str, str], code: str | None) -> str:
    """The word for a code; an unlisted code in plain words rather than an error; a dash for none."""
    if not code:
        return NONE
    return words.get(code) or code.replace("_", " ").capitalize()


def verdict(code: str | None) -> str:
    return said(VERDICTS, code)


def cause(code: str | None) -> str:
    return said(CAUSES, code)


def owner(code: str | None) -> str:
    return said(OWNERS, code)


def kind(code: str | None) -> str:
    return said(KINDS, code)


def drifts(codes: str | None) -> str:
    """What differs, from a comma-separated list: `amount,tax_code` is "amount, VAT code"."""
    return ", ".join(DRIFTS.get(code, code.replace("_", " ")) for code in (codes or "").split(",") if code)


def truth(name: str) -> str:
    """One of the five truths, to stand in the middle of a sentence."""
    told = TRUTHS[name]
    return told[0].lower() + told[1:]


def because(document: Mapping[str, Any]) -> str:
    """The reason of a verdict in brackets after it, where it says more than the verdict does."""
    reason = document["reason"]
    return f" ({reason.replace('_', ' ')})" if reason and reason != document["verdict"] else ""


def account(line: Mapping[str, Any]) -> str:
    """A nominal account as people write it: code, cost centre and department, 4000/S01."""
    return "/".join(part for part in (line["nominal_code"], line["cost_centre"], line["department"]) if part)


def tone(code: str | None) -> str:
    """How a verdict is coloured: green agrees, blue explained, red open, grey could not be or need not be
    judged."""
    if code in ("matched", "agrees", "ready"):
        return "green"
    if code in ("matched_within_policy", "reversed", "pending", "explained"):
        return "blue"
    if code in ("not_checked", "nothing_to_post", "nothing_to_check", "gone", None):
        return "gray"
    return "red"
