"""The documents the connector builds from a receipt, by its own mapping and its own arithmetic.

One invoice (or credit note) per receipt on the store's till customer, by nominal and tax code; one receipt
(or payment) per tender through the store's clearing bank. Whole pence, positive in the direction of the
document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from sandbox.scenario.connector_events import EXCHANGE
from sandbox.scenario.connector_reading import Receipt, SoldLine

NOMINALS = {
    "POST": "4905",
    "DOT": "4905",
    "C2": "4905",
    "D": "4100",
    "M": "4110",
    "S": "4120",
    "DCGSSGIRL": "4015",
    "DCGSSBOY": "4015",
    "GIFT_0001_10": "2250",
    "GIFT_0001_20": "2250",
    "GIFT_0001_30": "2250",
    "GIFT_0001_40": "2250",
    "GIFT_0001_50": "2250",
    "GIFTCARD": "2251",
    "ROUNDING": "4995",
    "MPVOUCHER": "2250",
    "SPVOUCHER": "4200",
    "DEPOSIT": "2260",
    "TIP": "2270",
    "COUPON": "4100",
}
SALES, BOOKS, MANUAL, PARTY_BAGS = "4000", "4010", "4110", "4015"
NOT_A_SALE = frozenset({"AMAZONFEE", "BANK CHARGES", "B", "CRUK"})
WITHOUT_COST_CENTRE = frozenset({"2250", "2251", "2260", "2270", "4200", "4995"})
BANKS = {
    "GIFT_CARD": "GIFT",
    "VOUCHER": "VOUCHER",
    "DEPOSIT": "DEPOSIT",
    "COUPON": "COUPON",
}  # CASH and CARD by store
ON_ACCOUNT, PAID_OFF, TRADE_CUSTOMER = "ACCOUNT", "PAYACC", "ABBEY01"
SINGLE_VOUCHER, TIP = "SPVOUCHER", "TIP"
OLD_RATE = 175  # tenths of a percent
TAX_CODES = {"Z": 2, "E": 4, "X": 2, "N": 9}  # and S by date; it was never told about R
STANDARD, STANDARD_UNTIL_2010, ZERO_RATED = 1, 3, 2
RATE_CHANGE = date(2011, 1, 4)
RESOURCES = {
    "invoice": "sales_invoices",
    "credit_note": "sales_credit_notes",
    "receipt": "sales_receipts",
    "payment": "sales_payments",
    "bank_receipt": "bank_receipt",
    "bank_payment": "bank_payment",
}
Rounding = Callable[[int, int], int]  # numerator, denominator; whole pence
OPPOSITES = {
    "invoice": "credit_note",
    "credit_note": "invoice",
    "receipt": "payment",
    "payment": "receipt",
    "bank_receipt": "bank_payment",
    "bank_payment": "bank_receipt",
}


class Part(NamedTuple):
    """Goods under one nominal and one tax code."""

    nominal_code: str
    tax_code: int
    net_pence: int
    tax_pence: int


@dataclass(frozen=True, slots=True)
class Draft:
    """One document as it would be sent. `value_pence` is the money of a receipt or payment, 0 for goods."""

    kind: str
    ordinal: int
    store_id: str
    receipt_no: str
    document_date: date
    customer: str
    bank: str
    reference: str
    second_reference: str
    parts: tuple[Part, ...] = ()
    value_pence: int = 0
    cost_centre: str = ""  # where it is another than the store's own
    net_pence: int = field(init=False, repr=False, compare=False)
    tax_pence: int = field(init=False, repr=False, compare=False)
    gross_pence: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        net = sum([part.net_pence for part in self.parts])
        tax = sum([part.tax_pence for part in self.parts])
        object.__setattr__(self, "net_pence", net)
        object.__setattr__(self, "tax_pence", tax)
        object.__setattr__(self, "gross_pence", net + tax + self.value_pence)

    def opposite(self) -> Draft:
        """The document that cancels this one, line for line, under the same reference as Sage's own
        reversal has.
        """
        return replace(self, kind=OPPOSITES[self.kind])


class Ids(Protocol):
    """What the connector asks the company for."""

    def customer_id(self, reference: str) -> int: ...
    def bank_id(self, code: str) -> int: ...
    def tax_code_id(self, code: int) -> int: ...


def is_not_a_sale(receipt: Receipt) -> bool:
    return all(line.sku in NOT_A_SALE for line in receipt.lines)


def tax_code_of(letter: str, day: date, rate_tenths: int = 0) -> int | None:
    """Sage's code for a till's tax letter; None for a letter the connector was never told about.

    What was sold before the rate changed comes back at the rate that it was sold at.
    """
    if letter == "S":
        return STANDARD if day >= RATE_CHANGE and rate_tenths != OLD_RATE else STANDARD_UNTIL_2010
    return TAX_CODES.get(letter)


def nominal_of(sku: str, zero_rated: frozenset[str]) -> str:
    return NOMINALS.get(sku) or (BOOKS if sku in zero_rated else SALES)


def draft_documents(receipt: Receipt, zero_rated: frozenset[str]) -> list[Draft]:
    """The goods document, both of an exchange, and then the money, tender by tender. Tax as printed. A voucher whose
    VAT was due when it was sold comes back as goods, with the VAT of what it pays for.

    A tax letter without a code keeps code -1: such a document cannot be sent.
    """
    if receipt.kind == EXCHANGE:
        back = [line for line in receipt.lines if line.net_pence + line.tax_pence < 0]
        out = [line for line in receipt.lines if line.net_pence + line.tax_pence >= 0]
        goods = [_goods(receipt, back, -1, zero_rated), _goods(receipt, out, 1, zero_rated)]
    else:
        tips = sum(tender.tip_pence for tender in receipt.tenders)
        lines = [*receipt.lines, SoldLine(TIP, tips, 0, "N", 0)] if tips else receipt.lines
        goods = [_goods(receipt, lines, -1 if receipt.gross_pence < 0 else 1, zero_rated)]
        if vouchers := [one for one in receipt.tenders if one.tender_type == SINGLE_VOUCHER]:
            goods.append(
                _goods(receipt, [_given_back(receipt, sum(one.pence for one in vouchers))], -1, zero_rated)
            )
    number = receipt.store_id[-1]
    if any(tender.tender_type == ON_ACCOUNT for tender in receipt.tenders) or _is_paid_off(receipt):
        goods = [replace(draft, customer=TRADE_CUSTOMER) for draft in goods]
    money = [
        replace(
            goods[0],
            kind="receipt" if tender.pence > 0 else "payment",
            ordinal=tender.number,
            bank=BANKS.get(tender.tender_type, f"{tender.tender_type}0{number}"),
            reference=f"{goods[0].reference}-{tender.number}",
            parts=(),
            value_pence=abs(tender.pence),
        )
        for tender in receipt.tenders
        if tender.tender_type not in (ON_ACCOUNT, SINGLE_VOUCHER)
    ]
    return money if _is_paid_off(receipt) else [*goods, *money]


def _given_back(receipt: Receipt, pence: int) -> SoldLine:
    """A used voucher for the standard rate, as a line that comes back."""
    taxed = [line for line in receipt.lines if line.letter == "S"]
    tax = sum(line.tax_pence for line in taxed)
    share = half_up(pence * tax, sum(line.net_pence for line in taxed) + tax)
    return SoldLine(SINGLE_VOUCHER, share - pence, -share, "S", taxed[0].rate_tenths)


def _is_paid_off(receipt: Receipt) -> bool:
    """Whether a customer paid his account at the till: nothing was sold."""
    return any(line.sku == PAID_OFF for line in receipt.lines)


def _goods(receipt: Receipt, lines: Iterable[SoldLine], sign: int, zero_rated: frozenset[str]) -> Draft:
    """An invoice (1) or credit note (-1) of these lines, by nominal and tax code."""
    day = receipt.completed_at.date()
    sums: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        code = tax_code_of(line.letter, day, line.rate_tenths)
        totals = sums.setdefault((nominal_of(line.sku, zero_rated), -1 if code is None else code), [0, 0])
        totals[0] += sign * line.net_pence
        totals[1] += sign * line.tax_pence
    return Draft(
        kind="invoice" if sign > 0 else "credit_note",
        ordinal=1,
        store_id=receipt.store_id,
        receipt_no=receipt.receipt_no,
        document_date=day,
        customer=f"TILL0{receipt.store_id[-1]}",
        bank="",
        reference=f"POS-{receipt.store_id}-{receipt.receipt_no}",
        second_reference=f"TILL {receipt.till_id}",
        parts=tuple(Part(*key, *totals) for key, totals in sorted(sums.items()) if totals != [0, 0]),
    )


def body_of(draft: Draft, ids: Ids) -> dict[str, Any]:
    """The body of the POST, ids and pounds as Sage wants them."""
    if draft.kind in ("bank_receipt", "bank_payment"):
        return _cash_book_body(draft, ids)
    body: dict[str, Any] = {
        "customer_id": ids.customer_id(draft.customer),
        "transaction_date": f"{draft.document_date.isoformat()}T00:00:00Z",
        "reference": draft.reference,
        "second_reference": draft.second_reference,
    }
    if draft.bank:
        body["bank_id"] = ids.bank_id(draft.bank)
        body["cheque_value"] = pounds(draft.value_pence)
        return body
    taxes: dict[int, list[int]] = {}
    for part in draft.parts:
        totals = taxes.setdefault(part.tax_code, [0, 0])
        totals[0] += part.net_pence
        totals[1] += part.tax_pence
    body["document_goods_value"] = pounds(draft.net_pence)
    body["document_tax_value"] = pounds(draft.tax_pence)
    body["tax_analysis_items"] = [
        {"id": ids.tax_code_id(code), "goods_amount": pounds(net), "tax_amount": pounds(tax)}
        for code, (net, tax) in sorted(taxes.items())
    ]
    body["nominal_analysis_items"] = [
        {
            "code": part.nominal_code,
            "cost_centre": ""
            if part.nominal_code in WITHOUT_COST_CENTRE
            else draft.cost_centre or draft.store_id,
            "narrative": f"Till sales {draft.store_id}",
            "value": pounds(part.net_pence),
        }
        for part in draft.parts
        if part.net_pence
    ]
    return body


def _cash_book_body(draft: Draft, ids: Ids) -> dict[str, Any]:
    return {
        "bank_id": ids.bank_id(draft.bank),
        "transaction_date": f"{draft.document_date.isoformat()}T00:00:00Z",
        "reference": draft.reference,
        "second_reference": draft.second_reference,
        "cheque_value": pounds(draft.gross_pence),
        "cheque_goods_value": pounds(draft.net_pence),
        "cheque_tax_value": pounds(draft.tax_pence),
        "nominal_analysis_items": [
            {
                "code": part.nominal_code,
                "cost_centre": draft.cost_centre or draft.store_id,
                "narrative": f"Till cash {draft.store_id}",
                "gross_value": pounds(part.net_pence + part.tax_pence),
                "goods_value": pounds(part.net_pence),
                "tax_code_id": ids.tax_code_id(part.tax_code),
                "tax_value": pounds(part.tax_pence),
            }
            for part in draft.parts
        ],
    }


@lru_cache(maxsize=65536)
def pounds(pence: int) -> Decimal:
    return Decimal(pence).scaleb(-2)


def payload_hash(draft: Draft) -> str:
    return hashlib.md5(repr(draft).encode(), usedforsecurity=False).hexdigest()[:16]


def half_up(numerator: int, denominator: int) -> int:
    """Whole-number division, half away from zero."""
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(abs(numerator), denominator)
    whole += 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    return whole if numerator >= 0 else -whole


def truncated(numerator: int, denominator: int) -> int:
    return abs(numerator) // denominator if numerator >= 0 else -(abs(numerator) // denominator)


def tax_by_line(lines: Iterable[SoldLine], rounding: Rounding) -> int:
    """The receipt's tax when every line is rounded on its own."""
    return sum(rounding(line.net_pence * line.rate_tenths, 1000) for line in lines)


def tax_by_receipt(lines: Iterable[SoldLine], rounding: Rounding) -> int:
    """The receipt's tax when each tax code is rounded once."""
    sums: dict[tuple[str, int], int] = {}
    for line in lines:
        key = (line.letter, line.rate_tenths)
        sums[key] = sums.get(key, 0) + line.net_pence
    return sum(rounding(net * rate, 1000) for (_, rate), net in sums.items())


def nothing_of(receipt: Receipt) -> Draft:
    """What a receipt that rightly leaves nothing in Sage is told by: one document of kind `none`."""
    return Draft(
        kind="none",
        ordinal=0,
        store_id=receipt.store_id,
        receipt_no=receipt.receipt_no,
        document_date=receipt.completed_at.date(),
        customer="",
        bank="",
        reference="",
        second_reference="",
    )
