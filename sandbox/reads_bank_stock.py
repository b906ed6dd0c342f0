"""Cash book and stock resources (sage200.md §7.4, §9)."""

from __future__ import annotations

from sandbox import nested
from sandbox.catalogue import Column, Resource, columns, constant, named, single, stamps
from sandbox.reads_nominal import ACCOUNT_STATUSES

BANK: list[Column] = [
    Column("id", "b.id", "int"),
    *named("text", "b", "code", "description", "sort_code", "account_no"),
    Column("account_status_type", "b.account_status_type", values=ACCOUNT_STATUSES),
    Column("balance", "b.balance_pence", "money"),
]
BANKS = Resource(
    "banks",
    "banks b",
    columns(
        *BANK,
        Column("balance_in_base", "b.balance_pence", "money"),
        Column("bank_account_nominal_reference", "b.nominal_reference"),
        Column("bank_account_nominal_cost_centre", "b.nominal_cost_centre"),
        Column("bank_account_nominal_department", "b.nominal_department"),
        stamps("b"),
    ),
    "b.id asc",
    key="b.id",
)
BANK_VIEWS = Resource("bank_views", "banks b", columns(*BANK), "b.id asc", key="b.id")

BANK_POSTED_TRANSACTIONS = Resource(
    "bank_posted_transactions",
    "bank_transactions s",
    columns(
        Column("id", "s.id", "int"),
        Column("bank_id", "s.bank_id", "int"),
        named("text", "s", "bank_transaction_type", "entry_description", "reference", "second_reference"),
        Column("transaction_date", "s.transaction_date", "date"),
        Column("posted_date", "s.posted_at", "time"),
        Column("cheque_value", "s.cheque_pence", "money"),
        constant("money", "0", "cheque_discount_value"),
        Column("last_statement_date", "s.last_statement_date", "date"),
        Column("statement_page_number", "s.statement_page_number", "int"),
        Column("source", "s.source"),
        Column("urn", "s.urn", "int"),
        Column("user_name", "s.user_name"),
        Column("tax_analysis_items", nested.tax_analysis_items("s.urn"), "json"),
        Column("nominal_analysis_items", nested.nominal_analysis_items("s.urn"), "json"),
        Column("trade_items", nested.trade_items("s.urn"), "json"),
        Column(
            "bank",
            single(
                {"id": "z.id", "code": "z.code", "description": "z.description"},
                "banks z where z.id = s.bank_id",
            ),
            "json",
            is_expanded_only=True,
        ),
        stamps("s"),
    ),
    "s.id asc",
    key="s.id",
    parents={"banks": "s.bank_id"},
)

PRODUCTS = Resource(
    "products",
    "products x",
    columns(
        Column("id", "x.id", "int"),
        named("text", "x", "code", "name"),
        constant("bool", "1", "allow_sales_order"),
        Column("product_group_id", "x.product_group_id", "int"),
        Column("tax_code_id", "x.tax_code_id", "int"),
        Column("product_status_type", "x.product_status_type", values=("Active", "Inactive")),
        Column(
            "free_stock_quantity",
            "(select coalesce(sum(h.quantity_thousandths), 0) from warehouse_holdings h"
            " where h.product_id = x.id)",
            "quantity",
        ),
        Column(
            "product_group",
            single(
                {"id": "z.id", "code": "z.code", "description": "z.description"},
                "product_groups z where z.id = x.product_group_id",
            ),
            "json",
            is_expanded_only=True,
        ),
        stamps("x"),
    ),
    "x.id asc",
    key="x.id",
)
PRODUCT_GROUPS = Resource(
    "product_groups",
    "product_groups x",
    columns(Column("id", "x.id", "int"), named("text", "x", "code", "description"), stamps("x")),
    "x.id asc",
    key="x.id",
)
PRODUCT_TRANSACTION_VIEWS = Resource(
    "product_transaction_views",
    "product_transactions m join products x on x.id = m.product_id"
    " join product_groups g on g.id = x.product_group_id join warehouses w on w.id = m.warehouse_id",
    columns(
        Column("id", "m.id", "int"),
        Column("product_id", "m.product_id", "int"),
        Column("product_group_id", "g.id", "int"),
        Column("product_code", "x.code"),
        Column("product_group_code", "g.code"),
        Column("transaction_type", "m.transaction_type"),
        Column("transaction_date", "m.transaction_date", "date"),
        named("text", "m", "reference", "second_reference"),
        Column("warehouse_name", "w.name"),
        constant("text", "'Unspecified'", "bin_name"),
        Column("quantity", "m.quantity_thousandths", "quantity"),
        Column("user_name", "m.user_name"),
        Column("date_time_updated", "m.updated_at", "time"),
    ),
    "m.id desc",
    key="m.id",
)
WAREHOUSES = Resource(
    "warehouses",
    "warehouses w",
    columns(
        Column("id", "w.id", "int"),
        named("text", "w", "name", "description"),
        constant("bool", "1", "use_for_sales_trading"),
        stamps("w"),
    ),
    "w.id asc",
    key="w.id",
)
IN_STOCK = (
    "confirmed_qty_in_stock",
    "quantity_in_stock",
    "quantity_in_stock_less_reserved",
    "free_stock_available",
    "free_stock_available_less_reserved",
)
WAREHOUSE_HOLDINGS = Resource(
    "warehouse_holdings",
    "warehouse_holdings h join warehouses w on w.id = h.warehouse_id",
    columns(
        Column("id", "h.id", "int"),
        Column("warehouse_id", "h.warehouse_id", "int"),
        Column("product_id", "h.product_id", "int"),
        [Column(name, "h.quantity_thousandths", "quantity") for name in IN_STOCK],
        constant("quantity", "0", "quantity_reserved", "unconfirmed_qty_in_stock", "quantity_allocated"),
        Column("warehouse_name", "w.name"),
        stamps("h"),
    ),
    "h.id asc",
    key="h.id",
    parents={"products": "h.product_id"},
)

RESOURCES = [
    BANKS,
    BANK_VIEWS,
    BANK_POSTED_TRANSACTIONS,
    PRODUCTS,
    PRODUCT_GROUPS,
    PRODUCT_TRANSACTION_VIEWS,
    WAREHOUSES,
    WAREHOUSE_HOLDINGS,
]
