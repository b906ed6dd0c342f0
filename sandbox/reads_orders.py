"""Sales order resources (sage200.md §8)."""

from __future__ import annotations

from sandbox.catalogue import WRITERS, Column, Resource, array, columns, constant, money_json, named, stamps
from sandbox.ordering import CANCELLED, COMPLETE, DRAFT, LIVE

STATUSES = (LIVE, COMPLETE, CANCELLED, DRAFT)


def _quantity(sql: str) -> str:
    return f"json({WRITERS['quantity'].replace('$', sql)})"


ORDER_LINES = array(
    {
        "id": "l.id",
        "sop_order_id": "l.sop_order_id",
        "line_number": "l.line_number",
        "line_type": "l.line_type",
        "product_id": "l.product_id",
        "warehouse_id": "l.warehouse_id",
        "description": "l.description",
        "line_quantity": _quantity("l.quantity_thousandths"),
        "selling_unit_price": f"json({WRITERS['price'].replace('$', 'l.price_hundredthousandths')})",
        "tax_code_id": "l.tax_code_id",
        "nominal_reference": "l.nominal_reference",
        "nominal_cost_centre": "l.nominal_cost_centre",
        "nominal_department": "l.nominal_department",
        "line_tax_value": money_json("l.tax_pence"),
        "line_total_value": money_json("l.net_pence"),
    },
    "(select * from sop_order_lines where sop_order_id = o.id order by line_number) l",
)
SOP_ORDERS = Resource(
    "sop_orders",
    "sop_orders o",
    columns(
        Column("id", "o.id", "int"),
        Column("customer_id", "o.customer_id", "int"),
        named("text", "o", "document_no", "customer_document_no", "analysis_code_1"),
        Column("document_date", "o.document_date", "date"),
        Column("document_status", "o.document_status", values=STATUSES),
        Column("invoice_credit_status", "o.invoice_credit_status"),
        Column("cancelled_status", "o.cancelled_status"),
        Column("is_draft", "o.is_draft", "bool"),
        Column("document_created_by", "o.created_by"),
        constant("bool", "0", "is_credit_limit_exceeded"),
        Column("total_net_value", "o.net_pence", "money"),
        Column("total_tax_value", "o.tax_pence", "money"),
        Column("total_gross_value", "o.gross_pence", "money"),
        Column("lines", ORDER_LINES, "json", is_expanded_only=True),
        stamps("o"),
    ),
    "o.id asc",
    key="o.id",
)
SOP_ORDER_LINES = Resource(
    "sop_order_lines",
    "sop_order_lines l",
    columns(
        Column("id", "l.id", "int"),
        Column("sop_order_id", "l.sop_order_id", "int"),
        Column("line_number", "l.line_number", "int"),
        Column("line_type", "l.line_type"),
        Column("product_id", "l.product_id", "int"),
        Column("warehouse_id", "l.warehouse_id", "int"),
        Column("description", "l.description"),
        Column("line_quantity", "l.quantity_thousandths", "quantity"),
        Column("selling_unit_price", "l.price_hundredthousandths", "price"),
        Column("tax_code_id", "l.tax_code_id", "int"),
        named("text", "l", "nominal_reference", "nominal_cost_centre", "nominal_department"),
        Column("line_tax_value", "l.tax_pence", "money"),
        Column("line_total_value", "l.net_pence", "money"),
        stamps("l"),
    ),
    "l.id asc",
    key="l.id",
    parents={"sop_orders": "l.sop_order_id"},
)
RESOURCES = [SOP_ORDERS]
