"""What the poster may ask of any Sage: find a document, post a document, read a live fact.

Money is integer pence throughout. A document's own figures are positive in the direction of its kind
(a credit note of £12.00 has `gross_pence` 1200); only nominal lines read back carry a sign, debit positive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol, TypeGuard, runtime_checkable

DocumentKind = Literal[
    "invoice", "credit_note", "receipt", "payment", "bank_receipt", "bank_payment", "transfer"
]
AccountStatus = Literal["active", "hidden", "missing"]
PeriodState = Literal["open", "closed", "future", "unknown"]
LedgerType = Literal["LedgerSales", "LedgerCashBook", "LedgerNominal"]
ReplyKind = Literal["accepted", "refused", "locked", "unknown"]

KIND_LETTERS: dict[DocumentKind, str] = {
    "invoice": "N",
    "credit_note": "C",
    "receipt": "R",
    "payment": "P",
    "bank_receipt": "B",
    "bank_payment": "Y",
    "transfer": "T",
}

# an invoice's own posting key: Sage carries an order's number onto its invoice
INVOICE_KEY = re.compile(rf"TP[0-9A-HJKMNP-TV-Z]{{13}}{KIND_LETTERS['invoice']}[0-9]{{3}}P")

OPPOSITE_KIND: dict[DocumentKind, DocumentKind] = {
    "invoice": "credit_note",
    "credit_note": "invoice",
    "receipt": "payment",
    "payment": "receipt",
    "bank_receipt": "bank_payment",
    "bank_payment": "bank_receipt",
    "transfer": "transfer",
}


class LedgerUnavailableError(Exception):
    """A read could not be answered within its budget; nothing was learnt and nothing was changed."""


@dataclass(frozen=True)
class NominalLine:
    """One analysis line of a document we mean to post; net, in the direction of the document."""

    nominal_code: str
    cost_centre: str
    department: str
    net_pence: int
    narrative: str = ""


@dataclass(frozen=True)
class TaxLine:
    """The goods and tax of a document under one tax code (the number users know, not Sage's id)."""

    tax_code: int
    net_pence: int
    tax_pence: int


@dataclass(frozen=True)
class SplitLine:
    """One nominal account with one tax code of it, for a Sage that keeps the two in one row."""

    nominal_code: str
    tax_code: int
    net_pence: int
    tax_pence: int


@dataclass(frozen=True)
class OrderLine:
    """One line of a sales order: so much of a product out of a warehouse, or of what is no product (both None).

    Net and tax are of the whole quantity; what the line was at the till, or what Sage makes of it when read back.
    """

    description: str
    product_code: str | None
    warehouse: str | None
    quantity_thousandths: int
    nominal_code: str
    cost_centre: str
    department: str
    tax_code: int
    net_pence: int
    tax_pence: int


@dataclass(frozen=True)
class Document:
    """One thing Sage will give one URN to. `posting_key` travels as its `reference`.

    `splits`, where there are any, say once more what `nominal_lines` and `tax_lines` say each by itself.
    A transfer is out of `bank_code` and into `to_bank_code`, which is of no other document.
    An invoice with `order_lines` is sent as a sales order, and gets its URN when a person invoices that in Sage.
    """

    company_id: str
    posting_key: str
    document_kind: DocumentKind
    document_date: date
    customer_reference: str | None
    bank_code: str | None
    gross_pence: int
    net_pence: int
    tax_pence: int
    second_reference: str
    narrative: str
    nominal_lines: tuple[NominalLine, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()
    splits: tuple[SplitLine, ...] = ()
    to_bank_code: str | None = None
    order_lines: tuple[OrderLine, ...] = ()

    @property
    def is_order(self) -> bool:
        """Whether it is sent as a sales order."""
        return bool(self.order_lines)


@dataclass(frozen=True)
class PostedNominalLine:
    """One line of the nominal ledger as read back; `amount_pence` is debit less credit."""

    nominal_code: str
    cost_centre: str
    department: str
    amount_pence: int
    narrative: str = ""


@dataclass(frozen=True)
class Period:
    """The accounting period Sage put a nominal line in."""

    financial_year_start_date: date
    period_number: int


@dataclass(frozen=True)
class PostedHeader:
    """What a document in Sage says of itself, its lines left out; figures positive in the direction of its kind."""

    urn: int
    reference: str
    document_kind: DocumentKind
    document_date: date
    gross_pence: int
    tax_pence: int
    customer_reference: str | None
    bank_code: str | None
    to_bank_code: str | None = field(default=None, kw_only=True)

    def is_like(self, document: Document) -> bool:
        """Whether it is of the same kind, date, customer or bank, gross and tax, whatever its reference."""
        return (
            (self.document_kind, self.document_date) == (document.document_kind, document.document_date)
            and (self.gross_pence, self.tax_pence) == (document.gross_pence, document.tax_pence)
            and self.customer_reference == document.customer_reference
            and (document.bank_code is None or self.bank_code == document.bank_code)
            and self.to_bank_code == document.to_bank_code
        )


@dataclass(frozen=True)
class PostedOrder:
    """What a sales order in Sage is beside its figures; `is_draft` while somebody has it open and unsaved.

    `is_invoiced` of one whose invoice is in no ledger under its number: printed and not posted, or posted otherwise.
    """

    order_id: int
    document_no: str
    is_draft: bool
    is_cancelled: bool
    lines: tuple[OrderLine, ...]
    is_invoiced: bool = False


@dataclass(frozen=True)
class PostedDocument(PostedHeader):
    """A document as Sage holds it now, with its lines.

    `order` is told of a sales order that is no invoice yet: it has no URN (0) and nothing in any ledger.
    `is_in_nominal` is false while Sage keeps the nominal side back (a Future period, waiting updates): then
    `nominal_lines` is empty and `period` is None. `tax_lines` is empty where Sage gives no tax items.
    """

    second_reference: str
    net_pence: int
    user_name: str
    is_in_nominal: bool
    nominal_lines: tuple[PostedNominalLine, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()
    period: Period | None = None
    allocated_pence: int = 0
    is_bank_reconciled: bool = False
    is_historical: bool = False
    order: PostedOrder | None = None

    @property
    def posting_key(self) -> str:
        """The key the document would have if it is ours; any other text if it is not."""
        return self.reference


@dataclass(frozen=True)
class AccountEntry:
    """A document on a customer's account, with what of it Sage has allocated.

    `entry_id` is what Sage's allocation knows it by, None where it can be allocated no more (it is historical);
    `allocated_with` has the URNs it is set against, None where Sage does not tell.
    """

    urn: int
    reference: str
    document_kind: DocumentKind
    customer_reference: str
    gross_pence: int
    allocated_pence: int
    entry_id: int | None
    allocated_with: frozenset[int] | None = None


@dataclass(frozen=True)
class AllocationLine:
    """One document of an allocation: the whole of it, positive."""

    posting_key: str
    urn: int
    document_kind: DocumentKind
    gross_pence: int


@dataclass(frozen=True)
class Allocation:
    """Documents of one customer that are set against each other, each with the whole of it; they come to nothing."""

    company_id: str
    customer_reference: str
    allocation_date: date
    lines: tuple[AllocationLine, ...]


@dataclass(frozen=True)
class Reply:
    """What one POST came back with.

    `accepted`: Sage answered with success (`urn` when it could be read). `refused`: proven that nothing was
    posted. `locked`: refused because another user holds the account; worth another try later. `unknown`: the
    document may or may not be there; only a find can tell. `message` never holds a secret.
    """

    kind: ReplyKind
    status: int | None
    urn: int | None
    message: str
    retry_after_s: float | None = None


@dataclass(frozen=True)
class CustomerFacts:
    """A customer account as it is at this moment."""

    reference: str
    status: AccountStatus
    is_on_hold: bool


@runtime_checkable
class Ledger(Protocol):
    """What the poster may ask of any Sage.

    Every read may raise LedgerUnavailableError. Live facts are asked of Sage each time, never remembered.
    """

    def find(self, key_stem: str) -> list[PostedDocument]:
        """Every document whose reference begins with the stem: posted, historical and bank."""
        ...

    def find_by_reference(self, reference: str) -> list[PostedDocument]:
        """Every document with exactly this reference (the incumbent connector's, say)."""
        ...

    def find_many(self, key_stems: Sequence[str], references: Sequence[str]) -> list[PostedDocument]:
        """Every document whose reference begins with one of the stems or is one of the references."""
        ...

    def find_by_urn(self, urn: int) -> list[PostedDocument]:
        """The document or documents of one URN; empty when Sage has none."""
        ...

    def posted_since(self, urn: int) -> list[PostedHeader]:
        """The heads of every document with a greater URN, whoever posted it."""
        ...

    def posted_on(self, day: date) -> list[PostedHeader]:
        """The heads of every document of that date, whoever posted it."""
        ...

    def find_alike(self, document: Document) -> list[PostedDocument]:
        """Documents of the same kind, date, customer or bank, gross and tax: the multiset probe."""
        ...

    def post(self, document: Document) -> Reply:
        """Send once; whoever calls decides what a silence means.

        What Sage or the line does comes back as a Reply, never as an exception.
        """
        ...

    def nominal_status(self, nominal_code: str, cost_centre: str, department: str) -> AccountStatus:
        """Whether this account can be posted to: hidden is what Sage has instead of closed."""
        ...

    def nominal_type(self, nominal_code: str, cost_centre: str, department: str) -> str | None:
        """`posting`, `memo` or `group`; None when the account is missing."""
        ...

    def tax_code(self, code: int) -> Decimal | None:
        """The rate in percent Sage has for the code now; None when there is no such code."""
        ...

    def period_state(self, document_date: date, ledger: LedgerType) -> PeriodState:
        """What Sage says of posting to that ledger on that date."""
        ...

    def customer(self, reference: str) -> CustomerFacts:
        """The account's status and hold; status `missing` when there is none."""
        ...

    def bank_status(self, bank_code: str) -> AccountStatus:
        """Whether the bank account is there and visible."""
        ...


class AllocatingLedger(Ledger, Protocol):
    """A Ledger that can also set documents of one customer against each other. Sage 50 imports no allocation."""

    def entries(self, urns: Sequence[int]) -> list[AccountEntry]:
        """What is on customers' accounts under these URNs, with what is allocated of it now."""
        ...

    def allocate(self, allocation: Allocation, entries: Sequence[AccountEntry]) -> Reply:
        """Send once. `entries` are the documents of the allocation as they were just looked up."""
        ...


def can_allocate(ledger: Ledger) -> TypeGuard[AllocatingLedger]:
    """Whether a ledger is one of those."""
    return hasattr(ledger, "allocate")


class OrderingLedger(Ledger, Protocol):
    """A Ledger that may also take an invoice as a sales order. Sage 50 imports none."""

    @property
    def takes_orders(self) -> bool:
        """Whether orders are sent and looked for: the installation says how Sage numbers them."""
        ...

    def order_problem(self, document: Document) -> str:
        """Why Sage would not take the order to the penny as it is, in words; empty when it would."""
        ...


def orders_of(ledger: Ledger) -> OrderingLedger | None:
    """The ledger as one that takes orders; None where it does not."""
    return ledger if _has_orders(ledger) and ledger.takes_orders else None


def _has_orders(ledger: Ledger) -> TypeGuard[OrderingLedger]:
    return hasattr(ledger, "takes_orders")
