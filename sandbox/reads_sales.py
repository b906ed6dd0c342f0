"""Sales ledger resources: customers and posted, viewed and historical transactions (sage200.md §6)."""

from __future__ import annotations

from sandbox import nested
from sandbox.catalogue import Column, Resource, columns, constant, named, single, stamps
from sandbox.reads_nominal import ACCOUNT_STATUSES

TRADER_TRANSACTION_TYPES = tuple(
    f"TradingAccountEntryType{name}"
    for name in (
        "DeletedRecord",
        "PurchasePaymentSalesReceipt",
        "PurchaseReceiptSalesPayment",
        "NOTUSED",
        "Invoice",
        "CreditNote",
        "OpeningBalanceInvoice",
        "OpeningBalanceCreditNote",
    )
)

CUSTOMERS = Resource(
    "customers",
    "customers c left join tax_codes t on t.id = c.default_tax_code_id",
    columns(
        Column("id", "c.id", "int"),
        Column("reference", "c.reference"),
        Column("name", "c.name"),
        Column("short_name", "substr(c.reference, 1, 8)"),
        Column("balance", "c.balance_pence", "money"),
        Column("on_hold", "c.on_hold", "bool"),
        Column("account_status_type", "c.account_status_type", values=ACCOUNT_STATUSES),
        constant("text", "'ExchangeRateSingle'", "exchange_rate_type"),
        constant("text", "'TradingAccountTypeOpenItem'", "account_type"),
        constant("money", "0", "credit_limit"),
        Column("default_tax_code_id", "c.default_tax_code_id", "int"),
        Column("default_nominal_code_reference", "c.default_nominal_reference"),
        constant("text", "''", "default_nominal_code_cost_centre", "default_nominal_code_department"),
        Column(
            "default_tax_code",
            single({"id": "z.id", "code": "z.code", "name": "z.name"}, "tax_codes z where z.id = t.id"),
            "json",
            is_expanded_only=True,
        ),
        stamps("c"),
    ),
    "c.id asc",
    key="c.id",
)

CUSTOMER_VIEWS = Resource(
    "customer_views",
    "customers c",
    columns(
        Column("id", "c.id", "int"),
        named("text", "c", "reference", "name"),
        Column("balance", "c.balance_pence", "money"),
        Column("on_hold", "c.on_hold", "bool"),
        Column("account_status_type", "c.account_status_type", values=ACCOUNT_STATUSES),
        Column("date_time_updated", "c.updated_at", "time"),
    ),
    "c.id asc",
    key="c.id",
)

OUTSTANDING = "(s.gross_pence - s.allocated_pence)"
VALUES = {
    "goods": "s.goods_pence",
    "gross": "s.gross_pence",
    "tax": "s.tax_pence",
    "discount": "s.discount_pence",
    "tax_discount": "0",
    "allocated": "s.allocated_pence",
}
DOCUMENT_VALUES = [Column(f"document_{name}_value", sql, "money") for name, sql in VALUES.items()]
BASE_VALUES = [Column(f"base_{name}_value", sql, "money") for name, sql in VALUES.items()]

POSTED = columns(
    Column("id", "s.id", "int"),
    Column("customer_id", "s.customer_id", "int"),
    Column("trader_transaction_type", "s.trader_transaction_type", values=TRADER_TRANSACTION_TYPES),
    named("text", "s", "reference", "second_reference", "queried"),
    Column("transaction_date", "s.transaction_date", "date"),
    Column("posted_date", "s.posted_at", "time"),
    Column("due_date", "s.due_date", "date"),
    Column("full_settlement_date", "s.full_settlement_date", "date"),
    DOCUMENT_VALUES,
    Column("document_outstanding_value", OUTSTANDING, "money"),
    constant("money", "0", "discount_percent"),
    BASE_VALUES,
    Column("control_value_in_base_currency", "s.gross_pence", "money"),
    constant("int", "'1.000000'", "exchange_rate"),
    Column("settled_immediately", "s.settled_immediately", "bool"),
    constant("int", "0", "discount_days"),
    Column("urn", "s.urn", "int"),
    Column("user_name", "s.user_name"),
    Column("tax_analysis_items", nested.tax_analysis_items("s.urn"), "json"),
    Column("nominal_analysis_items", nested.nominal_analysis_items("s.urn"), "json"),
    Column("bank_items", nested.bank_items("s.urn"), "json"),
    Column("allocation_session_items", nested.allocation_session_items("s.id"), "json"),
    Column("allocation_history_items", nested.allocation_history_items("s.id"), "json"),
    Column(
        "customer",
        single(
            {"id": "z.id", "reference": "z.reference", "name": "z.name"},
            "customers z where z.id = s.customer_id",
        ),
        "json",
        is_expanded_only=True,
    ),
    stamps("s"),
)


def _transactions(name: str, is_historical: int) -> Resource:
    return Resource(
        name,
        "sales_transactions s",
        POSTED,
        "s.id asc",
        key="s.id",
        where=f"s.is_historical = {is_historical}",
        parents={"customers": "s.customer_id"},
    )


SALES_TRANSACTION_VIEWS = Resource(
    "sales_transaction_views",
    "sales_transactions s join customers c on c.id = s.customer_id",
    columns(
        Column("posted_customer_transaction_id", "s.id", "int"),
        Column("transaction_type", "s.trader_transaction_type", values=TRADER_TRANSACTION_TYPES),
        Column("transaction_date", "s.transaction_date", "date"),
        Column("posted_date", "s.posted_at", "time"),
        Column("due_date", "s.due_date", "date"),
        constant("int", "0", "discount_days"),
        named("text", "s", "reference", "second_reference"),
        Column("query", "s.queried"),
        Column("status", f"iif({OUTSTANDING} = 0, 'Settled', 'Outstanding')"),
        Column("user_name", "s.user_name"),
        constant("text", "'LedgerSales'", "ledger_type"),
        Column("urn", "s.urn", "int"),
        constant("int", "'1.000000'", "exchange_rate"),
        Column("settled_immediately", "s.settled_immediately", "bool"),
        BASE_VALUES,
        Column("base_outstanding_value", OUTSTANDING, "money"),
        DOCUMENT_VALUES,
        Column("document_outstanding_value", OUTSTANDING, "money"),
        Column("customer_id", "s.customer_id", "int"),
        Column("customer_reference", "c.reference"),
        Column("customer_name", "c.name"),
        constant("text", "'Pound Sterling'", "currency_name"),
        constant("text", "'£'", "currency_symbol"),
        Column("transaction_date_time_updated", "s.updated_at", "time"),
    ),
    "s.id asc",
    key="s.id",
    where="s.is_historical = 0",
)

RESOURCES = [
    CUSTOMERS,
    CUSTOMER_VIEWS,
    _transactions("sales_posted_transactions", 0),
    _transactions("sales_historical_transactions", 1),
    SALES_TRANSACTION_VIEWS,
]
