"""What mappings lead to: what Sage would refuse before a sale needs it, what a change touches, what was checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from app import words
from app.published import Published, Row, Rows

CELLS = {
    "tax_mappings": ("vat", "till_tax_code"),
    "nominal_mappings": ("goods", "category"),
    "tender_mappings": ("tender", "tender_type"),
}
"""Mapping file -> the cell of look_ahead it decides, and the column that is tried."""


def look_ahead(published: Published, company_id: str) -> Rows:
    """Every combination tried against Sage, what it is refused for first."""
    return published.rows(
        """
        select * from look_ahead where company_id = ?
        order by cell, bool_or(status <> 'open') over (partition by cell, tried_key) desc, tried_key, store_id
        """,
        [company_id],
    )


def as_grid(rows: Rows) -> tuple[list[str], list[Row]]:
    """The stores across (`*` for what no store divides), and a row for each thing tried: store -> its row."""
    stores = sorted({row["store_id"] for row in rows} - {"*"})
    lines: dict[tuple[str, str], Row] = {}
    for row in rows:
        # a till customer is one store's own: all of them share a line
        name = "till customer" if row["cell"] == "customer" else row["tried_key"]
        line = lines.setdefault((row["cell"], name), {"cell": row["cell"], "tried": name, "by_store": {}})
        line["by_store"][row["store_id"]] = row
    return stores, list(lines.values())


def touched(published: Published, change: Mapping[str, Any]) -> Row | None:
    """What was sold through a changed mapping in the last ninety days; None where look_ahead tries no such thing."""
    if change["table"] not in CELLS:
        return None
    cell, column = CELLS[change["table"]]
    after = change["after"]
    return published.row(
        """
        select cast(coalesce(sum(lately_pence), 0) as bigint) as lately_pence, count(*) as tried,
            count(*) filter (status <> 'open') as closed
        from look_ahead
        where company_id = ? and cell = ? and tried_key = ? and (? in ('*', '') or store_id in (?, '*'))
        """,
        [after["company_id"], cell, after[column], after.get("store_id", ""), after.get("store_id", "")],
    )


def clears(fixes: Rows, change: Mapping[str, Any]) -> Rows:
    """The fixes of the fix set that a changed mapping may be: same table, and the thing to mend is what it names."""
    values = {str(value) for row in (change["before"], change["after"]) if row for value in row.values()}
    return [
        fix
        for fix in fixes
        if words.MAPPED_BY.get(Path(fix["runbook"]).stem) == change["table"]
        and {fix["to_mend"], fix["to_mend"].split(" ")[0]} & values
    ]


def coverage(published: Published, company_id: str, period: date) -> Rows:
    """How much of what the tills took in a month was checked, by store and tender."""
    return published.rows(
        """
        select store_id, tender_type, cast(sum(documents) as bigint) as documents,
            cast(sum(documents_not_checked) as bigint) as documents_not_checked,
            cast(sum(value_pence) as bigint) as value_pence, cast(sum(checked_pence) as bigint) as checked_pence,
            cast(sum(pending_pence) as bigint) as pending_pence,
            cast(sum(ambiguous_pence) as bigint) as ambiguous_pence,
            cast(sum(not_checked_pence) as bigint) as not_checked_pence
        from coverage where company_id = ? and date_trunc('month', business_date) = ?
        group by store_id, tender_type order by store_id, tender_type
        """,
        [company_id, period],
    )


def uncovered_days(published: Published, company_id: str, period: date, limit: int = 30) -> Rows:
    """The days of a month of which least was checked, by store and tender; none where all was."""
    return published.rows(
        """
        select * from coverage
        where company_id = ? and date_trunc('month', business_date) = ? and documents_not_checked > 0
        order by value_pence - checked_pence desc, store_id, business_date, tender_type limit ?
        """,
        [company_id, period, limit],
    )
