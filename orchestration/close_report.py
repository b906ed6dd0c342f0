"""What `tillproof close status` and `close verify` print."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.money import counted, day, pounds
from app.render import read_day, read_moment

STATES = {
    "stands": "[green]signed off, and it stands[/green]",
    "suspended": "[red]signed off, suspended: figures moved[/red]",
    "not_signed_off": "[yellow]not signed off[/yellow]",
    "renewed": "renewed by a later one",
    "withdrawn": "taken back",
}
SHOWN = 20


def render(report: dict[str, Any], console: Console) -> None:
    """A month for a person: its state, the checklist, the sign-offs, and what moved."""
    console.print(
        f"{escape(report['company_id'])} {report['period']}: {STATES[report['state']]} "
        f"(publication {report['publication']})",
        highlight=False,
    )
    table = Table()
    for heading in ("", "item", "what", "owner", "due", "found"):
        table.add_column(heading, no_wrap=heading in ("item", "due"))
    for item in report["checklist"]:
        due = day(read_day(item["due_on"]))
        sign = "[green]✓[/green]" if item["state"] == "done" else "[red]![/red]"
        table.add_row(
            sign,
            escape(item["item"]),
            escape(item["title"]),
            escape(item["owner"]),
            f"[red]{due}, late[/red]" if item["is_overdue"] else due,
            escape(item["seen"]),
        )
    console.print(table)
    for signed in report["sign_offs"][:SHOWN]:
        at = read_moment(signed["at"])
        role = f", {signed['role']}" if signed["role"] else ""
        console.print(
            f"sign-off {signed['sign_off']} of {escape(signed['of'])}: {STATES[signed['state']]}; "
            f"{escape(signed['by'])}{escape(role)}, {day(at.date() if at else None)}, "
            f"publication {signed['publication']}: {escape(signed['note'])}",
            highlight=False,
        )
        for moved in signed["moved"][:SHOWN]:
            console.print(
                f"    {escape(moved['store_id'])} {day(read_day(moved['day']))}: {escape(moved['called'])} "
                f"was {_told(moved, 'signed')}, is {_told(moved, 'now')}",
                highlight=False,
            )
        if len(signed["moved"]) > SHOWN:
            console.print(
                f"    … and {counted(len(signed['moved']) - SHOWN, 'figure')} more; --json lists them all."
            )
    if len(report["sign_offs"]) > SHOWN:
        console.print(
            f"… and {counted(len(report['sign_offs']) - SHOWN, 'sign-off')} more; --json lists them all."
        )


def _told(moved: dict[str, Any], side: str) -> str:
    value = moved[side]
    if value is None:
        return "not there"
    return pounds(value) if moved["figure"].endswith("_pence") else f"{value:,}"


def render_verification(report: dict[str, Any], console: Console) -> None:
    """Each check of a pack for a person, and the answer."""
    console.print(
        f"Evidence pack of {escape(report['company_id'])} {escape(report['period'])}, "
        f"publication {escape(report['publication'])}, {escape(report['state_when_made'].replace('_', ' '))} when made",
        highlight=False,
    )
    signs = {True: "[green]✓[/green]", False: "[red]![/red]", None: "[yellow]?[/yellow]"}
    for check in report["checks"]:
        console.print(f"{signs[check['holds']]} {check['check']}: {escape(check['found'])}", highlight=False)
    if not report["holds"]:
        console.print("[red]The pack does not hold.[/red]")
    elif report["complete"]:
        console.print("[green]The pack holds.[/green]")
    else:
        console.print("The pack holds, as far as it could be asked.")
