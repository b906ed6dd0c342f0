"""An invoice of ours as Sage 200's sales order: its body, why Sage would not take it to the penny, how it reads back.

An order touches no ledger. It carries the posting key as the customer's order number, by which it is looked for, and a
person despatches and invoices it in Sage: no call of the API does. Sage reckons an order's value and VAT itself, so
what it would make of each line is reckoned here first, by the settings `sage200.sop_…`.
Sources: Sage 200 OpenAPI file sop, field lengths included; what it leaves open is a setting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from orchestration.ledgers.ledger import (
    INVOICE_KEY,
    Document,
    OrderLine,
    PostedDocument,
    PostedOrder,
    TaxLine,
)
from orchestration.ledgers.sage200_documents import DESCRIPTION_LENGTH, Ids, UnpostableError, pence
from orchestration.ledgers.sage200_settings import Sage200Settings
from orchestration.ledgers.sage200_wire import Row

ORDER_RESOURCE = "sop_orders"
STANDARD, FREE_TEXT = "EnumLineTypeStandard", "EnumLineTypeFreeText"
CANCELLED = "cancelled"
INVOICED = ("fully", "partially")
ORDER_FIELDS = (
    *(
        "id",
        "customer_id",
        "document_no",
        "customer_document_no",
        "document_date",
        "document_status",
        "is_draft",
    ),
    *(
        "invoice_credit_status",
        "total_net_value",
        "total_tax_value",
        "total_gross_value",
        "document_created_by",
    ),
    *("lines",),
)
PENNY, WHOLE = Decimal("0.01"), Decimal(1)


@dataclass(frozen=True)
class StockIds:
    """How Sage's ids of stock are found; each raises UnpostableError for what Sage does not have."""

    product: Callable[[str], int]
    warehouse: Callable[[str], int]


@dataclass(frozen=True)
class StockNames:
    """What stands behind an id that an order line names."""

    product: Callable[[int], str]
    warehouse: Callable[[int], str]
    tax_code: Callable[[int], int]
    customer: Callable[[int], str]


# sending


def order_of(
    document: Document, ids: Ids, stock: StockIds, settings: Sage200Settings
) -> tuple[str, dict[str, Any]]:
    """The resource and the body to post. Raises UnpostableError before anything is sent."""
    if settings.sop_order_numbers == "unset":
        raise UnpostableError("sage200.sop_order_numbers does not say who numbers sales orders")
    if document.document_kind != "invoice" or not document.customer_reference:
        raise UnpostableError(f"a {document.document_kind} is no sales order")
    numbered = {"document_no": document.posting_key} if settings.sop_order_numbers == "ours" else {}
    return ORDER_RESOURCE, {
        "customer_id": ids.customer(document.customer_reference),
        **numbered,
        "customer_document_no": document.posting_key,
        "document_date": f"{document.document_date.isoformat()}T00:00:00Z",
        "is_editing": False,
        "lines": [_line_of(line, ids, stock, settings) for line in document.order_lines],
    }


def _line_of(line: OrderLine, ids: Ids, stock: StockIds, settings: Sage200Settings) -> dict[str, Any]:
    price = unit_price(line, settings.sop_price_decimals)
    if price is None:
        raise UnpostableError(f"{_named(line)} has no unit price of {settings.sop_price_decimals} decimals")
    is_stock = line.product_code is not None
    return {
        "line_type": STANDARD if is_stock else FREE_TEXT,
        **(
            {
                "product_id": stock.product(line.product_code or ""),
                "warehouse_id": stock.warehouse(line.warehouse or ""),
            }
            if is_stock
            else {"description": line.description[:DESCRIPTION_LENGTH]}
        ),
        "line_quantity": _quantity(line),
        "selling_unit_price": price,
        "tax_code_id": ids.tax_code(line.tax_code),
        "nominal_reference": line.nominal_code,
        "nominal_cost_centre": line.cost_centre,
        "nominal_department": line.department,
    }


def unit_price(line: OrderLine, decimals: int) -> Decimal | None:
    """The price that comes to the line's net, in as many decimals; None where there is none."""
    quantity = _quantity(line)
    if quantity <= 0:
        return None
    price = (Decimal(line.net_pence).scaleb(-2) / quantity).quantize(
        WHOLE.scaleb(-decimals), rounding=ROUND_HALF_UP
    )
    comes_to = (price * quantity).quantize(PENNY, rounding=ROUND_HALF_UP)
    return price if comes_to == Decimal(line.net_pence).scaleb(-2) else None


def _quantity(line: OrderLine) -> Decimal:
    return Decimal(line.quantity_thousandths).scaleb(-3)


def _named(line: OrderLine) -> str:
    return f"{_quantity(line).normalize():f} of {line.product_code or line.description} for {line.net_pence} pence"


# asking first


def reckoning_problem(
    document: Document, rate_of: Callable[[int], Decimal | None], settings: Sage200Settings
) -> str:
    """In what the order would not come to the till's pence, in words; empty where it does."""
    for line in document.order_lines:
        if line.net_pence < 0 or line.quantity_thousandths <= 0:
            return f"{_named(line)}: an order takes nothing below nought"
        if unit_price(line, settings.sop_price_decimals) is None:
            return (
                f"{_named(line)}: no unit price of {settings.sop_price_decimals} decimals comes to that"
                " (sage200.sop_price_decimals)"
            )
    parts: dict[int, list[int]] = defaultdict(list)
    for line in document.order_lines:
        parts[line.tax_code].append(line.net_pence)
    for code, nets in sorted(parts.items()):
        rate = rate_of(code)
        if rate is None:
            return f"Sage has no tax code {code}"
        taxed = nets if settings.sop_vat == "line" else [sum(nets)]
        there = sum(int((net * rate / 100).quantize(WHOLE, rounding=ROUND_HALF_UP)) for net in taxed)
        wanted = sum(line.tax_pence for line in document.tax_lines if line.tax_code == code)
        if there != wanted:
            return (
                f"Sage would reckon VAT of {there} pence on tax code {code}, the till charged {wanted}"
                f" (sage200.sop_vat is {settings.sop_vat})"
            )
    return ""


def stock_problem(
    document: Document,
    products: Mapping[str, Row],
    warehouse_ids: Mapping[str, int],
    held: set[tuple[int, int]],
) -> str:
    """Which product or warehouse Sage does not have, or does not sell from, in words; empty for none."""
    for line in document.order_lines:
        if line.product_code is None:
            continue
        product = products.get(line.product_code)
        if product is None:
            return f"Sage has no product {line.product_code}"
        if str(product.get("product_status_type") or "").lower().endswith("inactive"):
            return f"product {line.product_code} is inactive in Sage"
        if product.get("allow_sales_order") is False:
            return f"product {line.product_code} may not be on a sales order in Sage"
        warehouse_id = warehouse_ids.get(line.warehouse or "")
        if warehouse_id is None:
            return f"Sage has no warehouse {line.warehouse or '(none)'} that sells"
        if (product["id"], warehouse_id) not in held:
            return f"product {line.product_code} is not held in warehouse {line.warehouse}"
    return ""


# reading back


def read_order(row: Row, names: StockNames) -> PostedDocument:
    """An order of ours that is no invoice yet, as a document without a URN."""
    lines = tuple(_read_line(line, names) for line in row.get("lines") or ())
    status = str(row.get("document_status") or "").lower()
    by_code: dict[int, tuple[int, int]] = {}
    for line in lines:
        net, tax = by_code.get(line.tax_code, (0, 0))
        by_code[line.tax_code] = (net + line.net_pence, tax + line.tax_pence)
    return PostedDocument(
        urn=0,
        reference=str(row.get("customer_document_no") or ""),
        document_kind="invoice",
        document_date=date.fromisoformat(str(row["document_date"])[:10]),
        gross_pence=pence(row.get("total_gross_value")),
        tax_pence=pence(row.get("total_tax_value")),
        customer_reference=names.customer(row["customer_id"]),
        bank_code=None,
        second_reference=str(row.get("document_no") or ""),
        net_pence=pence(row.get("total_net_value")),
        user_name=str(row.get("document_created_by") or ""),
        is_in_nominal=False,
        tax_lines=tuple(TaxLine(code, net, tax) for code, (net, tax) in sorted(by_code.items())),
        order=PostedOrder(
            order_id=row["id"],
            document_no=str(row.get("document_no") or ""),
            is_draft=bool(row.get("is_draft")) or status.endswith("draft"),
            is_cancelled=status.endswith(CANCELLED),
            lines=lines,
            is_invoiced=_is_invoiced(row),
        ),
    )


def _read_line(line: Row, names: StockNames) -> OrderLine:
    product_id, warehouse_id = line.get("product_id"), line.get("warehouse_id")
    return OrderLine(
        description=str(line.get("description") or ""),
        product_code=names.product(product_id) if product_id else None,
        warehouse=names.warehouse(warehouse_id) if warehouse_id else None,
        quantity_thousandths=int(Decimal(str(line.get("line_quantity") or 0)).scaleb(3)),
        nominal_code=str(line.get("nominal_reference") or ""),
        cost_centre=str(line.get("nominal_cost_centre") or ""),
        department=str(line.get("nominal_department") or ""),
        tax_code=names.tax_code(line["tax_code_id"]) if line.get("tax_code_id") else -1,
        net_pence=pence(line.get("line_total_value")),
        tax_pence=pence(line.get("line_tax_value")),
    )


def not_yet_invoices(rows: Iterable[Row], invoiced: set[str]) -> Iterator[Row]:
    """The orders that are not what a ledger holds already: one that was invoiced is that invoice, once it is read."""
    for row in rows:
        if not (_is_invoiced(row) and str(row.get("customer_document_no") or "") in invoiced):
            yield row


def _is_invoiced(row: Row) -> bool:
    return str(row.get("invoice_credit_status") or "").lower().endswith(INVOICED)


def key_of(row: Row, settings: Sage200Settings) -> str:
    """The reference of a sales ledger row: of the invoice that an order of ours became, the order's own key."""
    reference = str(row.get("reference") or "")
    if settings.sop_order_numbers == "unset" or settings.sop_invoice_key == "reference":
        return reference
    second = str(row.get("second_reference") or "")
    return second if INVOICE_KEY.fullmatch(second) and not INVOICE_KEY.fullmatch(reference) else reference
