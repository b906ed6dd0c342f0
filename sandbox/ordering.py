"""Sales orders (sage200.md §8): what Sage takes, what it reckons of it, and the invoice a person makes of one.

An order is in no ledger. Sage's REST has no call that invoices it: that is done on the desktop.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox import housekeeping, shapes
from sandbox.bodies import read_body
from sandbox.documents import Posting, build
from sandbox.lookups import Lookups
from sandbox.refusals import against_the_rules, invalid, missing, unknown

STANDARD, FREE_TEXT = "EnumLineTypeStandard", "EnumLineTypeFreeText"
LIVE, COMPLETE, CANCELLED, DRAFT = (
    f"EnumDocumentStatus{status}" for status in ("Live", "Complete", "Cancelled", "Draft")
)
PENNY, WHOLE = Decimal("0.01"), Decimal(1)


def enter(
    connection: sqlite3.Connection, lookups: Lookups, body: Mapping[str, Any], *, user_name: str, at: str
) -> dict[str, Any]:
    """Keep an order; returns its id and numbers. Raises Refused for the first fault met."""
    values = read_body(shapes.ORDER, body)
    customer = lookups.customer(values["customer_id"])
    on_hold = connection.execute(
        "select on_hold from customers where id = ?", (values["customer_id"],)
    ).fetchone()
    if on_hold[0] and not values.get("override_on_hold"):
        raise against_the_rules(f"The customer account {customer.reference} is on hold.")
    number = _number(connection, lookups, values)
    if not values["lines"]:
        raise missing("lines")
    lines = [_line(connection, lookups, line) for line in values["lines"]]
    taxes = _taxes(connection, lookups, lines)
    net, tax = sum(line["net_pence"] for line in lines), sum(taxes)
    cursor = connection.execute(
        "insert into sop_orders (document_no, customer_document_no, customer_id, document_date, document_status,"
        " invoice_credit_status, cancelled_status, is_draft, net_pence, tax_pence, gross_pence, analysis_code_1,"
        " created_by, created_at, updated_at) values (?,?,?,?,?,'None','None',?,?,?,?,?,?,?,?)",
        (
            number,
            values.get("customer_document_no", ""),
            values["customer_id"],
            values.get("document_date", at[:10]),
            DRAFT if values.get("is_editing") else LIVE,
            int(values.get("is_editing", False)),
            net,
            tax,
            net + tax,
            values.get("analysis_code_1", ""),
            user_name,
            at,
            at,
        ),
    )
    order_id = cursor.lastrowid
    columns = list(lines[0])
    names = ", ".join(["sop_order_id", "line_number", *columns, "tax_pence", "created_at", "updated_at"])
    marks = ",".join("?" * (len(columns) + 5))
    connection.executemany(
        f"insert into sop_order_lines ({names}) values ({marks})",
        [
            (order_id, place, *line.values(), line_tax, at, at)
            for place, (line, line_tax) in enumerate(zip(lines, taxes, strict=True), start=1)
        ],
    )
    return {
        "id": order_id,
        "customer_id": values["customer_id"],
        "document_no": number,
        "customer_document_no": values.get("customer_document_no", ""),
    }


def _number(connection: sqlite3.Connection, lookups: Lookups, values: Mapping[str, Any]) -> str:
    if lookups.settings["sop_auto_number"] == "true":
        found = connection.execute("select count(*) from sop_orders").fetchone()[0]
        return f"{found + 1:010d}"
    number: str = values.get("document_no", "")
    if not number:
        raise missing("document_no")
    if lookups.settings["sop_unique_numbers"] == "true":
        taken = connection.execute("select 1 from sop_orders where document_no = ?", (number,)).fetchone()
        if taken:
            raise against_the_rules(f"The order number {number} has already been used.")
    return number


def _line(connection: sqlite3.Connection, lookups: Lookups, line: Mapping[str, Any]) -> dict[str, Any]:
    if line["line_type"] not in (STANDARD, FREE_TEXT):
        raise invalid(f"The line type {line['line_type']} is not supported by this sandbox.")
    for name in ("line_quantity", *(("product_id", "warehouse_id") if line["line_type"] == STANDARD else ())):
        if name not in line:
            raise missing(f"lines.{name}")
    quantity, price = Decimal(line["line_quantity"]), Decimal(line.get("selling_unit_price", 0))
    if quantity <= 0:
        raise invalid("The field lines.line_quantity must be greater than zero.")
    if price < 0:
        raise invalid("The field lines.selling_unit_price must not be negative.")
    product = _product(connection, line) if line["line_type"] == STANDARD else None
    if product is None and not line.get("description"):
        raise missing("lines.description")
    tax_code_id = line.get("tax_code_id", product["tax_code_id"] if product else None)
    if tax_code_id is None:
        raise missing("lines.tax_code_id")
    account = (
        line.get("nominal_reference", ""),
        line.get("nominal_cost_centre", ""),
        line.get("nominal_department", ""),
    )
    if not account[0]:
        raise missing("lines.nominal_reference")
    lookups.nominal(account)
    price = price.quantize(WHOLE.scaleb(-int(lookups.settings["sop_price_decimals"])), rounding=ROUND_HALF_UP)
    net = (quantity * price).quantize(PENNY, rounding=ROUND_HALF_UP)
    return {
        "line_type": line["line_type"],
        "product_id": product["id"] if product else None,
        "warehouse_id": line["warehouse_id"] if product else None,
        "description": line.get("description") or (product["name"] if product else ""),
        "quantity_thousandths": int(quantity.scaleb(3)),
        "price_hundredthousandths": int(price.scaleb(5)),
        "tax_code_id": lookups.tax_code(tax_code_id),
        "nominal_reference": account[0],
        "nominal_cost_centre": account[1],
        "nominal_department": account[2],
        "net_pence": int(net.scaleb(2)),
    }


def _product(connection: sqlite3.Connection, line: Mapping[str, Any]) -> dict[str, Any]:
    found = connection.execute(
        "select id, code, name, tax_code_id, product_status_type from products where id = ?",
        (line["product_id"],),
    ).fetchone()
    if found is None:
        raise unknown(f"product with id {line['product_id']}")
    product = dict(zip(("id", "code", "name", "tax_code_id", "status"), found, strict=True))
    if product["status"] == "Inactive":
        raise against_the_rules(f"The product {product['code']} is inactive.")
    if (
        connection.execute("select 1 from warehouses where id = ?", (line["warehouse_id"],)).fetchone()
        is None
    ):
        raise unknown(f"warehouse with id {line['warehouse_id']}")
    held = connection.execute(
        "select 1 from warehouse_holdings where product_id = ? and warehouse_id = ?",
        (line["product_id"], line["warehouse_id"]),
    ).fetchone()
    if held is None:
        raise against_the_rules(f"The product {product['code']} is not held in this warehouse.")
    return product


def _taxes(connection: sqlite3.Connection, lookups: Lookups, lines: list[dict[str, Any]]) -> list[int]:
    """The VAT of each line, half up; by tax code, what rounding leaves is on the code's last line."""
    rates = {
        row[0]: Decimal(row[1]) for row in connection.execute("select id, rate_hundredths from tax_codes")
    }

    def tax_on(code_id: int, pence: int) -> int:
        return int((pence * rates[code_id] / 10_000).quantize(WHOLE, rounding=ROUND_HALF_UP))

    taxes = [tax_on(line["tax_code_id"], line["net_pence"]) for line in lines]
    if lookups.settings["sop_vat"] == "tax_code":
        of_code: dict[int, list[int]] = defaultdict(list)
        for place, line in enumerate(lines):
            of_code[line["tax_code_id"]].append(place)
        for code_id, places in of_code.items():
            whole = tax_on(code_id, sum(lines[place]["net_pence"] for place in places))
            taxes[places[-1]] += whole - sum(taxes[place] for place in places)
    return taxes


# what a person does


def waiting(connection: sqlite3.Connection) -> list[int]:
    """Ids of the live orders that nobody has invoiced."""
    rows = connection.execute("select id from sop_orders where document_status = ? order by id", (LIVE,))
    return [row[0] for row in rows]


def invoice_of(
    connection: sqlite3.Connection, lookups: Lookups, order_id: int, invoice_date: date | None
) -> Posting:
    """The posting that printing its invoice makes. Raises Refused."""
    order = _live(connection, order_id)
    lines = connection.execute(
        "select nominal_reference, nominal_cost_centre, nominal_department, tax_code_id, net_pence, tax_pence"
        " from sop_order_lines where sop_order_id = ? order by line_number",
        (order_id,),
    ).fetchall()
    taxes: dict[int, list[int]] = {}
    for *_, tax_code_id, net, tax in lines:
        sums = taxes.setdefault(tax_code_id, [0, 0])
        sums[0], sums[1] = sums[0] + net, sums[1] + tax
    number = (
        connection.execute("select count(*) from postings where resource = 'sop_invoice'").fetchone()[0] + 1
    )
    references = {"reference": f"{number:010d}", "second_reference": order["customer_document_no"][:20]}
    if lookups.settings["sop_invoice_key"] == "reference":
        references = {"reference": order["customer_document_no"][:20], "second_reference": f"{number:010d}"}
    when = invoice_date.isoformat() if invoice_date else order["document_date"]
    body = {
        "customer_id": order["customer_id"],
        "transaction_date": f"{when}T00:00:00Z",
        **references,
        "document_goods_value": _pounds(order["net_pence"]),
        "document_tax_value": _pounds(order["tax_pence"]),
        "tax_analysis_items": [
            {"id": code_id, "goods_amount": _pounds(net), "tax_amount": _pounds(tax)}
            for code_id, (net, tax) in taxes.items()
        ],
        "nominal_analysis_items": [
            {"code": code, "cost_centre": cost_centre, "department": department, "value": _pounds(net)}
            for code, cost_centre, department, _, net, _ in lines
        ],
    }
    return replace(build("sales_invoices", body, lookups, when), resource="sop_invoice")


def issue(
    connection: sqlite3.Connection, order_id: int, posting: Posting, *, user_name: str, at: datetime
) -> None:
    """The goods leave their warehouses, and the order is complete."""
    goods = connection.execute(
        "select products.code, warehouses.name, quantity_thousandths from sop_order_lines"
        " join products on products.id = product_id join warehouses on warehouses.id = warehouse_id"
        " where sop_order_id = ? order by line_number",
        (order_id,),
    ).fetchall()
    for code, warehouse, quantity in goods:
        housekeeping.move_stock(
            connection,
            code,
            warehouse,
            -quantity,
            transaction_type="Goods Out",
            transaction_date=date.fromisoformat(posting.document_date),
            reference=posting.reference,
            second_reference=posting.second_reference,
            user_name=user_name,
            at=at,
        )
    connection.execute(
        "update sop_orders set document_status = ?, invoice_credit_status = 'Fully', updated_at = ? where id = ?",
        (COMPLETE, at.isoformat(timespec="milliseconds"), order_id),
    )


def cancel(connection: sqlite3.Connection, order_id: int, *, at: str) -> None:
    """Raises Refused for an order that is not live."""
    _live(connection, order_id)
    connection.execute(
        "update sop_orders set document_status = ?, cancelled_status = 'Fully', updated_at = ? where id = ?",
        (CANCELLED, at, order_id),
    )


def delete(connection: sqlite3.Connection, order_id: int) -> None:
    """Raises Refused for an order that is not live."""
    _live(connection, order_id)
    connection.execute("delete from sop_order_lines where sop_order_id = ?", (order_id,))
    connection.execute("delete from sop_orders where id = ?", (order_id,))


def _live(connection: sqlite3.Connection, order_id: int) -> dict[str, Any]:
    names = (
        *("customer_id", "document_no", "customer_document_no", "document_date", "document_status"),
        *("net_pence", "tax_pence"),
    )
    found = connection.execute(
        f"select {', '.join(names)} from sop_orders where id = ?", (order_id,)
    ).fetchone()
    if found is None:
        raise unknown(f"sales order with id {order_id}")
    order = dict(zip(names, found, strict=True))
    if order["document_status"] != LIVE:
        raise against_the_rules(f"The order {order['document_no']} is {order['document_status']}.")
    return order


def _pounds(pence: int) -> Decimal:
    return Decimal(pence).scaleb(-2)
