"""`tillproof posting returns`: the VAT returns that are filed, what corrections have added to each, and its limit."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from app.money import plain_pounds
from orchestration.operations import NetError, Operations
from orchestration.posting.vat import FINANCE_TELLS, limit_of

Report = dict[str, Any]
WHAT_TO_DO = f"Over its limit nothing that adds to it is posted: {FINANCE_TELLS}."


def returns(operations: Operations, company_id: str) -> Report:
    """Every VAT period of the company, the earliest first, as the store has it now; money in pence."""
    policy = operations.posting_policy(company_id)
    errors = operations.net_errors(company_id)
    told = []
    for one in operations.vat_returns(company_id):
        error = errors.get(one.valid_from, NetError())
        limit = limit_of(policy, one)
        told.append(
            {
                "valid_from": one.valid_from.isoformat(),
                "valid_to": one.valid_to.isoformat(),
                "filed_on": one.filed_on.isoformat() if one.filed_on else None,
                "corrections": error.documents,
                "net_error_pence": error.settled_pence,
                "on_their_way_pence": error.up_pence + error.down_pence,
                "limit_pence": limit,
                "is_at_limit": bool(error.documents) and abs(error.worst_pence) >= limit,
            }
        )
    return {"company_id": company_id, "returns": told, "what_to_do": WHAT_TO_DO}


def render(report: Report, console: Console) -> None:
    """The same for a person."""
    if not report["returns"]:
        console.print(
            "No VAT period is entered, so no posting is known to touch a filed return: "
            "tillproof mappings import vat_periods.csv",
            highlight=False,
        )
        return
    title = (
        f"VAT returns of {report['company_id']}; a positive error is VAT that was due and not on the return"
    )
    table = Table(title=title, title_justify="left")
    for heading in ("period", "filed on"):
        table.add_column(heading, no_wrap=True)
    for heading in ("corrections", "net error £", "on their way £", "limit £"):
        table.add_column(heading, justify="right")
    for row in report["returns"]:
        table.add_row(
            f"{row['valid_from']} to {row['valid_to']}",
            row["filed_on"] or "not filed",
            str(row["corrections"]),
            f"{plain_pounds(row['net_error_pence'])}{' at its limit' if row['is_at_limit'] else ''}",
            plain_pounds(row["on_their_way_pence"]),
            plain_pounds(row["limit_pence"]) if row["filed_on"] else "",
        )
    console.print(table)
    if any(row["is_at_limit"] for row in report["returns"]):
        console.print(report["what_to_do"], highlight=False)
