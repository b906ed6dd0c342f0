"""The double entry of each document Sage takes: which accounts, which side, what is refused.

Every builder returns a `Posting` whose lines sum to zero (debit positive); nothing here touches the file.
Sources: sage200.md §6.2-6.4, §7.1-7.3. Tax items carry the document's sign: credit notes, payments negative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox import shapes
from sandbox.bodies import Shape, read_body
from sandbox.lookups import Lookups
from sandbox.refusals import against_the_rules, invalid, missing

RECEIPT = "TradingAccountEntryTypePurchasePaymentSalesReceipt"
PAYMENT = "TradingAccountEntryTypePurchaseReceiptSalesPayment"
INVOICE = "TradingAccountEntryTypeInvoice"
CREDIT_NOTE = "TradingAccountEntryTypeCreditNote"
BANK_RECEIPT = "BankAccountEntryTypeReceipt"
BANK_PAYMENT = "BankAccountEntryTypePayment"
BANK_TRANSFER = "BankAccountEntryTypeTransfer"
SALES = "LedgerSales"
CASH_BOOK = "LedgerCashBook"
NOMINAL = "LedgerNominal"


class Unbalanced(Exception):  # noqa: N818 - cannot happen; said loudly if it does
    """A posting's debits and credits differ: the sandbox itself is wrong."""


class Line(NamedTuple):
    nominal_id: int
    value_pence: int  # debit positive
    narrative: str
    reference: str


class TaxItem(NamedTuple):
    tax_code_id: int
    entry_type: str  # Output or Input
    goods_pence: int  # signed as the document is
    tax_pence: int


@dataclass(frozen=True, slots=True)
class SalesEntry:
    """What the customer's account shows; signed, receipts and credit notes negative."""

    customer_id: int
    trader_transaction_type: str
    due_date: str
    goods_pence: int
    tax_pence: int
    discount_pence: int = 0
    settled_immediately: bool = False


class BankEntry(NamedTuple):
    bank_id: int
    bank_transaction_type: str
    cheque_pence: int  # money in positive
    description: str


@dataclass(frozen=True, slots=True)
class Posting:
    """One document, ready to be written under one URN."""

    resource: str
    source: str
    document_date: str
    reference: str
    second_reference: str
    lines: list[Line]
    tax_items: list[TaxItem] = field(default_factory=list)
    sales_entry: SalesEntry | None = None
    bank_entries: list[BankEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        if sum(line.value_pence for line in self.lines) != 0:
            raise Unbalanced(f"{self.resource} {self.reference}: {self.lines}")


@dataclass(frozen=True, slots=True)
class Divergence:
    """How Sage departs from the plain case for one posting: the faults that book elsewhere."""

    to_suspense: bool = False
    deferred: bool = False
    hidden_nominal: str | None = None  # accept | refuse; None: as the company's setting says


PLAIN = Divergence()


def build(
    resource: str, body: Mapping[str, Any], books: Lookups, today: str, divergence: Divergence = PLAIN
) -> Posting:
    """The posting of a POST body. `today` is the date used when the body has none. Raises Refused."""
    shape, builder = BUILDERS[resource]
    values = read_body(shape, body)
    values.setdefault("transaction_date", today)
    return builder(resource, values, books, divergence)


def analysed(item: dict[str, Any], books: Lookups, divergence: Divergence) -> int:
    """The nominal account an analysis item goes to, fault switches included."""
    if item.get("transaction_analysis_code"):
        raise against_the_rules("Transaction analysis codes are not enabled in the nominal ledger settings.")
    key = (item["code"], item.get("cost_centre", ""), item.get("department", ""))
    if divergence.to_suspense:
        return books.control("Suspense")
    return books.nominal(key, divergence.hidden_nominal)


def _check_tax(tax_items: list[dict[str, Any]], goods: int, tax: int, books: Lookups) -> None:
    for item in tax_items:
        books.tax_code(item["id"])
    if sum(item.get("goods_amount", 0) for item in tax_items) != goods:
        raise against_the_rules("The tax analysis goods do not equal the goods value of the document.")
    if sum(item.get("tax_amount", 0) for item in tax_items) != tax:
        raise against_the_rules("The tax analysis tax does not equal the tax value of the document.")


def _totals(
    nominal_items: list[dict[str, Any]], tax_items: list[dict[str, Any]], values: dict[str, Any]
) -> tuple[int, int]:
    goods = values.get("document_goods_value")
    if goods is None:
        goods = sum(item.get("value", 0) for item in nominal_items)
    tax = values.get("document_tax_value")
    if tax is None:
        tax = sum(item.get("tax_amount", 0) for item in tax_items)
    if goods < 0 or tax < 0:
        raise invalid("The document values must not be negative; send a credit note instead.")
    return goods, tax


def _sales_document(resource: str, values: dict[str, Any], books: Lookups, divergence: Divergence) -> Posting:
    customer = books.customer(values["customer_id"])
    sign = 1 if resource == "sales_invoices" else -1
    mark = "SI" if sign == 1 else "SC"
    nominal_items = values.get("nominal_analysis_items") or []
    tax_items = values.get("tax_analysis_items") or []
    goods, tax = _totals(nominal_items, tax_items, values)
    if not nominal_items:
        if not customer.default_nominal_reference:
            raise missing("nominal_analysis_items")
        nominal_items = [{"code": customer.default_nominal_reference, "value": goods}]
    elif sum(item.get("value", 0) for item in nominal_items) != goods:
        raise against_the_rules("The nominal analysis does not equal the goods value of the document.")
    if not tax_items:
        if customer.default_tax_code_id is None:
            raise missing("tax_analysis_items")
        tax_items = [{"id": customer.default_tax_code_id, "goods_amount": goods, "tax_amount": tax}]
    _check_tax(tax_items, goods, tax, books)
    reference = values.get("reference", "")
    control_narrative = f"{mark} / {customer.reference}"
    lines = [Line(books.control("DebtorsControl"), sign * (goods + tax), control_narrative, reference)]
    for item in nominal_items:
        account = analysed(item, books, divergence)
        lines.append(Line(account, -sign * item.get("value", 0), item.get("narrative", ""), reference))
    vat = books.control("DefaultVATOutput")
    taxes = []
    for item in tax_items:
        item_tax = item.get("tax_amount", 0)
        taxes.append(TaxItem(item["id"], "Output", sign * item.get("goods_amount", 0), sign * item_tax))
        if item_tax:
            lines.append(Line(vat, -sign * item_tax, control_narrative, reference))
    return Posting(
        resource,
        SALES,
        values["transaction_date"],
        reference,
        values.get("second_reference", ""),
        lines,
        taxes,
        SalesEntry(
            values["customer_id"],
            INVOICE if sign == 1 else CREDIT_NOTE,
            values.get("due_date", values["transaction_date"]),
            sign * goods,
            sign * tax,
            sign * values.get("document_discount_value", 0),
            values.get("settled_immediately", False),
        ),
    )


def _trader_money(resource: str, values: dict[str, Any], books: Lookups, divergence: Divergence) -> Posting:
    customer = books.customer(values["customer_id"])
    bank = books.bank(values["bank_id"])
    sign = 1 if resource == "sales_receipts" else -1
    cheque = values["cheque_value"]
    if cheque <= 0:
        raise invalid("The field cheque_value must be greater than zero.")
    if values.get("customer_cheque_value", cheque) != cheque:
        raise against_the_rules("The cheque and customer values must agree in a base-currency bank.")
    discount = values.get("settlement_discount_value", 0)
    reference = values.get("reference", "")
    narrative = f"{'SR' if sign == 1 else 'SP'} / {customer.reference}"
    lines = [
        Line(bank.nominal_id, sign * cheque, narrative, reference),
        Line(books.control("DebtorsControl"), -sign * (cheque + discount), narrative, reference),
    ]
    if discount:
        lines.append(Line(books.control("DiscountAllowed"), sign * discount, narrative, reference))
    charges = 0
    for item in values.get("nominal_analysis_items") or []:  # bank charges, taken by the bank on top
        account = analysed(item, books, divergence)
        charges += item.get("value", 0)
        lines.append(Line(account, item.get("value", 0), item.get("narrative", ""), reference))
    if charges:
        lines.append(Line(bank.nominal_id, -charges, narrative, reference))
    return Posting(
        resource,
        SALES,
        values["transaction_date"],
        reference,
        values.get("second_reference", ""),
        lines,
        [],
        SalesEntry(
            values["customer_id"],
            RECEIPT if sign == 1 else PAYMENT,
            values["transaction_date"],
            -sign * (cheque + discount),
            0,
        ),
        [
            BankEntry(
                values["bank_id"],
                BANK_RECEIPT if sign == 1 else BANK_PAYMENT,
                sign * cheque - charges,
                narrative,
            )
        ],
    )


def _bank_money(resource: str, values: dict[str, Any], books: Lookups, divergence: Divergence) -> Posting:
    bank = books.bank(values["bank_id"])
    sign = 1 if resource == "bank_receipt" else -1
    items = values.get("nominal_analysis_items") or values.get("nominal_journal_items")
    if not items:
        raise missing("nominal_analysis_items")
    reference = values.get("reference", "")
    header_narrative = values.get("narrative", "")
    vat = books.control("DefaultVATOutput" if sign == 1 else "DefaultVATInput")
    lines = []
    taxes = []
    gross_total = goods_total = tax_total = 0
    for item in items:
        tax = item.get("tax_value", 0)
        gross = item.get("gross_value")
        goods = item.get("goods_value")
        if gross is None and goods is None:
            raise missing("nominal_analysis_items.gross_value")
        if gross is None:
            gross = goods + tax
        elif goods is None:
            goods = gross - tax
        if goods + tax != gross:
            raise against_the_rules("The goods and tax of an analysis line do not equal its gross value.")
        tax_code_id = item.get("tax_code_id", values.get("tax_code_id"))
        account = analysed(item, books, divergence)
        line_reference = item.get("reference") or reference
        lines.append(Line(account, -sign * goods, item.get("narrative") or header_narrative, line_reference))
        if tax_code_id is not None:
            books.tax_code(tax_code_id)
            taxes.append(TaxItem(tax_code_id, "Output" if sign == 1 else "Input", sign * goods, sign * tax))
        elif tax:
            raise missing("nominal_analysis_items.tax_code_id")
        if tax:
            lines.append(Line(vat, -sign * tax, header_narrative, line_reference))
        gross_total, goods_total, tax_total = gross_total + gross, goods_total + goods, tax_total + tax
    for name, total in (
        ("cheque_value", gross_total),
        ("cheque_goods_value", goods_total),
        ("cheque_tax_value", tax_total),
    ):
        if values.get(name, total) != total:
            raise against_the_rules(f"The nominal analysis does not equal the {name} of the document.")
    if gross_total <= 0:
        raise invalid("The field cheque_value must be greater than zero.")
    lines.insert(0, Line(bank.nominal_id, sign * gross_total, header_narrative, reference))
    kind = BANK_RECEIPT if sign == 1 else BANK_PAYMENT
    return Posting(
        resource,
        CASH_BOOK,
        values["transaction_date"],
        reference,
        values.get("second_reference", ""),
        lines,
        taxes,
        None,
        [BankEntry(values["bank_id"], kind, sign * gross_total, header_narrative)],
    )


def _bank_transfer(resource: str, values: dict[str, Any], books: Lookups, divergence: Divergence) -> Posting:
    payer, payee = books.bank(values["bank_from_id"]), books.bank(values["bank_to_id"])
    if values["bank_from_id"] == values["bank_to_id"]:
        raise invalid("The two banks of a transfer must differ.")
    paid = values["payment_value"]
    if paid <= 0:
        raise invalid("The field payment_value must be greater than zero.")
    if values.get("receipt_value", paid) != paid:
        raise against_the_rules("Payment and receipt must agree between base-currency banks.")
    reference, narrative = values.get("reference", ""), values.get("narrative", "")
    out_of, into = -paid, paid
    lines = []
    commission = values.get("commission_value", 0)
    if commission:
        if values.get("commission_code"):
            parts = {name: values.get(f"commission_{name}", "") for name in ("cost_centre", "department")}
            account = analysed({"code": values["commission_code"], **parts}, books, divergence)
        else:
            account = books.control("BankCharges")
        lines.append(Line(account, commission, narrative, reference))
        if values.get("commission_payer") == "ReceiptBank":
            into -= commission
        else:
            out_of -= commission
    lines[:0] = [
        Line(payer.nominal_id, out_of, narrative, reference),
        Line(payee.nominal_id, into, narrative, reference),
    ]
    return Posting(
        resource,
        CASH_BOOK,
        values["transaction_date"],
        reference,
        values.get("second_reference", ""),
        lines,
        [],
        None,
        [
            BankEntry(values["bank_from_id"], BANK_TRANSFER, out_of, narrative),
            BankEntry(values["bank_to_id"], BANK_TRANSFER, into, narrative),
        ],
    )


Builder = Callable[[str, dict[str, Any], Lookups, Divergence], Posting]
BUILDERS: dict[str, tuple[Shape, Builder]] = {
    "sales_invoices": (shapes.INVOICE, _sales_document),
    "sales_credit_notes": (shapes.CREDIT_NOTE, _sales_document),
    "sales_receipts": (shapes.TRADER_MONEY, _trader_money),
    "sales_payments": (shapes.TRADER_MONEY, _trader_money),
    "bank_receipt": (shapes.BANK_MONEY, _bank_money),
    "bank_payment": (shapes.BANK_MONEY, _bank_money),
    "bank_transfer": (shapes.BANK_TRANSFER, _bank_transfer),
}
