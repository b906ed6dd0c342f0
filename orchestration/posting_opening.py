"""`tillproof posting opening`: where each till customer and clearing bank stood in Sage before its store's cutover.

A bridge begins from there: what lay on the account before we posted is not ours, and stays what finance agreed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app import totals
from app.money import pounds
from app.published import Published
from orchestration.operations import CutoverAgreed, Operations

Report = dict[str, Any]
OWNER = "finance"
STANDS = {
    "agrees": "agrees",
    "differs": "differs",
    "not_agreed": "finance has not agreed a figure",
    "shown": "shown only",
}


def report(published: Published, operations: Operations, company_id: str) -> Report:
    """Each account of a store with a cutover as the newest publication has it, against what finance agreed."""
    cutovers = operations.cutovers(company_id)
    banks = totals.clearing_banks(published, company_id)
    rows = [_of_till_customer(published, company_id, one) for one in cutovers]
    rows += [row for one in cutovers for row in _of_banks(published, company_id, one, banks)]
    return {
        "company_id": company_id,
        "publication": published.number,
        "owner": OWNER,
        "positions": rows,
        "differs": sum(row["stands"] == "differs" for row in rows),
        "not_agreed": sum(row["stands"] == "not_agreed" for row in rows),
    }


def _of_till_customer(published: Published, company_id: str, cutover: CutoverAgreed) -> Report:
    row = _position(published, company_id, cutover, "till_customer", cutover.till_customer_reference)
    agreed = cutover.opening_balance_pence
    apart = None if agreed is None else row["balance_pence"] - agreed
    stands = "not_agreed" if agreed is None else "differs" if apart else "agrees"
    who = cutover.author if agreed is not None else ""
    return {**row, "agreed_pence": agreed, "apart_pence": apart, "agreed_by": who, "stands": stands}


def _of_banks(
    published: Published, company_id: str, cutover: CutoverAgreed, banks: Iterable[tuple[str, str | None]]
) -> list[Report]:
    nothing = {"agreed_pence": None, "apart_pence": None, "agreed_by": "", "stands": "shown"}
    return [
        {**_position(published, company_id, cutover, "clearing_bank", bank), **nothing}
        for bank, store_id in banks
        if store_id == cutover.store_id
    ]


def _position(
    published: Published, company_id: str, cutover: CutoverAgreed, account_kind: str, account: str
) -> Report:
    before: date = cutover.cutover_date
    found = totals.stood_at(published, company_id, account_kind, account, before)
    return {
        "store_id": cutover.store_id,
        "account_kind": account_kind,
        "account": account,
        "cutover_date": before.isoformat(),
        "documents": found["documents"],
        "balance_pence": found["balance_pence"],
    }


def render(told: Report, console: Console) -> None:
    """The same for a person."""
    if not told["positions"]:
        console.print("No store has a cutover: tillproof mappings import cutovers.csv", highlight=False)
        return
    table = Table(
        title=f"Before the cutover, in publication {told['publication']}; owner: {told['owner']}",
        title_justify="left",
    )
    for heading in ("store", "account", "before", "documents", "in Sage", "agreed", "apart", ""):
        table.add_column(
            heading, justify="right" if heading in ("documents", "in Sage", "agreed", "apart") else "left"
        )
    for row in told["positions"]:
        table.add_row(
            row["store_id"], escape(row["account"]), row["cutover_date"], f"{row['documents']:,}",
            pounds(row["balance_pence"]), *(
                "" if row[name] is None else pounds(row[name]) for name in ("agreed_pence", "apart_pence")
            ),
            STANDS[row["stands"]],
        )  # fmt: skip
    console.print(table)
    if told["differs"]:
        console.print(
            "What differs has moved since it was agreed, or was never so: finance finds the documents dated before the "
            "cutover on that account, or agrees another figure in cutovers.csv.",
            highlight=False,
        )
