"""A document of ours as the body of Sage 200's POST for its kind.

Sage takes no nulls, no bare dates and no over-long texts, and wants tax codes, customers and banks by id.
What identifies something is never cut to fit: a cut posting key or account number would be another one.
Sources: Sage 200 OpenAPI files (financials, sales, cash-book), field lengths included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestration.ledgers.ledger import Document, DocumentKind, LedgerUnavailableError, TaxLine

RESOURCES: dict[DocumentKind, str] = {
    "invoice": "sales_invoices",
    "credit_note": "sales_credit_notes",
    "receipt": "sales_receipts",
    "payment": "sales_payments",
    "bank_receipt": "bank_receipt",
    "bank_payment": "bank_payment",
    "transfer": "bank_transfer",
}
REFERENCE_LENGTH = 20
NARRATIVE_LENGTH = 6000
NOMINAL_LENGTH = 8
ANALYSIS_LENGTH = 3  # cost centre, department
DESCRIPTION_LENGTH = 6000  # of an order's line of text


class UnpostableError(ValueError):
    """The document cannot be put into the words of this Sage; it was not sent."""


@dataclass(frozen=True)
class Ids:
    """How Sage's ids are found; each raises UnpostableError for what Sage does not have."""

    customer: Callable[[str], int]
    bank: Callable[[str], int]
    tax_code: Callable[[int], int]


def pounds(pence: int) -> Decimal:
    """Whole pence as pounds with two decimals."""
    return Decimal(pence).scaleb(-2)


def pence(amount: Any) -> int:
    """A money value of Sage's as whole pence; absent is 0. LedgerUnavailableError for a part of a penny."""
    scaled = Decimal(str(amount or 0)).scaleb(2)
    if scaled != scaled.to_integral_value():
        raise LedgerUnavailableError(f"{amount} is not a whole number of pence")
    return int(scaled)


def request_of(document: Document, ids: Ids) -> tuple[str, dict[str, Any]]:
    """The resource and the body to post. Raises UnpostableError before anything is looked up or sent."""
    check_sendable(document)
    match document.document_kind:
        case "invoice" | "credit_note":
            body = _trading_document(document, ids)
        case "receipt" | "payment":
            body = _trader_money(document, ids)
        case "transfer":
            body = _bank_transfer(document, ids)
        case _:
            body = _bank_money(document, ids)
    return RESOURCES[document.document_kind], body


def check_sendable(document: Document) -> None:
    """Raises UnpostableError for what Sage would cut, or for figures that do not add up."""
    kind = document.document_kind
    if kind not in RESOURCES:
        raise UnpostableError(f"a {kind} is not posted to Sage 200")
    if not document.posting_key or len(document.posting_key) > REFERENCE_LENGTH:
        raise UnpostableError(
            f"the reference {document.posting_key!r} does not fit {REFERENCE_LENGTH} characters"
        )
    if document.gross_pence <= 0:
        raise UnpostableError(f"a {kind} must be for more than nothing, not {document.gross_pence} pence")
    if document.gross_pence != document.net_pence + document.tax_pence:
        raise UnpostableError("net and tax do not make the gross")
    for line in document.nominal_lines:
        if not line.nominal_code or len(line.nominal_code) > NOMINAL_LENGTH:
            raise UnpostableError(
                f"the nominal code {line.nominal_code!r} does not fit {NOMINAL_LENGTH} characters"
            )
        if max(len(line.cost_centre), len(line.department)) > ANALYSIS_LENGTH:
            raise UnpostableError(
                f"{line.cost_centre!r} or {line.department!r} does not fit {ANALYSIS_LENGTH} characters"
            )
    if kind in {"receipt", "payment", "transfer"}:
        return
    if sum(line.net_pence for line in document.nominal_lines) != document.net_pence:
        raise UnpostableError("the nominal lines do not make the net")
    if sum(line.net_pence for line in document.tax_lines) != document.net_pence:
        raise UnpostableError("the tax lines do not make the net")
    if sum(line.tax_pence for line in document.tax_lines) != document.tax_pence:
        raise UnpostableError("the tax lines do not make the tax")


def _head(document: Document) -> dict[str, Any]:
    second = document.second_reference[:REFERENCE_LENGTH]
    return {
        "transaction_date": f"{document.document_date.isoformat()}T00:00:00Z",
        "reference": document.posting_key,
        **({"second_reference": second} if second else {}),
    }


def _customer_id(document: Document, ids: Ids) -> int:
    if not document.customer_reference:
        raise UnpostableError(f"a {document.document_kind} needs a customer")
    return ids.customer(document.customer_reference)


def _bank_id(document: Document, ids: Ids) -> int:
    if not document.bank_code:
        raise UnpostableError(f"a {document.document_kind} needs a bank")
    return ids.bank(document.bank_code)


def _trading_document(document: Document, ids: Ids) -> dict[str, Any]:
    return {
        "customer_id": _customer_id(document, ids),
        **_head(document),
        "document_goods_value": pounds(document.net_pence),
        "document_tax_value": pounds(document.tax_pence),
        "tax_analysis_items": [
            {
                "id": ids.tax_code(line.tax_code),
                "goods_amount": pounds(line.net_pence),
                "tax_amount": pounds(line.tax_pence),
            }
            for line in document.tax_lines
        ],
        "nominal_analysis_items": [
            {**_account(document, place), "value": pounds(line.net_pence)}
            for place, line in enumerate(document.nominal_lines)
        ],
    }


def _account(document: Document, place: int) -> dict[str, str]:
    """A line's account; an empty cost centre is said, or Sage would take the customer's."""
    line = document.nominal_lines[place]
    narrative = (line.narrative or document.narrative)[:NARRATIVE_LENGTH]
    return {
        "code": line.nominal_code,
        "cost_centre": line.cost_centre,
        "department": line.department,
        **({"narrative": narrative} if narrative else {}),
    }


def _trader_money(document: Document, ids: Ids) -> dict[str, Any]:
    return {
        "customer_id": _customer_id(document, ids),
        "bank_id": _bank_id(document, ids),
        **_head(document),
        "cheque_value": pounds(document.gross_pence),
    }


def _bank_money(document: Document, ids: Ids) -> dict[str, Any]:
    narrative = document.narrative[:NARRATIVE_LENGTH]
    return {
        "bank_id": _bank_id(document, ids),
        **_head(document),
        **({"narrative": narrative} if narrative else {}),
        "cheque_value": pounds(document.gross_pence),
        "cheque_goods_value": pounds(document.net_pence),
        "cheque_tax_value": pounds(document.tax_pence),
        "nominal_analysis_items": [
            {
                **_account(document, place),
                "gross_value": pounds(line.net_pence + tax_line.tax_pence),
                "goods_value": pounds(line.net_pence),
                "tax_code_id": ids.tax_code(tax_line.tax_code),
                "tax_value": pounds(tax_line.tax_pence),
            }
            for place, (line, tax_line) in enumerate(
                zip(document.nominal_lines, _tax_by_line(document), strict=True)
            )
        ],
    }


def _bank_transfer(document: Document, ids: Ids) -> dict[str, Any]:
    """Both amounts are said: what one bank pays is what the other receives."""
    if not document.to_bank_code:
        raise UnpostableError("a transfer needs a bank that it goes to")
    narrative = document.narrative[:NARRATIVE_LENGTH]
    return {
        "bank_from_id": _bank_id(document, ids),
        "bank_to_id": ids.bank(document.to_bank_code),
        **_head(document),
        **({"narrative": narrative} if narrative else {}),
        "payment_value": pounds(document.gross_pence),
        "receipt_value": pounds(document.gross_pence),
    }


def _tax_by_line(document: Document) -> list[TaxLine]:
    """The tax of each nominal line of a bank document: Sage wants the two together there.

    Lines and tax lines pair one to one by their net, or one tax code without tax covers them all.
    """
    lines, taxes = document.nominal_lines, document.tax_lines
    if [line.net_pence for line in lines] == [tax.net_pence for tax in taxes]:
        return list(taxes)
    if len(taxes) == 1 and taxes[0].tax_pence == 0:
        return [TaxLine(taxes[0].tax_code, line.net_pence, 0) for line in lines]
    raise UnpostableError("a bank document needs one tax line for each nominal line, of the same net")
