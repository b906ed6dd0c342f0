"""A till's day, and the audit-trail rows that stand for it: sales, refunds and each tender summed up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from sandbox.scenario.connector_documents import PARTY_BAGS, Draft, draft_documents, is_not_a_sale
from sandbox.scenario.connector_events import EXCHANGE, NEVER_SENT
from sandbox.scenario.connector_reading import Receipt
from sandbox.scenario.planting import UNMAPPED_SKUS

TAX_CODES = {
    1: 1,
    3: 17,
    2: 0,
    4: 4,
    9: 9,
    -1: 5,
}  # by the code that the receipts' documents are drafted with
CASH, CARD, GIFT_CARDS = "123", "125", "2251"  # cash and card by store: 1231, 1251 and so on
OUTSIDE_VAT = 9
TYPES = {"invoice": "SI", "credit_note": "SC", "receipt": "SA", "payment": "SP"}
OPPOSITE_TYPES = {"SI": "SC", "SC": "SI"}
KINDS = {code: kind for kind, code in TYPES.items()}
CONNECTOR = "CONNECTOR"


class Row(NamedTuple):
    """One row of an import file; money in pence, never below zero."""

    type: str
    account: str
    nominal: str
    day: date
    reference: str
    extra: str
    details: str
    net_pence: int
    tax_code: int
    tax_pence: int
    user: str = CONNECTOR

    @property
    def gross_pence(self) -> int:
        return self.net_pence + self.tax_pence

    @property
    def document(self) -> tuple[str, ...]:
        """What rows of one document of Sage have in common; journals of a reference and date are one."""
        if self.type in ("JD", "JC"):
            return ("journal", "", "", str(self.day), self.reference, self.extra)
        bank = self.nominal if self.type in ("SA", "SP") else ""
        return (self.type, self.account, bank, str(self.day), self.reference, self.extra)


@dataclass(frozen=True)
class TillDay:
    """What one till took on one day: each receipt with the documents that it should give."""

    store_id: str
    till_id: str
    day: date
    members: Sequence[tuple[Receipt, Sequence[Draft]]]

    @property
    def name(self) -> str:
        """Store, date and till, as a summary is named by."""
        return f"{self.store_id}:{self.day}:{self.till_id}"

    @property
    def slot(self) -> tuple[str, date]:
        return self.store_id, self.day

    @property
    def account(self) -> str:
        return f"TILL0{self.store_id[-1]}"

    @property
    def drafts(self) -> Iterator[Draft]:
        for _, drafts in self.members:
            yield from drafts

    @cached_property
    def is_readable(self) -> bool:
        return not any(receipt.has_unreadable_quantity for receipt, _ in self.members)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """What should be imported: a row for each type, account and tax code, or tender."""
        return tuple(self.rows_named(self.till_id))

    def rows_named(self, till_id: str) -> Iterator[Row]:
        """The same under the name of a till."""
        reference = f"DAY-{self.store_id}-{self.day:%Y%m%d}-{till_id}"
        details = f"Till {till_id} of {self.store_id}"
        for (kind, nominal, code), (net, tax) in sorted(self.sums.items()):
            if net or tax:
                yield Row(kind, self.account, nominal, self.day, reference, "DAY", details, net, code, tax)

    @cached_property
    def sums(self) -> Mapping[tuple[str, str, int], tuple[int, int]]:
        """Net and tax pence by type, nominal account (or bank) and tax code; what is below zero is of the opposite."""
        sums: dict[tuple[str, str, int], list[int]] = {}
        for draft in self.drafts:
            if draft.bank:
                sums.setdefault((TYPES[draft.kind], bank_of(draft), OUTSIDE_VAT), [0, 0])[0] += (
                    draft.value_pence
                )
            for part in draft.parts:
                key = (TYPES[draft.kind], part.nominal_code, TAX_CODES[part.tax_code])
                totals = sums.setdefault(key, [0, 0])
                totals[0] += part.net_pence
                totals[1] += part.tax_pence
        for (kind, *account), (net, tax) in list(sums.items()):
            if kind in OPPOSITE_TYPES and net < 0:
                turned = sums.setdefault((OPPOSITE_TYPES[kind], *account), [0, 0])  # type: ignore[arg-type]
                turned[0], turned[1] = turned[0] - net, turned[1] - tax
                del sums[(kind, *account)]  # type: ignore[arg-type]
        return {key: (net, tax) for key, (net, tax) in sums.items()}

    @cached_property
    def has_only_what_an_import_takes(self) -> bool:
        """Whether none of its documents, summed up by kind, has a part below zero."""
        sums: dict[tuple[str, str, int], int] = {}
        for draft in self.drafts:
            for part in draft.parts:
                key = (draft.kind, part.nominal_code, part.tax_code)
                sums[key] = sums.get(key, 0) + part.net_pence
        return all(net >= 0 for net in sums.values())


def bank_of(draft: Draft) -> str:
    """The account of Sage 50 that a tender goes through."""
    kind, number = draft.bank[:4], draft.bank[4:]
    return GIFT_CARDS if kind == "GIFT" else f"{CASH if kind == 'CASH' else CARD}{int(number)}"


def is_cash(draft: Draft) -> bool:
    """Whether it is money into or out of a drawer."""
    return draft.bank.startswith("CASH")


def measure_of(draft: Draft) -> str:
    """What of a day a document counts to: its sales, or the takings of a bank."""
    return f"takings:{bank_of(draft)}" if draft.bank else "sales:"


def is_kept_by_the_gate(receipt: Receipt, drafts: Sequence[Draft]) -> bool:
    """Whether it has what may not be posted: an account that is inactive by the end, or a SKU nobody mapped."""
    is_party = any(part.nominal_code == PARTY_BAGS for draft in drafts for part in draft.parts)
    return is_party or any(line.sku in UNMAPPED_SKUS and line.net_pence for line in receipt.lines)


def is_money(receipt: Receipt) -> bool:
    """Whether it is a sale, or a refund, of a store that the connector knows."""
    return (
        receipt.is_store_known
        and bool(receipt.gross_pence or receipt.kind == EXCHANGE)
        and receipt.kind not in NEVER_SENT
        and not is_not_a_sale(receipt)
    )


def till_days(receipts: Iterable[Receipt], zero_rated: frozenset[str]) -> list[TillDay]:
    """Every till's day that took any money, by store, date and till."""
    members: dict[tuple[str, date, str], list[tuple[Receipt, Sequence[Draft]]]] = {}
    for receipt in receipts:
        if is_money(receipt):
            day = receipt.completed_at.date()
            drafts = draft_documents(receipt, zero_rated)
            members.setdefault((receipt.store_id, day, receipt.till_id), []).append((receipt, drafts))
    return [
        TillDay(store_id, till_id, day, tuple(found))
        for (store_id, day, till_id), found in sorted(members.items())
    ]


def import_file_of(rows: Iterable[Row]) -> bytes:
    """An audit-trail file, as Sage's import screen reads it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow(
            [
                *(row.type, row.account, row.nominal, 0, f"{row.day:%d/%m/%Y}", row.reference, row.details),
                *(_pounds(row.net_pence), f"T{row.tax_code}", _pounds(row.tax_pence), 1, row.extra, row.user),
            ]
        )
    return text.getvalue().encode("ascii")


def _pounds(pence: int) -> str:
    return f"{pence // 100}.{pence % 100:02d}"
