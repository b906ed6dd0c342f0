"""Which receipts carry which fault: drawn from the seed, one row of faults.csv per receipt, only where the fault can
show.

How many of each is data (faults.csv); where a fault can show is said here, one rule each.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from sandbox.scenario.connector_documents import (
    PARTY_BAGS,
    RATE_CHANGE,
    SALES,
    STANDARD,
    ZERO_RATED,
    Draft,
    half_even,
    half_up,
    is_not_a_sale,
    tax_by_line,
    tax_by_receipt,
    truncated,
)
from sandbox.scenario.connector_events import LATE_UPLOAD, NEVER_SENT, event_of, is_where_a_till_was_offline
from sandbox.scenario.connector_reading import Phase, Receipt
from sandbox.scenario.sales import LINE_BASIS_STORES, NOT_YET_IN_SAGE

FAULTS = Path(__file__).with_name("faults.csv")
UNMAPPED_SKUS = frozenset(NOT_YET_IN_SAGE)
STORE_ON_HOLD = "S05"
LAST_DAYS = tuple(date(2011, 8, day) for day in (13, 14, 15, 16, 17, 30, 31))  # of the two phases
OTHER_BASIS_MOST = 3  # pence
BY_LINE_STORE = "S04"  # whose tills go by receipt; the connector was set to go by line for these days
BY_LINE_DAYS = (date(2011, 8, 1), date(2011, 8, 12))


@dataclass(frozen=True)
class Candidate:
    """A receipt with the documents it should give and how often its amounts occur in its slot."""

    receipt: Receipt
    drafts: Sequence[Draft]
    is_alone_in_slot: bool

    @property
    def day(self) -> date:
        return self.receipt.completed_at.date()

    @property
    def slot(self) -> tuple[str, date]:
        """Its store and day."""
        return self.receipt.store_id, self.day

    @property
    def goods(self) -> Draft:
        return self.drafts[0]

    @property
    def tenders(self) -> Sequence[Draft]:
        return self.drafts[1:]

    @property
    def is_reduced(self) -> bool:
        return any(line.letter == "R" and line.net_pence for line in self.receipt.lines)

    @property
    def is_party(self) -> bool:
        return any(part.nominal_code == PARTY_BAGS for part in self.goods.parts)

    @property
    def is_unmapped(self) -> bool:
        return any(line.sku in UNMAPPED_SKUS and line.net_pence for line in self.receipt.lines)

    @cached_property
    def is_plain(self) -> bool:
        return not (
            self.is_reduced or self.is_party or self.is_unmapped or self.event or is_not_a_sale(self.receipt)
        )

    @cached_property
    def event(self) -> str | None:
        return event_of(self.receipt)

    @property
    def is_open(self) -> bool:
        """Its period is open to us and its customer is not on hold."""
        return self.day >= date(2011, 1, 1) and self.receipt.store_id != STORE_ON_HOLD

    @property
    def can_be_posted_by_us(self) -> bool:
        """No gate rule stands against it."""
        return self.is_plain and self.is_open


def _only_tender(candidate: Candidate, tender_type: str = "") -> bool:
    tenders = candidate.tenders
    return len(tenders) == 1 and tenders[0].kind == "receipt" and tenders[0].bank.startswith(tender_type)


def _can_have_old_rate(candidate: Candidate) -> bool:
    standard_pence = sum(abs(line.net_pence) for line in candidate.receipt.lines if line.letter == "S")
    return candidate.is_plain and candidate.day >= RATE_CHANGE and standard_pence >= 200


def other_basis_tax(receipt: Receipt) -> int:
    """The tax by the permitted basis that the store does not use, signed as printed."""
    if receipt.store_id in LINE_BASIS_STORES:
        return tax_by_receipt(receipt.lines, half_up)
    return tax_by_line(receipt.lines, half_up)


def printed_tax(receipt: Receipt) -> int:
    return sum(line.tax_pence for line in receipt.lines)


def _differs_by_basis(candidate: Candidate) -> bool:
    difference = abs(other_basis_tax(candidate.receipt) - printed_tax(candidate.receipt))
    return candidate.is_plain and 1 <= difference <= OTHER_BASIS_MOST


def _is_in_the_store_by_line(candidate: Candidate) -> bool:
    is_there = (
        candidate.receipt.store_id == BY_LINE_STORE and BY_LINE_DAYS[0] <= candidate.day <= BY_LINE_DAYS[1]
    )
    return (
        is_there
        and candidate.is_plain
        and tax_by_line(candidate.receipt.lines, half_up) != printed_tax(candidate.receipt)
    )


def _only_truncation_explains(candidate: Candidate) -> bool:
    lines = candidate.receipt.lines
    permitted = {
        basis(lines, rounding) for basis in (tax_by_line, tax_by_receipt) for rounding in (half_up, half_even)
    }
    return candidate.is_plain and tax_by_line(lines, truncated) not in permitted


def transposed(pence: int) -> int:
    """The amount with its last two digits changed over."""
    hundreds, rest = divmod(pence, 100)
    return hundreds * 100 + rest % 10 * 10 + rest // 10


def _can_be_transposed(candidate: Candidate) -> bool:
    net = candidate.goods.net_pence
    return candidate.is_plain and _only_tender(candidate) and net > 1000 and transposed(net) != net


def _goes_to_giftware(candidate: Candidate) -> bool:
    codes = {part.nominal_code for part in candidate.goods.parts}
    return candidate.is_plain and SALES in codes and "4110" not in codes


def _has_room_in_month(candidate: Candidate) -> bool:
    return (
        candidate.is_plain and candidate.day.day <= 25 and not LAST_DAYS[0] <= candidate.day <= LAST_DAYS[4]
    )


def _has_both_rates(candidate: Candidate) -> bool:
    by_code: Counter[int] = Counter()
    for part in candidate.goods.parts:
        by_code[part.tax_code] += part.net_pence
    return candidate.is_plain and by_code[ZERO_RATED] >= 200 and by_code[STANDARD] > 0


def _can_have_several(candidate: Candidate) -> bool:
    return (
        candidate.is_open
        and candidate.goods.kind == "invoice"
        and _can_have_old_rate(candidate)
        and _only_tender(candidate, "CASH")
        and _goes_to_giftware(candidate)
        and _has_room_in_month(candidate)
    )


def _sold_by_us(candidate: Candidate) -> bool:
    return candidate.can_be_posted_by_us and candidate.goods.kind == "invoice"


def _journalled(candidate: Candidate) -> bool:
    """In one phase with the journal that follows it."""
    return candidate.can_be_posted_by_us and candidate.day not in LAST_DAYS


WHERE: dict[str, Callable[[Candidate], bool]] = {
    "rejected_hidden_nominal": lambda c: c.is_party,
    "rejected_tax_code": lambda c: c.is_reduced,
    "missing_unmapped_sku": lambda c: c.is_unmapped,
    "missing_closed_period": lambda c: (
        c.is_plain and c.day < date(2011, 1, 1) and c.receipt.store_id != STORE_ON_HOLD
    ),
    "missing_on_hold": lambda c: (
        c.is_plain and c.day >= date(2011, 1, 1) and c.receipt.store_id == STORE_ON_HOLD
    ),
    "missing_receipt_whole": lambda c: c.can_be_posted_by_us,
    "missing_tender_only": lambda c: c.can_be_posted_by_us,
    "missing_goods_only": lambda c: c.can_be_posted_by_us,
    "rejected_but_there": lambda c: c.is_plain,
    "rejected_locked_customer": lambda c: c.can_be_posted_by_us,
    "amount_drift": _can_be_transposed,
    "tax_code_drift": _can_have_old_rate,
    "tax_truncated": _only_truncation_explains,
    "other_basis": _differs_by_basis,
    "nominal_drift": _goes_to_giftware,
    "other_cost_centre": lambda c: c.is_plain and SALES in {part.nominal_code for part in c.goods.parts},
    "one_rate_for_all": _has_both_rates,
    "tax_left_out": lambda c: c.is_plain and c.goods.tax_pence >= 100,
    "card_fees_netted": lambda c: c.is_plain and _only_tender(c, "CARD") and c.goods.gross_pence >= 1000,
    "counted_cash_posted": lambda c: c.is_plain and _only_tender(c, "CASH"),
    "wrong_bank": lambda c: c.is_plain and any(tender.bank.startswith("CASH") for tender in c.tenders),
    "wrong_customer": lambda c: c.is_plain,
    "date_drift": _has_room_in_month,
    "amended_after_posting": lambda c: c.is_plain and c.goods.kind == "invoice",
    "dated_next_month": lambda c: c.is_plain and c.day.day >= 20,
    "several_at_once": _can_have_several,
    "posted_twice": _sold_by_us,
    "tender_posted_twice": _sold_by_us,
    "drifted_and_twice": lambda c: _sold_by_us(c) and _can_have_old_rate(c),
    # a person's contra follows the next day: not in the last days, so that a phase ends before the next
    "posted_twice_reversed": lambda c: _sold_by_us(c) and c.day not in LAST_DAYS and len(c.tenders) == 1,
    "never_sold": lambda c: c.is_plain and c.goods.kind == "invoice" and _only_tender(c),
    "to_suspense": lambda c: c.is_plain,
    "deferred": lambda c: c.is_plain and c.goods.kind == "invoice",
    "journalled_receipt": _journalled,
    "journalled_without_vat": lambda c: _journalled(c) and c.goods.tax_pence > 0,
    "journalled_tender": lambda c: _journalled(c) and c.is_alone_in_slot and c.day.day <= 25,
    "journalled_in_part": lambda c: _journalled(c) and _only_tender(c) and c.goods.net_pence > 1000,
    "journal_reversed": _journalled,
    "reference_lost": lambda c: c.is_plain and _only_tender(c) and c.is_alone_in_slot,
    "reference_lost_late": lambda c: _has_room_in_month(c) and _only_tender(c) and c.is_alone_in_slot,
    "refund_as_sale": lambda c: (
        c.can_be_posted_by_us and c.goods.kind == "credit_note" and len(c.tenders) == 1
    ),
    "gift_card_as_sale": lambda c: c.event == "gift_card_sold",
    "exchange_netted": lambda c: c.event == "exchange_uneven" and c.is_open,
    "voucher_as_sale": lambda c: c.event == "voucher_multi_sold",
    "deposit_as_sale": lambda c: c.event == "deposit_taken",
    "tip_in_sales": lambda c: c.event == "tip",
    "account_sale_on_till": lambda c: c.event == "account_sale",
    "refund_at_new_code": lambda c: c.event == "refund_old_rate",
    "coupon_as_payment": lambda c: c.event == "coupon_own",
    "voucher_taxed_again": lambda c: c.event == "voucher_single_used" and c.is_open,
    "tip_left_out": lambda c: c.event == "tip_on_tender",
    "late_upload_missed": lambda c: c.event == LATE_UPLOAD,
    "void_posted": lambda c: c.receipt.kind in NEVER_SENT,
    "store_by_line": _is_in_the_store_by_line,
    "not_a_sale_posted": lambda c: is_not_a_sale(c.receipt) and c.receipt.gross_pence < 0,
}


def quotas(phase: Phase) -> dict[str, int | None]:
    """How many of each fault a phase plants, in the order they are drawn; None for every receipt it fits."""
    with FAULTS.open(encoding="utf-8", newline="") as file:
        return {
            row["fault"]: None if row[phase] == "all" else int(row[phase]) for row in csv.DictReader(file)
        }


@dataclass(frozen=True)
class Day:
    """A store-day that carries a fault as a whole: the receipts that it touches, in their order."""

    fault: str
    members: Sequence[Candidate]

    def is_last(self, candidate: Candidate) -> bool:
        return candidate.receipt.receipt_no == self.members[-1].receipt.receipt_no


def _is_short_plain_day(day: Sequence[Candidate]) -> bool:
    return 3 <= len(day) <= 12 and all(map(_journalled, day))


def _three_of_one_tender(day: Sequence[Candidate]) -> Sequence[Candidate]:
    """Sales paid by one tender alone, the same one, and by amounts that nothing else of the day has."""
    if not all(map(_journalled, day)):
        return ()
    for tender_type in ("CARD", "CASH"):
        alike = [c for c in day if _only_tender(c, tender_type) and c.is_alone_in_slot]
        if len(alike) >= 3:
            return alike[:3]
    return ()


# of a whole day's candidates, those that the fault touches; none where it cannot show
DAYS: dict[str, Callable[[Sequence[Candidate]], Sequence[Candidate]]] = {
    "journalled_day": lambda day: day[:3] if len(day) > 3 and all(map(_journalled, day)) else (),
    "summed_receipts": _three_of_one_tender,
    "summarised_day": lambda day: day if _is_short_plain_day(day) else (),
    "summarised_day_short": lambda day: day if _is_short_plain_day(day) else (),
    "summarised_day_journal": lambda day: day if _is_short_plain_day(day) else (),
}


SHORT_JOURNAL = "journalled_in_part"
LEAVES_OUT = {
    *(
        fault
        for fault in WHERE
        if fault.startswith(("missing_", "rejected_")) and fault != "rejected_but_there"
    ),
    "exchange_netted",
    "journal_reversed",
    "late_upload_missed",
    "refund_as_sale",
    "several_at_once",
    "voucher_taxed_again",
}
"""What leaves a document of a receipt out of Sage as if nobody had thought of it."""


def choose_days(
    candidates: Sequence[Candidate], *, seed: int, quota: Mapping[str, int | None]
) -> tuple[dict[str, Day], frozenset[str]]:
    """Receipt number -> the day's fault, and every receipt of those days: they carry no other."""
    by_slot: dict[tuple[str, date], list[Candidate]] = {}
    for candidate in candidates:
        by_slot.setdefault(candidate.slot, []).append(candidate)
    slots = sorted(by_slot, key=lambda slot: _whole(f"{seed}|{slot}"))
    touched: dict[str, Day] = {}
    taken: set[tuple[str, date]] = set()
    for fault, touches in DAYS.items():
        planted = 0
        for slot in slots:
            if is_where_a_till_was_offline(by_slot[slot][0].receipt):
                continue  # not all of the day is known yet
            if planted == quota.get(fault, 0):
                break
            members = touches(by_slot[slot])
            if members and slot not in taken:
                taken.add(slot)
                touched |= {member.receipt.receipt_no: Day(fault, members) for member in members}
                planted += 1
    return touched, frozenset(c.receipt.receipt_no for slot in taken for c in by_slot[slot])


def choose(
    candidates: Sequence[Candidate],
    *,
    seed: int,
    quota: Mapping[str, int | None],
    taken: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Receipt number -> fault. A receipt carries one fault at most; fewer than asked only where fewer fit.

    `taken` are left alone, and so are faults of whole days.
    """
    candidates = [candidate for candidate in candidates if candidate.receipt.receipt_no not in taken]
    in_slot: dict[tuple[str, date], set[str]] = {}
    draws = [_whole(f"{seed}|{candidate.receipt.receipt_no}") for candidate in candidates]
    chosen: dict[str, str] = {}
    for fault, wanted in quota.items():
        if fault in DAYS:
            continue
        fits, salt, planted = WHERE[fault], _whole(fault), 0
        lots = [((draw ^ salt) * SPREAD) % LOTS for draw in draws]
        for position in sorted(range(len(candidates)), key=lots.__getitem__):
            if planted == wanted:
                break
            candidate = candidates[position]
            number, others = candidate.receipt.receipt_no, in_slot.setdefault(candidate.slot, set())
            if wanted is not None and _is_beside_a_late_upload(candidate):
                continue  # whether its amounts are alone in the day is not known yet
            if number not in chosen and not _would_be_confused(fault, others) and fits(candidate):
                chosen[number] = fault
                others.add(fault)
                planted += 1
    return chosen


def _would_be_confused(fault: str, others: Set[str]) -> bool:
    """A journal short of its receipt may be for anything that is missing on its day: then nobody can tell."""
    if fault == SHORT_JOURNAL:
        return not others.isdisjoint(LEAVES_OUT)
    return fault in LEAVES_OUT and SHORT_JOURNAL in others


def _is_beside_a_late_upload(candidate: Candidate) -> bool:
    return is_where_a_till_was_offline(candidate.receipt) and candidate.event != LATE_UPLOAD


SPREAD, LOTS = 0x9E3779B97F4A7C15, 2**64  # an odd factor spreads what differs in few bits


def _whole(text: str) -> int:
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "big")


def candidates_of(receipts: Sequence[Receipt], drafts: Mapping[str, Sequence[Draft]]) -> list[Candidate]:
    """Money receipts of stores the connector knows and whose quantities can be read."""
    alike = Counter(_amounts(draft) for documents in drafts.values() for draft in documents)
    return [
        Candidate(
            receipt,
            drafts[receipt.receipt_no],
            all(alike[_amounts(draft)] == 1 for draft in drafts[receipt.receipt_no]),
        )
        for receipt in receipts
        if receipt.receipt_no in drafts and not receipt.has_unreadable_quantity
    ]


def _amounts(draft: Draft) -> tuple[object, ...]:
    """What rung 3 of the matching ladder would go by, and less: alike here is alike enough to confuse."""
    return draft.store_id, draft.document_date, draft.kind, draft.gross_pence
