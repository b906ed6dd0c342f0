"""Every table that landing keeps: its columns, its key, its date, and what a delivery of it vouches for.

Types are DuckDB's. Money is decimal, never a float. A table is named `<source>/<table>`, which is at once its
folder in landing, its dbt source and its Dagster asset key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow


@dataclass(frozen=True)
class TableSpec:
    """One landed table.

    `columns` are the content columns in order. `key` names the ones that identify a row; two rows with one
    key are two versions of one thing. `date_column` names the column whose date chooses the folder (None:
    `unknown`).

    `complete_within` names the columns of a *unit* (a receipt at one printed minute): a delivery that holds
    the unit restates the whole of it, so that rows it no longer holds get tombstones. `told_apart_by` names
    what a line of a unit is about (its SKU): rows of a known unit that share none of it with what is known
    are a further piece of the unit, not another version of it, and take nothing away. `provenance` columns
    are kept but are no part of the checksum: the same row read through another profile is the same row.
    `added` columns came after the first release: where they are empty, the checksum is what it was without
    them, so that what was landed before is not landed again.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    date_column: str | None = None
    complete_within: tuple[str, ...] = ()
    told_apart_by: tuple[str, ...] = ()
    provenance: tuple[str, ...] = field(default=())
    added: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        named = (*self.key, *self.complete_within, *self.told_apart_by, *self.provenance, *self.added)
        unknown = [name for name in (*named, *filter(None, [self.date_column])) if name not in self.columns]
        if unknown:
            raise ValueError(f"{self.name} names columns it does not have: {', '.join(unknown)}")
        if not set(self.complete_within) <= set(self.key):
            raise ValueError(f"{self.name}: what a unit is must be part of the key")


_ARROW = {
    "varchar": pyarrow.string(),
    "boolean": pyarrow.bool_(),
    "integer": pyarrow.int32(),
    "bigint": pyarrow.int64(),
    "date": pyarrow.date32(),
    "timestamp": pyarrow.timestamp("us"),
}


def arrow_schema(columns: Mapping[str, str]) -> pyarrow.Schema:
    """Columns with DuckDB's types, as Arrow has them; KeyError for a type no landed table uses."""

    def arrow(type_: str) -> pyarrow.DataType:
        if decimal := re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", type_):
            return pyarrow.decimal128(int(decimal[1]), int(decimal[2]))
        return _ARROW[type_]

    return pyarrow.schema([(name, arrow(type_)) for name, type_ in columns.items()])


MONEY = "decimal(18,2)"
RATE = "decimal(6,3)"
FINE = "decimal(18,3)"

RECEIPT_LINES = TableSpec(
    name="pos/receipt_lines",
    columns={
        "store_code": "varchar",
        "till_code": "varchar",
        "receipt_no": "varchar",
        "receipt_kind": "varchar",
        "sold_at_local": "timestamp",
        "document_date": "date",
        "sku": "varchar",
        "description": "varchar",
        "quantity": FINE,
        "unit_price": FINE,
        "net_amount": MONEY,
        "tax_amount": MONEY,
        "gross_amount": MONEY,
        "tax_code": "varchar",
        "tax_rate": RATE,
        "customer_no": "varchar",
        "destination": "varchar",
        "original_store_code": "varchar",
        "original_till_code": "varchar",
        "original_receipt_no": "varchar",
        "original_date": "date",
        "profile": "varchar",
        "occurrence": "integer",
        "line_occurrence": "integer",
    },
    key=(
        "store_code",
        "till_code",
        "receipt_no",
        "document_date",
        "occurrence",
        "sold_at_local",
        "sku",
        "description",
        "quantity",
        "unit_price",
        "net_amount",
        "tax_amount",
        "gross_amount",
        "tax_code",
        "line_occurrence",
    ),
    date_column="document_date",
    complete_within=("store_code", "till_code", "receipt_no", "document_date", "occurrence", "sold_at_local"),
    told_apart_by=("sku",),
    provenance=("profile",),
    added=("original_store_code", "original_till_code", "original_receipt_no", "original_date"),
)

TENDERS = TableSpec(
    name="pos/tenders",
    columns={
        "store_code": "varchar",
        "till_code": "varchar",
        "receipt_no": "varchar",
        "document_date": "date",
        "taken_at_local": "timestamp",
        "tender_no": "integer",
        "tender_type": "varchar",
        "tender_amount": MONEY,
        "tip_amount": MONEY,
        "profile": "varchar",
        "occurrence": "integer",
    },
    key=("store_code", "till_code", "receipt_no", "document_date", "occurrence", "tender_no"),
    date_column="document_date",
    complete_within=("store_code", "till_code", "receipt_no", "document_date", "occurrence"),
    told_apart_by=("tender_no",),
    provenance=("profile",),
    added=("tip_amount",),
)

TILL_CLOSURES = TableSpec(
    name="pos/till_closures",
    columns={
        "store_code": "varchar",
        "till_code": "varchar",
        "closure_no": "integer",
        "business_date": "date",
        "opened_at_local": "timestamp",
        "closed_at_local": "timestamp",
        "receipts_count": "integer",
        "sales_amount": MONEY,
        "returns_amount": MONEY,
        "cash_amount": MONEY,
        "card_amount": MONEY,
        "counted_cash_amount": MONEY,
        "profile": "varchar",
    },
    key=("store_code", "till_code", "closure_no", "business_date"),
    date_column="business_date",
    provenance=("profile",),
)

PRODUCTS = TableSpec(
    name="pos/products",
    columns={
        "store_code": "varchar",
        "sku": "varchar",
        "description": "varchar",
        "tax_code": "varchar",
        "unit_price": FINE,
        "profile": "varchar",
    },
    key=("store_code", "sku"),
    provenance=("profile",),
)

SYNC_LOG = TableSpec(
    name="connector/sync_log",
    columns={
        "connector": "varchar",
        "run_id": "varchar",
        "started_at": "timestamp",
        "ended_at": "timestamp",
        "entity": "varchar",
        "source_key_text": "varchar",
        "reference": "varchar",
        "attempt": "integer",
        "record_status": "varchar",
        "http_status": "integer",
        "target_urn": "bigint",
        "gross_amount": MONEY,
        "tax_amount": MONEY,
        "currency": "varchar",
        "message": "varchar",
        "payload_hash": "varchar",
    },
    key=("run_id", "reference", "attempt"),
    date_column="ended_at",
)

DELIVERIES = TableSpec(
    name="intake/deliveries",
    columns={
        "delivery_id": "varchar",
        "store_code": "varchar",
        "source_file": "varchar",
        "file_bytes": "bigint",
        "modified_ns": "bigint",
        "profile": "varchar",
        "table_name": "varchar",
        "status": "varchar",
        "rows_read": "bigint",
        "rows_landed": "bigint",
        "rows_set_aside": "bigint",
        "duplicate_of": "varchar",
        "message": "varchar",
    },
    key=("delivery_id", "source_file"),
)

SET_ASIDE_ROWS = TableSpec(
    name="intake/set_aside_rows",
    columns={
        "delivery_id": "varchar",
        "source_file": "varchar",
        "source_row": "bigint",
        "column_name": "varchar",
        "reason": "varchar",
        "raw_text": "varchar",
        "store_code": "varchar",
        "till_code": "varchar",
        "receipt_no": "varchar",
    },
    key=("delivery_id", "source_row", "column_name"),
)

TILL_TABLES = (RECEIPT_LINES, TENDERS, TILL_CLOSURES, PRODUCTS)

_TAX_ITEMS = {
    "urn": "bigint",
    "transaction_id": "bigint",
    "tax_code_id": "bigint",
    "tax_code": "integer",
    "goods_amount": MONEY,
    "tax_amount": MONEY,
    "item_no": "integer",
    "transaction_date": "date",
}

SAGE200_TABLES = (
    TableSpec(
        name="sage200/sales_posted_transactions",
        columns={
            "id": "bigint",
            "customer_id": "bigint",
            "trader_transaction_type": "varchar",
            "reference": "varchar",
            "second_reference": "varchar",
            "transaction_date": "date",
            "posted_date": "timestamp",
            "document_goods_value": MONEY,
            "document_tax_value": MONEY,
            "document_gross_value": MONEY,
            "document_allocated_value": MONEY,
            "document_outstanding_value": MONEY,
            "urn": "bigint",
            "user_name": "varchar",
            "settled_immediately": "boolean",
            "date_time_updated": "timestamp",
            "is_historical": "boolean",
        },
        key=("id", "is_historical"),
        date_column="transaction_date",
    ),
    TableSpec(
        name="sage200/sales_tax_items",
        columns=_TAX_ITEMS,
        key=("transaction_id", "item_no"),
        date_column="transaction_date",
    ),
    TableSpec(
        name="sage200/bank_posted_transactions",
        columns={
            "id": "bigint",
            "bank_id": "bigint",
            "bank_transaction_type": "varchar",
            "entry_description": "varchar",
            "reference": "varchar",
            "second_reference": "varchar",
            "transaction_date": "date",
            "posted_date": "timestamp",
            "cheque_value": MONEY,
            "source": "varchar",
            "urn": "bigint",
            "user_name": "varchar",
            "last_statement_date": "date",
            "date_time_updated": "timestamp",
        },
        key=("id",),
        date_column="transaction_date",
    ),
    TableSpec(
        name="sage200/bank_tax_items",
        columns=_TAX_ITEMS,
        key=("transaction_id", "item_no"),
        date_column="transaction_date",
    ),
    TableSpec(
        name="sage200/nominal_transactions",
        columns={
            "id": "bigint",
            "nominal_code_id": "bigint",
            "transaction_date": "date",
            "period_number": "integer",
            "financial_year_start_date": "date",
            "accounting_period_id": "bigint",
            "reference": "varchar",
            "narrative": "varchar",
            "debit": MONEY,
            "credit": MONEY,
            "user_name": "varchar",
            "source": "varchar",
            "urn": "bigint",
        },
        key=("id",),
        date_column="transaction_date",
    ),
    TableSpec(
        name="sage200/nominal_codes",
        columns={
            "id": "bigint",
            "reference": "varchar",
            "name": "varchar",
            "cost_centre_code": "varchar",
            "department_code": "varchar",
            "nominal_account_type": "varchar",
            "account_status_type": "varchar",
            "allow_manual_journal_entries": "boolean",
        },
        key=("id",),
    ),
    TableSpec(
        name="sage200/tax_codes",
        columns={"id": "bigint", "code": "integer", "name": "varchar", "tax_rate": "decimal(6,2)"},
        key=("id",),
    ),
    TableSpec(
        name="sage200/customers",
        columns={
            "id": "bigint",
            "reference": "varchar",
            "name": "varchar",
            "on_hold": "boolean",
            "account_status_type": "varchar",
            "balance": MONEY,
        },
        key=("id",),
    ),
    TableSpec(
        name="sage200/banks",
        columns={
            "id": "bigint",
            "code": "varchar",
            "description": "varchar",
            "account_status_type": "varchar",
            "nominal_reference": "varchar",
            "nominal_cost_centre": "varchar",
            "nominal_department": "varchar",
        },
        key=("id",),
    ),
    TableSpec(
        name="sage200/products",
        columns={
            "id": "bigint",
            "code": "varchar",
            "name": "varchar",
            "product_group": "varchar",
            "tax_code_id": "bigint",
            "product_status_type": "varchar",
        },
        key=("id",),
    ),
    TableSpec(
        name="sage200/periods",
        columns={
            "accounting_period_id": "bigint",
            "period_number": "integer",
            "financial_year_start_date": "date",
            "period_start_date": "date",
            "period_end_date": "date",
        },
        key=("accounting_period_id",),
    ),
    TableSpec(
        name="sage200/period_states",
        columns={
            "accounting_period_id": "bigint",
            "ledger_type": "varchar",
            "classification": "varchar",
            "message": "varchar",
            "period_state": "varchar",
        },
        key=("accounting_period_id", "ledger_type"),
    ),
    TableSpec(
        name="sage200/control_nominal_codes",
        columns={
            "id": "bigint",
            "name": "varchar",
            "account_number": "varchar",
            "control_nominal_code_type": "varchar",
        },
        key=("id",),
    ),
)

_SAGE50_SAID = {
    "type": "varchar",
    "transaction_date": "date",
    "account_ref": "varchar",
    "bank_code": "varchar",
    "inv_ref": "varchar",
    "details": "varchar",
    "user_name": "varchar",
    "date_entered": "date",
    "deleted_flag": "bigint",
}
_SAGE50_AMOUNTS = {"net_amount": MONEY, "tax_amount": MONEY, "gross_amount": MONEY}

SAGE50_TABLES = (
    TableSpec(
        name="sage50/audit_headers",
        columns={
            "header_number": "bigint",
            "tran_number": "bigint",
            "item_count": "bigint",
            **_SAGE50_SAID,
            **_SAGE50_AMOUNTS,
            "amount_paid": MONEY,
            "outstanding": MONEY,
            "date_bank_reconciled": "date",
            "date_amended": "date",
            "user_name_amended": "varchar",
        },
        key=("header_number",),
        date_column="transaction_date",
    ),
    TableSpec(
        name="sage50/audit_splits",
        columns={
            "header_number": "bigint",
            "tran_number": "bigint",
            "split_number": "bigint",
            **_SAGE50_SAID,
            "nominal_code": "varchar",
            "extra_ref": "varchar",
            "dept_number": "bigint",
            "tax_code": "varchar",
            **_SAGE50_AMOUNTS,
            "vat_reconciled_date": "date",
            "document_tran": "bigint",
        },
        key=("header_number", "tran_number", "split_number"),
        date_column="transaction_date",
    ),
    TableSpec(
        name="sage50/audit_journals",
        columns={
            "header_number": "bigint",
            "tran_number": "bigint",
            "split_number": "bigint",
            "line_no": "bigint",
            **_SAGE50_SAID,
            "nominal_code": "varchar",
            "amount": MONEY,
            "document_tran": "bigint",
        },
        key=("header_number", "tran_number", "split_number", "nominal_code", "line_no"),
        date_column="transaction_date",
    ),
    TableSpec(
        name="sage50/nominal_ledger",
        columns={
            "account_ref": "varchar",
            "name": "varchar",
            "account_type": "bigint",
            "inactive_flag": "bigint",
        },
        key=("account_ref",),
    ),
    TableSpec(
        name="sage50/tax_codes",
        columns={"tax_code": "varchar", "description": "varchar", "tax_rate": RATE},
        key=("tax_code",),
    ),
    TableSpec(
        name="sage50/sales_ledger",
        columns={
            "account_ref": "varchar",
            "name": "varchar",
            "balance": MONEY,
            "account_on_hold": "bigint",
            "inactive_flag": "bigint",
        },
        key=("account_ref",),
    ),
    TableSpec(
        name="sage50/account_roles",
        columns={"nominal_code": "varchar", "account_role": "varchar"},
        key=("nominal_code", "account_role"),
    ),
    TableSpec(
        name="sage50/periods",
        columns={
            "accounting_period_id": "bigint",
            "period_number": "integer",
            "financial_year_start_date": "date",
            "period_start_date": "date",
            "period_end_date": "date",
            "period_state": "varchar",
        },
        key=("accounting_period_id",),
    ),
)


def _operations(table: str, columns: dict[str, str], key: tuple[str, ...]) -> TableSpec:
    """A table of the operations store, landed whole each time (`window="all"`): what is deleted gets a
    tombstone."""
    return TableSpec(
        name=f"operations/{table}",
        columns={"company_id": "varchar", **columns},
        key=("company_id", *key),
    )


_VALIDITY = {"valid_from": "date", "valid_to": "date"}

OPERATIONS_TABLES = (
    _operations(
        "companies",
        {
            "name": "varchar",
            "currency": "varchar",
            "ledger_kind": "varchar",
            "suspense_nominal_code": "varchar",
            "grace_hours": "integer",
            "late_policy": "varchar",
            "tax_rounding_cap_pence": "integer",
            "posting_enabled": "boolean",
            "outside_scope_tax_code": "integer",
            "match_tolerance_pence": "integer",
            "match_tolerance_days": "integer",
            "unallocated_after_days": "integer",
            "sales_posted_as": "varchar",
        },
        (),
    ),
    _operations(
        "stores",
        {
            "store_id": "varchar",
            "store_code": "varchar",
            "name": "varchar",
            "zone": "varchar",
            "day_cutoff_minutes": "integer",
            "currency": "varchar",
            "till_customer_reference": "varchar",
            "cost_centre": "varchar",
            "department": "varchar",
            "tax_basis": "varchar",
            "tax_rounding": "varchar",
            "price_basis": "varchar",
            "receipt_numbers": "varchar",
            "warehouse": "varchar",
            **_VALIDITY,
        },
        ("store_id", "valid_from"),
    ),
    _operations(
        "tax_mappings",
        {
            "till_tax_code": "varchar",
            "tax_code": "integer",
            "required_rate": RATE,
            **_VALIDITY,
        },
        ("till_tax_code", "valid_from"),
    ),
    _operations(
        "nominal_mappings",
        {
            "category": "varchar",
            "store_id": "varchar",
            "nominal_code": "varchar",
            "cost_centre": "varchar",
            "department": "varchar",
            **_VALIDITY,
        },
        ("category", "store_id", "valid_from"),
    ),
    _operations(
        "tender_mappings",
        {
            "tender_type": "varchar",
            "store_id": "varchar",
            "bank_code": "varchar",
            "settlement": "varchar",
            "category": "varchar",
            "till_tax_code": "varchar",
            **_VALIDITY,
        },
        ("tender_type", "store_id", "valid_from"),
    ),
    _operations(
        "customer_mappings",
        {"customer_no": "varchar", "customer_reference": "varchar", **_VALIDITY},
        ("customer_no", "valid_from"),
    ),
    _operations(
        "sku_mappings",
        {"sku": "varchar", "category": "varchar", **_VALIDITY},
        ("sku", "valid_from"),
    ),
    _operations(
        "writers_of_record",
        {"store_id": "varchar", "writer": "varchar", **_VALIDITY},
        ("store_id", "valid_from"),
    ),
    _operations(
        "store_grains",
        {
            "store_id": "varchar",
            "grain": "varchar",
            "recipe": "varchar",
            "clearing_bank_code": "varchar",
            **_VALIDITY,
        },
        ("store_id", "valid_from"),
    ),
    _operations(
        "cutovers",
        {"store_id": "varchar", "cutover_date": "date", "opening_balance_pence": "bigint"},
        ("store_id",),
    ),
    _operations(
        "connector_patterns",
        {
            "connector": "varchar",
            "pattern": "varchar",
            "retry_window_hours": "integer",
            "day_pattern": "varchar",
        },
        ("connector",),
    ),
    _operations(
        "vat_periods",
        {**_VALIDITY, "filed_on": "date", "error_limit_pence": "bigint"},
        ("valid_from",),
    ),
    _operations(
        "period_overrides",
        {"accounting_period_id": "bigint", "period_state": "varchar"},
        ("accounting_period_id",),
    ),
    _operations(
        "store_stops",
        {"store_id": "varchar", "reason": "varchar", "is_lifted": "boolean"},
        ("store_id", "reason", "is_lifted"),
    ),
    _operations(
        "intents",
        {
            "posting_key": "varchar",
            "store_id": "varchar",
            "event_id": "varchar",
            "document_kind": "varchar",
            "ordinal": "integer",
            "revision": "integer",
            "role": "varchar",
            "remedy": "varchar",
            "payload_digest": "varchar",
            "state": "varchar",
            "target_urn": "bigint",
            "urn": "bigint",
            "truth_sent": "boolean",
            "truth_acknowledged": "boolean",
            "truth_present": "boolean",
            "truth_in_nominal": "boolean",
            "truth_right": "boolean",
            "attempts": "integer",
            "refusal": "varchar",
            "publication_number": "integer",
            "business_date": "date",
            "members_digest": "varchar",
            "document_date": "date",
            "box_1_pence": "bigint",
            "box_6_pence": "bigint",
            "corrects_return": "date",
            "reference_in_sage": "varchar",
        },
        ("posting_key",),
    ),
    _operations(
        "approvals",
        {
            "posting_key": "varchar",
            "payload_digest": "varchar",
            "decision": "varchar",
            "approver": "varchar",
            "reason": "varchar",
        },
        ("posting_key", "payload_digest"),
    ),
    _operations(
        "match_decisions",
        {
            "posting_key": "varchar",
            "ledger_document_id": "varchar",
            "candidates": "varchar",
            "author": "varchar",
            "reason": "varchar",
        },
        ("posting_key",),
    ),
)

TRANCHE_MEMBERS = TableSpec(
    name="tranches/members",
    columns={
        "company_id": "varchar",
        "tranche_key": "varchar",
        "event_id": "varchar",
        "tranche": "integer",
        "store_id": "varchar",
        "till_id": "varchar",
        "business_date": "date",
        "document_date": "date",
        "customer_reference": "varchar",
        "document_kind": "varchar",
        "ordinal": "integer",
        "tender_type": "varchar",
        "bank_code": "varchar",
        "clearing_bank_code": "varchar",
        "direction": "integer",
        "remedy": "varchar",
        "member_key": "varchar",
        "member_event_id": "varchar",
        "receipt_no": "varchar",
        "leg_type": "varchar",
        "nominal_code": "varchar",
        "cost_centre": "varchar",
        "department": "varchar",
        "tax_code": "integer",
        "net_pence": "bigint",
        "tax_pence": "bigint",
        "members_digest": "varchar",
    },
    key=("tranche_key", "member_key"),
)
"""What a summary was decided with. Posting writes it down, a file for each decision named by its digest
(`orchestration/tranches.py`); no pass lands it."""

TABLES: Mapping[str, TableSpec] = {
    spec.name: spec
    for spec in (
        *(*TILL_TABLES, SYNC_LOG, DELIVERIES, SET_ASIDE_ROWS, TRANCHE_MEMBERS),
        *(*SAGE200_TABLES, *SAGE50_TABLES, *OPERATIONS_TABLES),
    )
}


def sage200(table: str) -> TableSpec:
    """The spec of `sage200/<table>`; KeyError for a table landing does not know."""
    return TABLES[f"sage200/{table}"]


def operations(table: str) -> TableSpec:
    """The spec of `operations/<table>`; KeyError for a table landing does not know."""
    return TABLES[f"operations/{table}"]
