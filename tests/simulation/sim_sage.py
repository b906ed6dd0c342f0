"""A Sage that keeps its books, in the simulated world: slow, forgetful, lying, and watched.

What the network and Sage do to a POST is drawn by the story; every reply that has a status goes through the
product's own reading of it. Each POST is shown to the watch before Sage sees it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sim_story import Meets, Story
from sim_world import World

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
    PostedNominalLine,
    PostedOrder,
    Reply,
)
from orchestration.ledgers.sage200_wire import reply_of
from orchestration.posting.key import stem_of

NOMINAL, DEBTORS, VAT, SUSPENSE = "4000", "1100", "2200", "9998"
SIGN = {"invoice": -1, "credit_note": 1, "receipt": -1, "payment": 1}
ANSWER_S, POST_TIMEOUT_S = 0.05, 120.0
NO_ANSWER = Reply("unknown", None, None, "no answer: ReadTimeout")
ERRORS = {
    "lock 400": (400, "The customer account is currently in use by SAGEUSER1."),
    "lock 409": (409, "Record changed by another user."),
    "lock 423": (423, ""),
    "too many": (429, "Rate limit is exceeded."),
    "unauthorised": (401, ""),
    "refuse": (400, "SageNullFieldException"),
    "server error": (500, "An unexpected error has occurred."),
    "timeout before commit": (504, ""),
    "timeout after commit": (504, ""),
    "saved with server error": (500, "An unexpected error has occurred."),
    "saved with refusal": (400, "The operation failed."),
}
TIMES_OUT = ("timeout before commit", "timeout after commit", "lost reply")
SAVED = ("", "late", "lost reply", "timeout after commit", "deferred", "suspense")
ORDERED_ALL_THE_SAME = ("deferred", "suspense")  # an order is in no nominal ledger, whatever that does
GHOST_URN = 999_999


@dataclass(frozen=True)
class Kept:
    """A document in the books, and when it can be seen."""

    posted: PostedDocument
    seen_from: datetime
    is_by_us: bool


@dataclass(frozen=True)
class SetOff:
    """Documents that were set against each other, and when that can be seen; it is not refused a second time."""

    urns: tuple[int, ...]
    seen_from: datetime


@dataclass
class Sent:
    """One POST: when it left, and what came back (None: nobody was left to hear it)."""

    document: Document | Allocation
    at: datetime
    reply: Reply | None = None
    looks_since: int = field(default=0)


class SimulatedSage:
    """The Ledger protocol over books in memory."""

    def __init__(self, world: World, story: Story):
        self.books: list[Kept] = []
        self.sent: dict[str, list[Sent]] = defaultdict(list)
        self.is_calm = False  # no fault strikes any more
        self.swallowed = ""  # the key of the document whose every POST is lost
        self.shown: dict[int, str] = {}  # by URN, what a person entered by hand and showed to be ours
        self.set_off: list[SetOff] = []
        self.sent_allocations: dict[tuple[int, ...], list[Sent]] = defaultdict(list)
        self.undone_by_a_person: list[SetOff] = []
        self.orders_invoiced = 0
        self.before_allocate: Callable[[Allocation], None] = lambda _allocation: None
        self.nominal_hidden_at: datetime | None = None
        self.before_post: Callable[[Document], None] = lambda _document: None
        self._world = world
        self._meets = {one.nth: one for one in story.meets}
        self._silent = set(story.silent_reads)
        self._hidden_is_refused = story.hidden_is_refused
        self._posts = self._reads = 0

    # sending

    def post(self, document: Document) -> Reply:
        """Take one POST, as the story says."""
        self._world.step(
            may_stall=False
        )  # a POST lasts no longer than its timeout: that much the room may assume
        self.before_post(document)
        sent = Sent(document, self._world.now)
        self.sent[document.posting_key].append(sent)
        met = self._met()
        if document.posting_key == self.swallowed and not self.is_calm:
            met = replace(met, fault="lost before it came")
        if self.nominal_hidden_at and document.nominal_lines and self._hidden_is_refused:
            met = replace(met, fault="refuse")
        return self._answered(sent, *self._taken(document, met), met)

    def _met(self) -> Meets:
        self._posts += 1
        return Meets(0, "") if self.is_calm else self._meets.get(self._posts, Meets(0, ""))

    def _answered(self, sent: Sent, reply: Reply, takes_s: float, met: Meets) -> Reply:
        """The time it takes, and what of the answer arrives."""
        self._world.step(may_stall=False)  # it is out, and whoever sent it may die now
        self._world.sleep(takes_s)
        self._world.step()
        sent.reply = reply
        if met.fault == "breaks":
            raise RuntimeError("the client broke")
        return reply

    def _taken(self, document: Document | Allocation, met: Meets) -> tuple[Reply, float]:
        """What Sage does with it, what it says, and how long that takes."""
        takes_s = POST_TIMEOUT_S if met.fault in TIMES_OUT else ANSWER_S
        if met.fault in SAVED or met.fault.startswith("saved"):
            after_s = takes_s + met.late_s
            if isinstance(document, Allocation):
                urn = self._set_off(document, after_s)
            else:
                kept = self.keep(document, how=met.fault, after_s=after_s).posted
                if kept.order and met.fault in ("", "late", *ORDERED_ALL_THE_SAME):
                    body = {"id": kept.order.order_id, "document_no": kept.order.document_no}
                    return reply_of(200, json.dumps(body).encode(), is_order=True), takes_s
                urn = kept.urn
            if met.fault in ("lost reply",):
                return NO_ANSWER, takes_s
            if met.fault not in ERRORS:
                return reply_of(200, json.dumps({"urn": str(urn)}).encode()), takes_s
        if met.fault == "ghost" and isinstance(document, Document) and document.is_order:
            return reply_of(200, json.dumps({"id": GHOST_URN}).encode(), is_order=True), takes_s
        if met.fault == "ghost":
            return reply_of(200, json.dumps({"urn": str(GHOST_URN)}).encode()), takes_s
        if met.fault in ERRORS:
            status, words = ERRORS[met.fault]
            asked_s = 17.0 if status == 429 else None
            return reply_of(status, json.dumps({"message": words}).encode(), asked_s), takes_s
        return NO_ANSWER, takes_s

    def keep(self, document: Document, *, how: str = "", after_s: float = 0.0, reference: str = "") -> Kept:
        """Put a document into the books, to be seen after so many seconds; `reference` where it is not ours."""
        is_order = document.is_order and not reference
        is_deferred = how == "deferred" or is_order
        posted = PostedDocument(
            urn=0 if is_order else 1000 + len(self.books),
            reference=reference or document.posting_key,
            second_reference=document.second_reference,
            document_kind=document.document_kind,
            document_date=document.document_date,
            gross_pence=document.gross_pence,
            net_pence=document.net_pence,
            tax_pence=document.tax_pence,
            customer_reference=document.customer_reference,
            bank_code=document.bank_code,
            user_name="CONNECTOR" if reference else "TILLPROOF",
            is_in_nominal=not is_deferred,
            nominal_lines=() if is_deferred else _lines(document, to_suspense=how == "suspense"),
            tax_lines=document.tax_lines,
            period=None if is_deferred else _period(document.document_date),
            order=_order(document, len(self.books)) if is_order else None,
        )
        kept = Kept(posted, self._world.now + timedelta(seconds=after_s), not reference)
        self.books.append(kept)
        return kept

    # ordering

    takes_orders = True

    def order_problem(self, document: Document) -> str:
        """None: every product is there, and comes to the till's pence."""
        self._answer()
        return ""

    def invoice_orders(self, document_of: Callable[[str], Document]) -> None:
        """A person despatches and invoices every order that can be seen; `document_of` a key is what was meant."""
        for place, kept in enumerate(self.books):
            if kept.posted.order and kept.seen_from <= self._world.now:
                invoiced = replace(document_of(kept.posted.reference), order_lines=())
                posted = replace(self.keep(invoiced).posted, urn=1000 + place)
                self.books.pop()
                self.books[place] = replace(kept, posted=posted)
                self.orders_invoiced += 1

    # allocating

    def allocate(self, allocation: Allocation, entries: Sequence[AccountEntry]) -> Reply:
        """Take one, as the story says."""
        self._world.step(may_stall=False)
        self.before_allocate(allocation)
        sent = Sent(allocation, self._world.now)
        self.sent_allocations[_urns_of(allocation)].append(sent)
        met = self._met()
        return self._answered(sent, *self._taken(allocation, met), met)

    def _set_off(self, allocation: Allocation, after_s: float) -> int:
        seen_from = self._world.now + timedelta(seconds=after_s)
        self.set_off.append(SetOff(_urns_of(allocation), seen_from))
        return 50_000 + len(self.set_off)

    def undo_allocations(self) -> list[SetOff]:
        """A person takes back all that can be seen: that is returned."""
        seen = [one for one in self.set_off if one.seen_from <= self._world.now]
        self.undone_by_a_person += seen
        self.set_off = [one for one in self.set_off if one not in seen]
        return seen

    def entries(self, urns: Sequence[int]) -> list[AccountEntry]:
        """What is on customers' accounts under these URNs."""
        seen = self._seen()
        for sent in self.sent_allocations.get(tuple(sorted(urns)), [])[-1:]:
            sent.looks_since += 1
        return [
            AccountEntry(
                posted.urn,
                posted.reference,
                posted.document_kind,
                posted.customer_reference,
                posted.gross_pence,
                posted.allocated_pence,
                posted.urn,
            )
            for posted in seen
            if posted.urn in urns and posted.customer_reference and not posted.order
        ]

    def of(self, posting_key: str) -> list[PostedDocument]:
        """What the books hold under a key, or was shown to be it, seen or not."""
        return [
            replace(kept.posted, reference=posting_key)
            for kept in self.books
            if self.name_of(kept.posted) == posting_key
        ]

    def name_of(self, posted: PostedDocument) -> str:
        """Its reference, or the key of what a person showed it to be."""
        return self.shown.get(posted.urn, posted.reference)

    def show(self, urn: int, posting_key: str) -> None:
        """A person showed what they entered by hand to be ours."""
        self.shown[urn] = posting_key
        self.books = [replace(kept, is_by_us=True) if kept.posted.urn == urn else kept for kept in self.books]

    # looking

    def find(self, key_stem: str) -> list[PostedDocument]:
        """Those whose reference begins with the stem."""
        seen = self._seen()
        self._looked_for(key_stem)
        return [posted for posted in seen if posted.reference.startswith(key_stem)]

    def find_by_reference(self, reference: str) -> list[PostedDocument]:
        """Those with exactly this reference."""
        return [posted for posted in self._seen() if posted.reference == reference]

    def find_many(self, key_stems: Sequence[str], references: Sequence[str]) -> list[PostedDocument]:
        """Those of any of the stems or references."""
        seen = self._seen()
        for key_stem in key_stems:
            self._looked_for(key_stem)
        return [
            posted
            for posted in seen
            if posted.reference in references or posted.reference.startswith(tuple(key_stems))
        ]

    def _looked_for(self, key_stem: str) -> None:
        for key, all_sent in self.sent.items():
            if stem_of(key) == key_stem and all_sent:
                all_sent[-1].looks_since += 1

    def posted_since(self, urn: int) -> list[PostedDocument]:
        """Those of a greater URN."""
        return [posted for posted in self._seen() if posted.urn > urn and not posted.order]

    def posted_on(self, day: date) -> list[PostedDocument]:
        """Those of a date."""
        return [posted for posted in self._seen() if posted.document_date == day and not posted.order]

    def find_by_urn(self, urn: int) -> list[PostedDocument]:
        """Those of one URN."""
        return [posted for posted in self._seen() if posted.urn == urn and not posted.order]

    def find_alike(self, document: Document) -> list[PostedDocument]:
        """Those just like it."""
        return [posted for posted in self._seen() if posted.is_like(document) and not posted.order]

    def _seen(self) -> list[PostedDocument]:
        self._answer()
        return self.in_sight()

    def in_sight(self) -> list[PostedDocument]:
        """What anybody who looks now can see."""
        allocated = {urn for one in self.set_off if one.seen_from <= self._world.now for urn in one.urns}
        return [
            replace(kept.posted, allocated_pence=kept.posted.gross_pence)
            if kept.posted.urn in allocated
            else kept.posted
            for kept in self.books
            if kept.seen_from <= self._world.now
        ]

    def _answer(self) -> None:
        self._world.step()
        self._reads += 1
        if self._reads in self._silent and not self.is_calm:
            self._world.step()
            raise LedgerUnavailableError("no answer")

    # facts

    def nominal_status(self, nominal_code: str, cost_centre: str, department: str) -> AccountStatus:
        """Hidden once it was hidden."""
        self._answer()
        return "hidden" if self.nominal_hidden_at else "active"

    def nominal_type(self, nominal_code: str, cost_centre: str, department: str) -> str | None:
        """All can be posted to."""
        return "posting"

    def tax_code(self, code: int) -> Decimal | None:
        """The rate the mapping wants."""
        self._answer()
        return Decimal("20.00")

    def period_state(self, document_date: date, ledger: LedgerType) -> PeriodState:
        """Open."""
        self._answer()
        return "open"

    def customer(self, reference: str) -> CustomerFacts:
        """There, and not on hold."""
        self._answer()
        return CustomerFacts(reference, "active", False)

    def bank_status(self, bank_code: str) -> AccountStatus:
        """There."""
        self._answer()
        return "active"


def _order(document: Document, place: int) -> PostedOrder:
    return PostedOrder(
        place + 1, document.posting_key, is_draft=False, is_cancelled=False, lines=document.order_lines
    )


def _urns_of(allocation: Allocation) -> tuple[int, ...]:
    return tuple(sorted(line.urn for line in allocation.lines))


def _lines(document: Document, *, to_suspense: bool) -> tuple[PostedNominalLine, ...]:
    """Both sides: what was asked for, the VAT, and the customer for the rest."""
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
    if not lines:
        lines = [PostedNominalLine("1230", "", "", -sign * document.gross_pence)]
        if to_suspense:
            lines = [replace(lines[0], nominal_code=SUSPENSE)]
    if document.tax_pence:
        lines.append(PostedNominalLine(VAT, "", "", sign * document.tax_pence))
    return (*lines, PostedNominalLine(DEBTORS, "", "", -sum(line.amount_pence for line in lines)))


def _period(day: date) -> Period:
    return Period(date(day.year, 1, 1), day.month)
