"""A Sage that remembers what it was told to do wrong.

It keeps its books like the real one: a document is one URN, its nominal lines balance, the same reference is
taken twice without a word. Faults are given per posting key (for whatever comes next: `ANY`) and used up
one a send.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from orchestration.ledgers.ledger import (
    AccountEntry,
    AccountStatus,
    Allocation,
    CustomerFacts,
    Document,
    LedgerType,
    LedgerUnavailableError,
    Period,
    PeriodState,
    PostedDocument,
    PostedHeader,
    PostedNominalLine,
    Reply,
)

ANY = "*"
SIGN = {"invoice": -1, "bank_receipt": -1, "credit_note": 1, "bank_payment": 1, "receipt": -1, "payment": 1}
DEBTORS, VAT, SUSPENSE = "1100", "2200", "9998"
REPLIES = {
    "lock": Reply("locked", 400, None, "record is locked by user MARY"),
    "too many": Reply("locked", 429, None, "too many requests", retry_after_s=17.0),
    "refuse": Reply("refused", 400, None, "SageNullFieldException"),
    "refused but saved": Reply("refused", 400, None, "the operation failed"),
    "timeout before commit": Reply("unknown", 504, None, "gateway timeout"),
    "timeout after commit": Reply("unknown", 504, None, "gateway timeout"),
    "ghost": Reply("accepted", 200, 999_999, ""),
}
HOW_KEPT = ("", "twice", "other amount", "deferred", "suspense")


class LedgerInMemory:
    """The Ledger protocol over a list; `posts` is every send that reached it."""

    def __init__(self) -> None:
        self.documents: list[PostedDocument] = []
        self.posts: list[Document] = []
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.locked_customers: set[str] = set()
        self.hidden_nominals: set[str] = set()
        self.hidden_banks: set[str] = set()
        self.closed_months: set[date] = set()
        self.customers_on_hold: set[str] = set()
        self.rates = {1: Decimal("20.00"), 2: Decimal("0.00"), 3: Decimal("17.50")}
        self.allocations: list[Allocation] = []
        self.allocated: dict[int, int] = {}  # pence by URN
        self.allocated_with: dict[int, frozenset[int]] = {}
        self.reads_until_visible = 0
        self.silent_reads = 0
        self.questions = 0
        self._hidden_for: dict[int, int] = {}

    # documents

    def find(self, key_stem: str) -> list[PostedDocument]:
        """Those whose reference begins with the stem and that can be seen already."""
        return self._visible(lambda posted: posted.reference.startswith(key_stem))

    def find_by_reference(self, reference: str) -> list[PostedDocument]:
        """Those with exactly this reference."""
        return self._visible(lambda posted: posted.reference == reference)

    def find_many(self, key_stems: Sequence[str], references: Sequence[str]) -> list[PostedDocument]:
        """Those whose reference begins with one of the stems or is one of the references."""
        return [posted for stem in key_stems for posted in self.find(stem)] + [
            posted for reference in references for posted in self.find_by_reference(reference)
        ]

    def posted_since(self, urn: int) -> list[PostedHeader]:
        """Those of a greater URN."""
        return list(self._visible(lambda posted: posted.urn > urn))

    def posted_on(self, day: date) -> list[PostedHeader]:
        """Those of a date."""
        return list(self._visible(lambda posted: posted.document_date == day))

    def find_by_urn(self, urn: int) -> list[PostedDocument]:
        """Those of one URN."""
        return self._visible(lambda posted: posted.urn == urn)

    def find_alike(self, document: Document) -> list[PostedDocument]:
        """Those just like a document."""
        names = ("document_kind", "document_date", "customer_reference", "gross_pence", "tax_pence")
        return self._visible(lambda one: all(getattr(one, name) == getattr(document, name) for name in names))

    def _visible(self, wanted) -> list[PostedDocument]:  # type: ignore[no-untyped-def]
        self._answer()
        found = []
        for posted in filter(wanted, self.documents):
            if self._hidden_for.get(posted.urn, 0) > 0:
                self._hidden_for[posted.urn] -= 1
            else:
                found.append(posted)
        return found

    def _answer(self) -> None:
        self.questions += 1
        if self.silent_reads:
            self.silent_reads -= 1
            raise LedgerUnavailableError("no answer")

    def post(self, document: Document) -> Reply:
        """Take a send, as the next fault says."""
        self.posts.append(document)
        waiting = self.faults[document.posting_key] or self.faults[ANY]
        fault = waiting.pop(0) if waiting else ""
        if document.customer_reference in self.locked_customers:
            return Reply("locked", 423, None, "the account is in use by another user")
        if fault.endswith("after commit") or fault == "refused but saved":
            self.keep(document)
        if fault.startswith("breaks"):
            raise RuntimeError("the client broke")
        if fault in REPLIES:
            return REPLIES[fault]
        return Reply("accepted", 200, self.keep(document, fault).urn, "")

    # allocating

    def entries(self, urns: Sequence[int]) -> list[AccountEntry]:
        """What the books have on customers' accounts under these URNs."""
        self._answer()
        return [
            AccountEntry(
                posted.urn,
                posted.reference,
                posted.document_kind,
                posted.customer_reference,
                posted.gross_pence,
                self.allocated.get(posted.urn, 0),
                posted.urn + 70_000,
                self.allocated_with.get(posted.urn),
            )
            for posted in self.documents
            if posted.urn in urns and posted.customer_reference
        ]

    def allocate(self, allocation: Allocation, entries: Sequence[AccountEntry]) -> Reply:
        """Take a send, as the next fault says; never more than a document has left."""
        self.allocations.append(allocation)
        fault = self.faults["allocation"].pop(0) if self.faults["allocation"] else ""
        if allocation.customer_reference in self.locked_customers:
            return Reply("locked", 423, None, "the account is in use by another user")
        if fault.endswith("after commit") or fault in ("", "refused but saved"):
            refused = self.set_off([line.urn for line in allocation.lines])
            if refused:
                return Reply("refused", 400, None, refused)
        if fault.startswith("breaks"):
            raise RuntimeError("the client broke")
        return REPLIES[fault] if fault else Reply("accepted", 200, 88_000 + len(self.allocations), "")

    def set_off(self, urns: Sequence[int], with_urns: Sequence[int] = ()) -> str:
        """Allocate documents whole, to each other or to `with_urns`; in words why not."""
        if any(self.allocated.get(urn) for urn in urns):
            return "The value to allocate is more than the transaction has outstanding."
        for urn in urns:
            self.allocated[urn] = next(one.gross_pence for one in self.documents if one.urn == urn)
            self.allocated_with[urn] = frozenset(with_urns or urns) - {urn}
        self._show_allocated()
        return ""

    def undo_allocations(self) -> None:
        """A person takes every allocation back."""
        self.allocated.clear()
        self.allocated_with.clear()
        self._show_allocated()

    def _show_allocated(self) -> None:
        self.documents = [
            replace(posted, allocated_pence=self.allocated.get(posted.urn, 0)) for posted in self.documents
        ]

    def keep(self, document: Document, how: str = "", *, user_name: str = "TILLPROOF") -> PostedDocument:
        """Put a document into the books."""
        if how not in HOW_KEPT:
            raise ValueError(f"no such fault: {how}")
        if how == "twice":
            self.keep(document)
        if how == "other amount":
            document = replace(document, gross_pence=document.gross_pence + 1)
        posted = PostedDocument(
            urn=1000 + len(self.documents),
            reference=document.posting_key,
            second_reference=document.second_reference,
            document_kind=document.document_kind,
            document_date=document.document_date,
            gross_pence=document.gross_pence,
            net_pence=document.net_pence,
            tax_pence=document.tax_pence,
            customer_reference=document.customer_reference,
            bank_code=document.bank_code,
            to_bank_code=document.to_bank_code,
            user_name=user_name,
            is_in_nominal=how != "deferred",
            nominal_lines=() if how == "deferred" else self._lines(document, how == "suspense"),
            tax_lines=document.tax_lines,
            period=None if how == "deferred" else self._period(document.document_date),
        )
        self.documents.append(posted)
        self._hidden_for[posted.urn] = self.reads_until_visible
        return posted

    def _lines(self, document: Document, to_suspense: bool) -> tuple[PostedNominalLine, ...]:
        sign = SIGN[document.document_kind]
        lines = [
            PostedNominalLine(
                SUSPENSE if to_suspense else line.nominal_code,
                line.cost_centre,
                line.department,
                sign * line.net_pence,
            )
            for line in document.nominal_lines
        ]
        if not document.nominal_lines:
            lines = [PostedNominalLine("1230", "", "", -sign * document.gross_pence)]
        if document.tax_pence:
            lines.append(PostedNominalLine(VAT, "", "", sign * document.tax_pence))
        return (*lines, PostedNominalLine(DEBTORS, "", "", -sum(line.amount_pence for line in lines)))

    def _period(self, day: date) -> Period:
        """The month of the day, or the next that is open."""
        month = day.replace(day=1)
        while month in self.closed_months:
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        return Period(date(month.year, 1, 1), month.month)

    def of(self, posting_key: str) -> list[PostedDocument]:
        """What the books hold under a key, whether or not it can be seen yet."""
        return [posted for posted in self.documents if posted.reference == posting_key]

    # facts

    def nominal_status(self, nominal_code: str, cost_centre: str, department: str) -> AccountStatus:
        """Hidden if made so."""
        self._answer()
        return "hidden" if nominal_code in self.hidden_nominals else "active"

    def nominal_type(self, nominal_code: str, cost_centre: str, department: str) -> str | None:
        """All can be posted to."""
        return "posting"

    def tax_code(self, code: int) -> Decimal | None:
        """The rate."""
        self._answer()
        return self.rates.get(code)

    def period_state(self, document_date: date, ledger: LedgerType) -> PeriodState:
        """Closed if the month was."""
        self._answer()
        return "closed" if document_date.replace(day=1) in self.closed_months else "open"

    def customer(self, reference: str) -> CustomerFacts:
        """On hold if put there."""
        self._answer()
        return CustomerFacts(reference, "active", reference in self.customers_on_hold)

    def bank_status(self, bank_code: str) -> AccountStatus:
        """Hidden if made so."""
        self._answer()
        return "hidden" if bank_code in self.hidden_banks else "active"
