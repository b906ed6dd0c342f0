"""What the models may see of the store: plain columns in a stable order, no clock, no row number.

Two stores that hold the same decisions give the same tables, whenever and in whatever order they were made.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Column, Connection, Date, Integer, func, select
from sqlalchemy.types import TypeEngine

from orchestration.operations import mapping_tables as mapping
from orchestration.operations import people_tables as people
from orchestration.operations import posting_tables as posting
from orchestration.operations.base import Base, Thousandths, table_of
from orchestration.operations.intents import ALLOCATES

TRUTHS = ("truth_sent", "truth_acknowledged", "truth_present", "truth_in_nominal", "truth_right")


@dataclass(frozen=True)
class LandedTable:
    """One table as the models know it; `key` is what makes a row the same row in the next pass."""

    model: type[Base]
    key: tuple[str, ...]
    columns: tuple[str, ...]


def _mapping(model: type[Base], key: tuple[str, ...], *others: str) -> LandedTable:
    return LandedTable(model, ("company_id", *key), ("company_id", *key, *others))


COMPANY = (
    *("name", "currency", "ledger_kind"),
    *("suspense_nominal_code", "grace_hours", "late_policy", "tax_rounding_cap_pence", "posting_enabled"),
    *("outside_scope_tax_code", "match_tolerance_pence", "match_tolerance_days", "unallocated_after_days"),
    "sales_posted_as",
)
STORE = (
    *("valid_to", "store_code", "name", "zone", "day_cutoff_minutes", "currency", "till_customer_reference"),
    *("cost_centre", "department", "tax_basis", "tax_rounding", "price_basis", "receipt_numbers"),
    "warehouse",
)
ACCOUNT = ("nominal_code", "cost_centre", "department")
STOP = ("company_id", "store_id", "reason", "is_lifted")
IDENTITY = ("company_id", "store_id", "event_id", "document_kind", "ordinal", "revision", "role")
OUTCOME = ("attempts", "refusal", "publication_number", "business_date", "members_digest")
VAT = ("document_date", "box_1_pence", "box_6_pence", "corrects_return")
FOUND = ("target_urn", "urn", "reference_in_sage")
INTENT = (*IDENTITY, "remedy", "payload_digest", "state", *FOUND, *TRUTHS, *OUTCOME, *VAT)
APPROVED = ("posting_key", "payload_digest")

LANDED_TABLES: dict[str, LandedTable] = {
    "companies": _mapping(mapping.Company, (), *COMPANY),
    "stores": _mapping(mapping.Store, ("store_id", "valid_from"), *STORE),
    "tax_mappings": _mapping(
        mapping.TaxMapping, ("till_tax_code", "valid_from"), "valid_to", "tax_code", "required_rate"
    ),
    "nominal_mappings": _mapping(
        mapping.NominalMapping, ("category", "store_id", "valid_from"), "valid_to", *ACCOUNT
    ),
    "tender_mappings": _mapping(
        mapping.TenderMapping,
        ("tender_type", "store_id", "valid_from"),
        "valid_to",
        "bank_code",
        "settlement",
        "category",
        "till_tax_code",
    ),
    "customer_mappings": _mapping(
        mapping.CustomerMapping, ("customer_no", "valid_from"), "valid_to", "customer_reference"
    ),
    "sku_mappings": _mapping(mapping.SkuMapping, ("sku", "valid_from"), "valid_to", "category"),
    "writers_of_record": _mapping(mapping.WriterOfRecord, ("store_id", "valid_from"), "valid_to", "writer"),
    "store_grains": _mapping(
        mapping.StoreGrain,
        ("store_id", "valid_from"),
        *("valid_to", "grain", "recipe", "clearing_bank_code"),
    ),
    "cutovers": _mapping(mapping.Cutover, ("store_id",), "cutover_date", "opening_balance_pence"),
    "connector_patterns": _mapping(
        mapping.ConnectorPattern, ("connector",), "pattern", "retry_window_hours", "day_pattern"
    ),
    "vat_periods": _mapping(mapping.VatPeriod, ("valid_from",), "valid_to", "filed_on", "error_limit_pence"),
    "period_overrides": _mapping(mapping.PeriodOverride, ("accounting_period_id",), "period_state"),
    "store_stops": LandedTable(posting.StoreStop, STOP, STOP),
    "intents": LandedTable(posting.Intent, ("posting_key",), ("posting_key", *INTENT)),
    "approvals": LandedTable(
        posting.Approval, APPROVED, (*APPROVED, "company_id", "decision", "approver", "reason")
    ),
    "match_decisions": _mapping(
        people.MatchDecision, ("posting_key",), "ledger_document_id", "candidates", "author", "reason"
    ),
}


def landed_tables(connection: Connection) -> dict[str, pa.Table]:
    """Every landed table, rows in the order of their key; empty tables keep their columns and types."""
    return {name: _table(connection, landed) for name, landed in LANDED_TABLES.items()}


def _table(connection: Connection, landed: LandedTable) -> pa.Table:
    """One table. Where the store keeps every word ever said, only what now counts is landed."""
    table = table_of(landed.model)
    columns = [table.c[name] for name in landed.columns]
    query = select(*columns).distinct().order_by(*(table.c[name] for name in landed.key))
    if landed.model is posting.Approval:
        newest = select(func.max(table.c.id)).group_by(table.c.posting_key, table.c.payload_digest)
        query = query.where(table.c.id.in_(newest))
    if landed.model is posting.Intent:
        query = query.where(table.c.role != ALLOCATES)  # not a document: what it did is in Sage's own rows
    if landed.model is people.MatchDecision:
        query = query.where(table.c.is_revoked.is_(False))
    rows = connection.execute(query).all()
    fields = [pa.field(column.name, _arrow_type(column)) for column in columns]
    arrays = [pa.array([row[place] for row in rows], field.type) for place, field in enumerate(fields)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _arrow_type(column: Column) -> pa.DataType:
    """The Arrow type a column is landed as; decimals stay decimals."""
    kinds: list[tuple[type[TypeEngine], pa.DataType]] = [
        (Thousandths, pa.decimal128(6, 3)),
        (BigInteger, pa.int64()),
        (Integer, pa.int32()),
        (Boolean, pa.bool_()),
        (Date, pa.date32()),
    ]
    for kind, arrow in kinds:
        if isinstance(column.type, kind):
            return arrow
    return pa.string()
