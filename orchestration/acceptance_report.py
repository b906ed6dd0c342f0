"""What `tillproof acceptance status` prints."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.money import counted, day
from app.render import read_day, read_moment

STATES = {
    "not_begun": "[yellow]no day of it is over[/yellow]",
    "running": "[yellow]running[/yellow]",
    "to_sign": "[yellow]over, not signed by all[/yellow]",
    "accepted": "[green]accepted[/green]",
    "suspended": "[red]a sign-off is suspended: figures moved[/red]",
}
SIGNS = {"passed": "[green]✓[/green]", "failed": "[red]![/red]", "nothing": "·"}


def render(report: dict[str, Any], console: Console) -> None:
    """A window for a person: its state, each measure, the days that failed, who has signed."""
    console.print(
        f"{escape(report['title'])}, {day(read_day(report['first_day']))} to {day(read_day(report['last_day']))}: "
        f"{STATES[report['state']]} (publication {report['publication']})",
        highlight=False,
    )
    console.print(
        f"{counted(report['days_judged'], 'day')} judged: {report['days_passed']} passed, "
        f"{report['days_failed']} failed, {report['days_with_nothing']} without sales",
        highlight=False,
    )
    if not report["measures"]:
        console.print("No limit is agreed: write [acceptance.limits] into tillproof.toml.", markup=False)
        return
    _print_measures(report, console)
    _print_failed_days(report, console)
    for person, signed in report["signed"].items():
        if signed is None:
            console.print(f"{escape(person)}: has not signed", highlight=False)
            continue
        at = read_moment(signed["at"])
        told = "stands" if signed["state"] == "stands" else "[red]suspended[/red]"
        console.print(
            f"{escape(person)}: signed on {day(at.date() if at else None)}, publication {signed['publication']}, "
            f"{told}: {escape(signed['note'])}",
            highlight=False,
        )
        for moved in signed["moved"]:
            console.print(
                f"    {day(read_day(moved['day']))}: {escape(moved['called'])} was {moved['signed']}, "
                f"is {moved['now']}",
                highlight=False,
            )


def _print_measures(report: dict[str, Any], console: Console) -> None:
    table = Table()
    for heading in ("", "measure", "limit", "agreed by", "passed", "failed", "nothing", "worst"):
        table.add_column(heading, justify="right" if heading in ("passed", "failed", "nothing") else "left")
    for each in report["measures"]:
        outcome = "failed" if each["failed"] else "passed" if each["passed"] else "nothing"
        table.add_row(
            SIGNS[outcome],
            each["title"],
            each["limit"],
            escape(each["agreed_by"]),
            str(each["passed"]),
            str(each["failed"]),
            str(each["nothing"]),
            each["worst"],
        )
    console.print(table)


def _print_failed_days(report: dict[str, Any], console: Console) -> None:
    for each in report["days"]:
        if each["outcome"] == "failed":
            titles = {row["measure"]: row["title"] for row in report["measures"]}
            told = "; ".join(
                f"{titles[name]} {result['told']}"
                for name, result in each["measures"].items()
                if result["outcome"] == "failed"
            )
            console.print(f"[red]![/red] {day(read_day(each['day']))}: {told}", highlight=False)
