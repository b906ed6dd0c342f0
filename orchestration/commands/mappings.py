"""`tillproof mappings`: take them in from CSV, write them out, and see who changed what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.common import (
    AsJson,
    By,
    Home,
    Reason,
    console,
    fail,
    keep_to_shop_time,
    must_be_signed,
    show,
    store_of,
)

app = typer.Typer(
    name="mappings",
    help="Take mappings in from CSV, write them out, see who changed what.",
    no_args_is_help=True,
)


@app.command("import")
def take_in(
    place: Annotated[
        Path, typer.Argument(metavar="FOLDER_OR_FILE", help="CSV files, as docs/contracts.md says.")
    ],
    home: Home = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write it. Without it nothing is written.")] = False,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Show what mapping files would change, and what is wrong with them; with --apply take them, all or nothing."""
    from orchestration import mappings_report

    if apply:
        must_be_signed(by, reason)
    with store_of(home, by if apply else "") as (_, operations):
        report = mappings_report.take_in(operations, place, apply=apply, author=by, reason=reason)
    show(report, as_json, lambda told: mappings_report.render_import(told, console))
    if report["refused"]:
        raise typer.Exit(2)


@app.command("export")
def write_out(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made where it is not there.")],
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite mapping files that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write all mappings as the CSV files that `mappings import` reads: taking them in again changes nothing."""
    from orchestration import mappings_report

    with store_of(home) as (_, operations):
        try:
            report = mappings_report.write_out(operations, folder, overwrite=force)
        except (mappings_report.ExportRefusedError, OSError) as error:
            raise fail(str(error)) from error
    show(report, as_json, lambda told: mappings_report.render_export(told, console))


@app.command("log")
def log(
    home: Home = None,
    table: Annotated[str | None, typer.Option(help="Only of one file, such as stores.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many changes, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Who changed which mapping when, from what to what, and why: the newest first."""
    from orchestration import mappings_report

    known = mappings_report.tables()
    if table is not None and table not in known:
        raise fail(f"there is no mapping file '{table}'; there are: {', '.join(known)}")
    with store_of(home) as (settings, operations):
        report = mappings_report.log(operations, table, limit)
        keep_to_shop_time(settings)
    show(report, as_json, lambda told: mappings_report.render_log(told, console))
