"""Which Sage 200 resource fills which landing table, what is asked of it, and its rows as Arrow.

Only columns that are kept are asked for: nested arrays make Sage slow, so the tax items of a document are the
only ones (`$select`, Sage's query-parameter guide).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from orchestration.landing_tables import SAGE200_TABLES, TableSpec
from orchestration.ledgers.sage200_arrow import arrow_columns
from orchestration.ledgers.sage200_wire import Row

SPECS: dict[str, TableSpec] = {spec.name.removeprefix("sage200/"): spec for spec in SAGE200_TABLES}


@dataclass(frozen=True)
class Source:
    """One resource and the table it fills.

    `fields` gives Sage's name of a column where it differs, `made` the columns that are put together here,
    `also` what must be asked for that, `key` the field that identifies a row and orders the pages.
    """

    table: str
    resource: str
    fields: Mapping[str, str] = field(default_factory=dict)
    made: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    key: str = "id"

    @property
    def spec(self) -> TableSpec:
        """The landing table."""
        return SPECS[self.table]

    @property
    def select(self) -> list[str]:
        """The fields to ask for."""
        return [
            *(self.fields.get(name, name) for name in self.spec.columns if name not in self.made),
            *self.also,
        ]

    def arrow(self, rows: Sequence[Row], delivery_id: str, delivery_order: int) -> pa.Table:
        """A page as landing takes it: evidence of a row is the pass, the resource and Sage's own id.

        Of two versions of one row, the page with the greater `delivery_order` holds the later one.
        Raises UnreadableColumnError.
        """
        columns = arrow_columns(rows, self.spec.columns, self.fields)
        evidence = {
            "delivery_id": pa.repeat(pa.scalar(delivery_id), len(rows)),
            "source_file": pa.repeat(pa.scalar(f"sage200/{self.resource}"), len(rows)),
            "delivery_order": pa.repeat(pa.scalar(delivery_order, pa.int64()), len(rows)),
            **arrow_columns(rows, {"source_row": "bigint"}, {"source_row": self.key}),
        }
        return pa.table(columns | evidence)


NOMINAL_LINES = Source("nominal_transactions", "nominal_transaction_enquiry_views")

BANK_DOCUMENTS = Source("bank_posted_transactions", "bank_posted_transactions", also=("tax_analysis_items",))
SALES_DOCUMENTS = Source(
    "sales_posted_transactions",
    "sales_posted_transactions",
    made=("is_historical",),
    also=("tax_analysis_items",),
)
HISTORICAL_DOCUMENTS = Source(
    "sales_posted_transactions",
    "sales_historical_transactions",
    made=("is_historical",),
    also=("tax_analysis_items",),
)

PRODUCT_GROUPS = "product_groups"
PRODUCTS = Source("products", "products", made=("product_group",), also=("product_group_id",))
PERIODS = Source("periods", "financial_year_period_views", key="accounting_period_id")
PERIOD_STATES = Source("period_states", "transaction_date_validation", key="accounting_period_id")
REFERENCE_DATA = (
    Source("nominal_codes", "nominal_codes"),
    Source("control_nominal_codes", "control_nominal_codes"),
    Source("tax_codes", "tax_codes"),
    Source("customers", "customers"),
    Source(
        "banks",
        "banks",
        fields={
            "nominal_reference": "bank_account_nominal_reference",
            "nominal_cost_centre": "bank_account_nominal_cost_centre",
            "nominal_department": "bank_account_nominal_department",
        },
    ),
)


def tax_items_of(documents: Source) -> Source:
    """The table of the tax items nested in a resource's documents."""
    table = documents.table.removesuffix("_posted_transactions") + "_tax_items"
    fields = {"tax_code_id": "id", "tax_code": "code"}
    return Source(table, documents.resource, fields=fields, key="transaction_id")


def tax_item_rows(documents: Sequence[Row]) -> list[Row]:
    """The tax items nested in documents, one row each, numbered from 1 as they came."""
    return [
        item
        | {
            "urn": document["urn"],
            "transaction_id": document["id"],
            "transaction_date": document["transaction_date"],
            "item_no": item_no,
        }
        for document in documents
        for item_no, item in enumerate(document.get("tax_analysis_items") or (), start=1)
    ]
