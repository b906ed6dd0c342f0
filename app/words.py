"""What the closed sets are called on a screen. The sets themselves are design.md §4; a word nobody listed
is shown as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from app.money import NONE, counted, day, pounds
from expectations.rules import rule_for

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
    "half_corrected": "Undone and not yet posted right",
    "order_not_invoiced": "Its sales order is not invoiced",
    "unallocated": "Left unallocated for too long",
    "posted_twice": "Posted twice",
    "posted_by_two_writers": "Posted by two writers",
    "no_such_receipt": "In Sage without a receipt",
    "nothing_should_be_posted": "In Sage for no sale",
    "ambiguous": "Several equal candidates",
    "covered_by_journal": "Carried by a manual journal",
    "in_suspense": "On the suspense account",
    "deferred": "Held outside the nominal ledger",
    "store_unmapped": "Store not set up",
    "rows_set_aside": "Rows that could not be read",
    "file_refused": "File that could not be read",
    "closure_missing": "Till closure missing",
    "closure_repeated": "Till closure number repeated",
    "closure_number_gap": "Till closure number skipped",
    "closure_unequal": "Till closure differs from its receipts",
    "receipt_number_gap": "Receipt number never came",
    "cash_over_short": "Cash over or short",
    "foreign_currency": "Foreign currency",
    "before_cutover": "Before the cutover",
    "dated_ahead": "Dated after today",
    "changed_after_posting": "Changed in Sage after posting",
    "duplicate_in_pos": "Sold once, in the tills twice",
    "waits_for_its_like": "Missing beside another just like it",
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
    "till_rounding_broken": "Till does not keep to its rounding",
    "till_rate_not_in_force": "Till printed a rate not in force",
    "returned_above_sold": "More came back than was sold",
    "outside_scope_code_missing": "No outside-scope VAT code",
    "voucher_beyond_its_goods": "Voucher pays for goods at another VAT rate",
    "customer_unmapped": "Account customer not mapped",
    "document_negative": "More taken off than sold",
    "vat_not_on_return": "VAT that is on no return",
    "fact_missing": "A fact to judge by is missing",
    "ledger_row_unsound": "Row of Sage is unsound",
    "sync_log_unsound": "Entry of the connector's log is unsound",
    "till_row_unsound": "Row of a till is unsound",
    "till_totals_differ": "Totals of a till do not agree",
}

OWNERS = {"finance": "Finance", "operations": "Shop operations", "integration": "Integration"}

KINDS = {
    "invoice": "Invoice",
    "credit_note": "Credit note",
    "sales_summary": "Day's sales",
    "takings_summary": "Day's takings",
    "receipt": "Money in",
    "payment": "Money back",
    "bank_receipt": "Bank receipt",
    "bank_payment": "Bank payment",
    "transfer": "Transfer",
    "none": "No document",
    "delivery": "File",
    "closure": "Till closure",
    "till_receipt": "Till receipt",
    "store_day": "Store-day",
}

IN_THEMSELVES = ("closure", "till_receipt", "store_day")
"""Kinds of what is wrong at the till, whatever Sage holds: their cause is told in words, not as a drift."""

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
    "post_order": "Enter a sales order",
    "post_difference": "Post the difference to its summary",
    "reverse_duplicate": "Reverse the copy",
    "reverse_and_repost": "Reverse it and post it right",
    "reverse_posting": "Undo what was posted",
    "allocate_sale": "Allocate a sale's documents to each other",
}

HOLDS = {
    "goes": "Goes by the next send",
    "needs_approval": "Waits for a person",
    "approval_lapsed": "Its approval lapsed",
    "needs_second_approval": "Waits for a second person",
    "four_eyes": "Waits for somebody else",
    "return_over_limit": "Over the limit of a filed VAT return",
    "rejected": "A person said no",
    "gate_blocked": "Stopped by the gate",
    "not_ready": "Not ready yet",
    "posting_off": "Posting is off",
    "observe": "Nobody is named to post",
    "before_cutover": "Before the cutover",
    "writer_changed": "Another writer since",
    "store_stopped": "Store is stopped",
    "unsound": "Contradicts itself",
    "key_taken": "Its key is taken",
    "being_settled": "An earlier send is being settled",
    "set_aside": "Put aside by a person",
    "already_posted": "Posted and proven before",
    "order_not_invoiced": "A sales order that nobody has invoiced",
    "summary_begun": "More of its day was sent since",
    "refused": "Refused by Sage",
}

STATES = {
    "decided": "To be sent",
    "held": "Held",
    "claimed": "Being sent",
    "sending": "Being sent",
    "acknowledged": "Sent, to be read back",
    "locked": "Account was locked, tried again",
    "refused": "Refused by Sage",
    "unknown": "No proof yet, looked for",
    "unsettled": "Not found: a person must look",
    "aside": "Put aside by a person",
    "deferred": "Held outside the nominal ledger",
    "wrong": "In Sage, not as meant",
    "proven": "Proven",
    "reversed": "Reversed",
    "cancelled": "Cancelled",
}

TROUBLES = {"lock": "Locked", "refuse": "Refused", "silence": "No proof"}

TRUTHS = {
    "decided": "Decided",
    "sent": "Sent",
    "acknowledged": "Acknowledged",
    "present": "Present in Sage",
    "in_nominal": "In the nominal ledger",
    "right": "Right nominal, period and amount",
}


FIXES = {
    "till_tax_code_unmapped": "Map the till's VAT code {}",
    "tender_unmapped": "Map the tender {}",
    "sku_unmapped": "Map the SKU {}",
    "store_unmapped": "Set up the store {}",
    "category_without_nominal": "Give {} a nominal account",
    "nominal_missing": "Create nominal account {} in Sage, or map to another",
    "nominal_hidden": "Reopen nominal account {} in Sage, or map to another",
    "nominal_not_posting": "Map to another account than {}",
    "tax_code_missing": "Create VAT code {} in Sage, or map to another",
    "tax_rate_wrong_for_date": "Put the rate of VAT code {} right",
    "bank_not_usable": "Reopen bank {} in Sage, or map to another",
    "customer_not_usable": "Create customer {} in Sage, or name another",
    "customer_on_hold": "Take customer {} off hold in Sage",
    "customer_unmapped": "Map the tills' account customer: {}",
    "period_closed": "Reopen {} in Sage",
}
"""What to do, by the runbook of the rule that stops documents."""

MAPPED_BY = {
    "till_tax_code_unmapped": "tax_mappings",
    "tax_rate_wrong_for_date": "tax_mappings",
    "tax_code_missing": "tax_mappings",
    "tender_unmapped": "tender_mappings",
    "bank_not_usable": "tender_mappings",
    "voucher_beyond_its_goods": "tender_mappings",
    "sku_unmapped": "sku_mappings",
    "store_unmapped": "stores",
    "customer_not_usable": "stores",
    "customer_unmapped": "customer_mappings",
    "category_without_nominal": "nominal_mappings",
    "nominal_missing": "nominal_mappings",
    "nominal_hidden": "nominal_mappings",
    "nominal_not_posting": "nominal_mappings",
}
"""The mapping file that can put it right, where one can."""

BARE_CODE = re.compile(r"^(?!.*,)[a-z]+(_[a-z]+)+$|^$")
"""A cause that only repeats its class."""
RULE = re.compile(r"^[A-Z]{3}-\d\d ")
"""The gate rule's number before what it saw: the class above it already says it in words."""
CODES = re.compile(r"(?<![\w./-])[a-z]+(?:_[a-z]+)+(?![\w/-]|\.\w)")
"""A code among words, and no part of a file's name."""
RULES = re.compile(r"[A-Z]{3}-\d\d(,[A-Z]{3}-\d\d)*")
"""Nothing but the numbers of gate rules."""
ISO_DAY = re.compile(r"\b\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])\b")


def of_sale(receipt: Mapping[str, Any]) -> str:
    """The sale that a receipt's till names for what came back, empty where it names none."""
    number, event_id = receipt.get("original_receipt_no"), receipt.get("original_event_id")
    if not number:
        return ""
    return f"brings back what receipt {number} sold: " + (event_id or "it is not here")


def tendered(row: Mapping[str, Any]) -> str:
    """What was tendered, and the tip in it that is on no line."""
    paid, tip = pounds(row["tender_pence"]), row.get("tip_pence")
    return f"{paid} ({pounds(tip)} of it a tip)" if tip else paid


def fix(row: Mapping[str, Any]) -> str:
    """What one fix of the fix set does, as a person says it: Map the till's VAT code R."""
    told = FIXES.get(Path(row["runbook"]).stem)
    thing = row["to_mend"]
    if re.fullmatch(r"\d{4}-\d{2}", thing):
        thing = f"{date.fromisoformat(thing + '-01'):%B %Y}"
    return told.format(thing) if told else f"{row['title']}: {thing}"


def since(days_open: int) -> str:
    """How long something has been open: since today, for 14 days."""
    return f"open for {counted(days_open, 'day')}" if days_open else "open since today"


def seen(exception_class: str | None, detail: str | None) -> str:
    """What was seen, where it says more than the class; nothing where it does not."""
    if BARE_CODE.match(detail or ""):
        return ""
    if (exception_class or "").startswith("drift_"):
        return f"differs in {drifts(detail)}"
    told = (detail or "").removeprefix(f"{exception_class} ")
    without_rule = CODES.sub(lambda code: code[0].replace("_", " "), RULE.sub("", told.rstrip(".")))
    return uk_days(without_rule)


def uk_days(text: str) -> str:
    """Every day in a text in UK form: 2011-02-28 is 28 Feb 2011."""
    return ISO_DAY.sub(_in_uk_form, text)


def _in_uk_form(found: re.Match[str]) -> str:
    try:
        return day(date.fromisoformat(found[0]))
    except ValueError:  # it only looks like a day
        return found[0]


def in_words(text: str) -> str:
    """A reason that names a remedy by its code, as a person would say it; a gate's rules by their titles."""
    if RULES.fullmatch(text):
        return "; ".join(_rule(rule_id) for rule_id in text.split(","))
    head, colon, tail = text.rpartition(": ")
    if colon and RULES.fullmatch(tail):
        return f"{head}: {in_words(tail)}"
    for code, word in REMEDIES.items():
        text = text.replace(code, f"“{word.lower()}”")
    return text


def _rule(rule_id: str) -> str:
    try:
        return f"{rule_for(rule_id).title} ({rule_id})"
    except KeyError:  # of another version of the gate
        return f"Gate rule {rule_id}"


def said(words: dict[str, str], code: str | None) -> str:
    """The word for a code; an unlisted code in plain words rather than an error; a dash for none."""
    if not code:
        return NONE
    return words.get(code) or code.replace("_", " ").capitalize()


def verdict(code: str | None) -> str:
    return said(VERDICTS, code)


def cause(code: str | None) -> str:
    return said(CAUSES, code)


MAPPING_TABLES = {
    "companies": "Companies",
    "stores": "Stores",
    "tax_mappings": "VAT codes",
    "nominal_mappings": "Nominal accounts",
    "tender_mappings": "Tenders to banks",
    "customer_mappings": "Account customers",
    "sku_mappings": "SKUs",
    "writers_of_record": "Who posts",
    "store_grains": "Posted by receipt or by day",
    "cutovers": "Cutovers",
    "connector_patterns": "Connectors",
    "period_overrides": "Periods by finance's word",
    "vat_periods": "VAT periods and filed returns",
}


def mapping_table(name: str) -> str:
    """A mapping file as people call it."""
    return said(MAPPING_TABLES, name)


def shortened(text: str, most: int = 160) -> str:
    """A long text with its end left out, and said to be."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


BRIDGE_LINES = {
    "tills": "Tills",
    "opening_agreed": "Opening position, as agreed",
    "opening_apart": "Before the cutover, other than agreed",
    "opening_not_agreed": "Before the cutover, not agreed",
    "brought_forward": "Brought forward",
    "charged": "Charged",
    "received": "Received",
    "sage": "Sage",
    "residual": "Residual",
    "cash_over_short": "Cash over or short",
    "this_period_accounted_later": "In a later period of Sage's",
    "this_period_accounted_earlier": "In an earlier period of Sage's",
    "not_accounted_yet": "In no period that Sage has",
    "earlier_periods_accounted_here": "Here from an earlier period",
    "later_periods_accounted_here": "Here from a later period",
}


def bridge_line(code: str) -> str:
    """A line of a bridge: tills and Sage at its ends, a verdict or another period for each difference between."""
    return BRIDGE_LINES.get(code) or verdict(code)


def owner(code: str | None) -> str:
    return said(OWNERS, code)


def kind(code: str | None) -> str:
    return said(KINDS, code)


def goods(row: Mapping[str, Any]) -> str:
    """What a line of a sales order is of, and out of which warehouse."""
    quantity = f"{row['quantity_thousandths'] // 1000:,}" + (
        f".{row['quantity_thousandths'] % 1000:03}".rstrip("0") if row["quantity_thousandths"] % 1000 else ""
    )
    if not row["product_code"]:
        return f"{quantity} of {row['description']}"
    return f"{quantity} of {row['product_code']} from {row['warehouse']}"


def in_summary(row: Mapping[str, Any]) -> str:
    """That a receipt stands in a summary of its day, and how far that came."""
    of = f"{row['store_id']}{' till ' + row['till_id'] if row['till_id'] else ''} on {row['business_date']}"
    state = "to be decided" if row["tranche_state"] == "next" else said(STATES, row["tranche_state"]).lower()
    return f"In summary {row['tranche']} of {of}: {kind(row['document_kind']).lower()} {row['tranche_key']}, {state}"


def remedy(suggested: str | None, likely_partner: str | None) -> str:
    """What would put it right, and what a person might look at beside it; '' where there is neither."""
    return " ".join(
        part for part in (suggested, f"Perhaps it is {likely_partner}." if likely_partner else None) if part
    )


def drifts(codes: str | None) -> str:
    """What differs, from a comma-separated list: `amount,tax_code` is "amount, VAT code"."""
    return ", ".join(DRIFTS.get(code, code.replace("_", " ")) for code in (codes or "").split(",") if code)


def drift_value(kind: str, value: str | None) -> str:
    """One side of a difference, as a UK reader writes it: £920.26, 1 Dec 2010; a code as it is."""
    if not value:
        return NONE
    if kind in ("amount", "tax_amount"):
        try:
            return pounds(int(Decimal(value).scaleb(2)))
        except InvalidOperation:  # words, such as of a document that is not there
            return value
    return uk_days(value)


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
