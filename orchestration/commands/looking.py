"""Commands that look and change nothing: what stands where, what is open, one receipt's life, a table as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.common import AsJson, Home, console, fail, home_of, one_of, published, show


def status(home: Home = None, as_json: AsJson = False) -> None:
    """Where things stand: what was checked, what it came to, what is owed, what was posted."""
    from app import render, reports

    show(reports.status(published(home)), as_json, lambda report: console.print(render.status(report)))


def exceptions(
    home: Home = None,
    owner: Annotated[str | None, typer.Option(help="finance, operations or integration.")] = None,
    store: Annotated[str | None, typer.Option()] = None,
    state: Annotated[str, typer.Option(help="open, resolved or all.")] = "open",
    limit: Annotated[int, typer.Option(min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """What is to be mended, the worst first: why, whose it is and what it is worth."""
    from app import render, reports, words

    there = published(home)
    one_of("--state", state, ["open", "resolved", "all"])
    if owner is not None:
        one_of("--owner", owner, list(words.OWNERS))
    if store is not None:
        one_of("--store", store, reports.stores(there))
    wanted = None if state == "all" else state
    report = reports.exceptions(there, owner=owner, store=store, status=wanted, limit=limit)
    show(report, as_json, lambda told: console.print(render.exceptions(told)))


def fixes(
    home: Home = None,
    limit: Annotated[int, typer.Option(min=1, help="How many things to mend are listed.")] = 20,
    as_json: AsJson = False,
) -> None:
    """What to mend first: what stops most value from being posted, and what Sage would refuse next."""
    from app import render, reports

    show(reports.fixes(published(home), limit), as_json, lambda told: console.print(render.fixes(told)))


def trace(
    subject: Annotated[
        str, typer.Argument(metavar="ID", help="Receipt number, event, posting key, exception or URN.")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """One receipt's whole life: file and row, each leg due beside Sage's, verdicts over time, postings."""
    from app import render_trace, reports

    report = reports.trace(published(home), subject)
    show(report, as_json, lambda told: console.print(render_trace.trace(told)))
    if not report["found"]:
        raise typer.Exit(1)


def export(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="A published table, as docs/contracts.md lists.")
    ],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Ends in .csv or .xlsx.")],
    home: Home = None,
    as_of: Annotated[
        int | None, typer.Option("--as-of", metavar="NUMBER", help="That publication; else the newest.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file where it is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """One published table as CSV or Excel: money in pounds, days as DD/MM/YYYY, no cell that a spreadsheet runs."""
    from app import render, table_export
    from app.published import NothingPublishedError

    try:
        report = table_export.export(published(home, as_of), table, to, overwrite=force)
    except (table_export.ExportRefusedError, NothingPublishedError) as error:
        raise fail(str(error)) from error
    show(report, as_json, lambda told: console.print(render.exported(told)))


def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Settings, mappings, connections, clock and disk: what is wrong, and how to mend it."""
    from orchestration import doctor as examination

    report = examination.examine(home_of(home))
    show(report, as_json, lambda told: examination.render(told, console))
    if not report["is_well"]:
        raise typer.Exit(1)
