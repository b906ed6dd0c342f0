"""Which published models a pass may make in part, and how what was published lies beside what it judges.

Schema `before` of the warehouse is what is published now. Schema `kept` is that without the days that are judged, which
table `kept.judged_days` names; with it each model that was made in part is whole again (`macros/kept.sql`, schema
`whole`). In it are also the landed files of the judged days' months, all that staging reads of what has a date.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from orchestration.files import sql_path
from orchestration.publishing import Publication, day_column
from orchestration.touched_days import DATED, Landed

BY_DAY = (
    "bridge_lines",
    "coverage",
    "document_verdicts",
    "expected_lines",
    "gate_flags",
    "ledger_documents",
    "ledger_lines",
    "linked_days",
    "receipt_lines",
    "receipt_tenders",
    "receipts",
    "sage_by_date",
    "sage_by_slot",
    "store_days",
    "tax_roundings",
    "till_customer_balances",
    "tranche_members",
)
"""Published models of which a pass makes the judged days alone."""
OF_ANOTHER = {
    "document_drifts": ("document_id", "document_verdicts"),
    "posting_proposal_legs": ("posting_key", "posting_proposals"),
}
"""The same of those without a day: the column by which a row belongs to a row of another."""
WHOLE = (
    "company_periods",
    "debt",
    "debt_by_pass",
    "deliveries",
    "dirty_slots",
    "exceptions",
    "fix_set",
    "look_ahead",
    "match_decisions",
    "period_bridge",
    "posting_proposals",
    "postings",
    "set_aside_rows",
    "till_closures",
    "vat_returns",
    "verdict_history",
)
"""Published models that every pass makes whole: they ask above days, or of days that are kept what was said of them."""
UNDATED_FILES = ("linked_days",)
"""By day, and yet published as one file."""
ASKED_BESIDE = ("exceptions", "posting_proposals", "till_closures")
"""Models that are whole, and ask of themselves what they said of the days that are kept."""


def carried() -> tuple[str, ...]:
    """The published models that a pass which keeps days makes in part: they are whole with schema `kept`."""
    return (*BY_DAY, *OF_ANOTHER)


def lay_before(connection: duckdb.DuckDBPyConnection, before: Publication, root: Path) -> None:
    """Schema `before`: what is published now."""
    connection.execute("create schema before")
    for model in (*carried(), *ASKED_BESIDE):
        paths = ", ".join(
            f"'{sql_path((root / str(file['path'])).resolve())}'" for file in before.tables[model]
        )
        connection.execute(f"create view before.{model} as select * from read_parquet([{paths}])")


def lay_kept(connection: duckdb.DuckDBPyConnection, before: Publication, landed: Landed) -> None:
    """Schema `kept`: of what is published, the days that are not judged; of what is landed, the months that are."""
    judged = "select judged_days.day from kept.judged_days as judged_days"
    for model in BY_DAY:
        columns = [str(row[0]) for row in connection.execute(f"describe before.{model}").fetchall()]
        day = day_column(columns) or "day"
        connection.execute(
            f"create view kept.{model} as select * from before.{model} where {day} not in ({judged})"
        )
    for model in ("posting_proposals", "till_closures"):
        connection.execute(
            f"create view kept.{model} as select * from before.{model} where business_date not in ({judged})"
        )
    # a till's closure, a delivery and what lies unallocated is asked anew in every pass
    connection.execute(
        f"""create view kept.exceptions as select * from before.exceptions
            where status = 'open' and business_date not in ({judged})
            and document_kind not in ('closure', 'delivery') and not starts_with(subject_id, 'unallocated:')"""
    )
    _lay_landed(connection, landed)
    for model, (column, owner) in OF_ANOTHER.items():
        connection.execute(
            f"""create view kept.{model} as
                select * from before.{model} where {column} in (select {column} from kept.{owner})"""
        )


def _lay_landed(connection: duckdb.DuckDBPyConnection, landed: Landed) -> None:
    """Of each landed table that is read by day, the months with a judged day: to open a file is most of reading it."""
    found = connection.execute("select distinct strftime(day, '%Y-%m') from kept.judged_days").fetchall()
    months = {str(row[0]) for row in found}
    for table in DATED:
        connection.execute(
            f"create view kept.landed_{table.replace('/', '_')} as select * from {landed.of_months(table, months)}"
        )


def touched_months(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str | None]]:
    """Of each published model that a day bounds, the months that may be other than they were."""
    judged: list[str | None] = [
        str(row[0])
        for row in connection.execute(
            "select distinct strftime(day, '%Y-%m') as month from kept.judged_days order by month"
        ).fetchall()
    ]
    # history gains rows and loses none
    gained: list[str | None] = [
        None if row[0] is None else str(row[0])
        for row in connection.execute(
            """select distinct strftime(business_date, '%Y-%m') as month
               from exceptions.int_judgements_changed order by month"""
        ).fetchall()
    ]
    dated = {model: judged for model in BY_DAY if model not in UNDATED_FILES}
    return {**dated, "verdict_history": gained}


def lay_whole(connection: duckdb.DuckDBPyConnection, models: Mapping[str, str]) -> dict[str, str]:
    """The relation of each published model with the days that were kept: schema `whole`, where they are in part."""
    connection.execute("create schema whole")
    relations = dict(models)
    for model in carried():
        connection.execute(
            f"""create view whole.{model} as
                select * from {models[model]} union all by name select * from kept.{model}"""
        )
        relations[model] = f"whole.{model}"
    return relations
