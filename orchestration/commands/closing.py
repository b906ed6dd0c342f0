"""`tillproof close`: a month's checklist, its sign-off and what moved since, and the evidence pack."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.commands.common import (
    AsJson,
    By,
    Home,
    console,
    fail,
    must_be_signed,
    published,
    show,
    store_of,
)

app = typer.Typer(
    name="close",
    help="Close a month: its checklist, its sign-off and what moved since, its evidence pack.",
    no_args_is_help=True,
)
Period = Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month.")]
Store = Annotated[str, typer.Option("--store", help="Our code of one store; with --day.")]
Day = Annotated[str, typer.Option("--day", help="One business date of it, YYYY-MM-DD; with --store.")]
Note = Annotated[str, typer.Option("--reason", metavar="TEXT", help="The note: goes on record.")]


@app.command("status")
def close_status(period: Period, home: Home = None, as_json: AsJson = False) -> None:
    """The checklist of a month, and every sign-off of it and its store-days with what moved since."""
    from orchestration import close_report, closing

    with store_of(home) as (settings, operations):
        found = published(home)
        scope = closing.period_of(settings.company_id, period)
        report = closing.status(found, operations, settings.close, scope)
    show(report, as_json, lambda told: close_report.render(told, console))


@app.command("sign")
def sign(
    period: Period,
    home: Home = None,
    store: Store = "",
    day: Day = "",
    with_open_items: Annotated[
        bool, typer.Option("--with-open-items", help="Sign although items are open; they are named in it.")
    ] = False,
    by: By = "",
    reason: Note = "",
    as_json: AsJson = False,
) -> None:
    """Sign a month off, or one store-day of it; or renew a sign-off that is suspended because a figure moved."""
    from orchestration import closing

    def write(found: Any, settings: Any, operations: Any) -> str:
        scope = _scope(settings, period, store, day)
        return closing.sign(
            found, operations, settings.close, scope, by=by, note=reason, with_open_items=with_open_items
        )

    _write(home, by, reason, as_json, write)


@app.command("withdraw")
def withdraw(
    period: Period,
    home: Home = None,
    store: Store = "",
    day: Day = "",
    by: By = "",
    reason: Note = "",
    as_json: AsJson = False,
) -> None:
    """Take the sign-off of a month, or of one store-day, back. It stays on record, and so does this."""
    from orchestration import closing

    def write(found: Any, settings: Any, operations: Any) -> str:
        scope = _scope(settings, period, store, day)
        return closing.withdraw(found, operations, scope, by=by, note=reason)

    _write(home, by, reason, as_json, write)


@app.command("tick")
def tick(
    period: Period,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="As `close status` lists it.")],
    home: Home = None,
    off: Annotated[bool, typer.Option("--off", help="Take the tick off.")] = False,
    by: By = "",
    reason: Note = "",
    as_json: AsJson = False,
) -> None:
    """Tick an item of a month's checklist that no figure can answer, or take the tick off."""
    from orchestration import closing

    def write(found: Any, settings: Any, operations: Any) -> str:
        scope = closing.period_of(settings.company_id, period)
        return closing.tick(
            found, operations, settings.close, scope, item, is_done=not off, by=by, note=reason
        )

    _write(home, by, reason, as_json, write)


@app.command("pack")
def pack(
    period: Period,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Ends in .xlsx.")],
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file where it is there.")] = False,
    by: By = "",
    reason: Note = "",
    as_json: AsJson = False,
) -> None:
    """Write the evidence pack of a month: an Excel workbook whose totals are live formulas, with its manifest."""
    from orchestration import closing, evidence_pack
    from orchestration.exports import write_whole

    if to.suffix.lower() != ".xlsx":
        raise fail(f"{to} must end in .xlsx")
    if to.exists() and not force:
        raise fail(f"{to} is there already: name another file, or overwrite it with --force")
    must_be_signed(by, reason)
    with store_of(home, by) as (settings, operations):
        found = published(home)
        scope = closing.period_of(settings.company_id, period)
        made = evidence_pack.make(found, operations, settings.close, scope, by=by, note=reason)
    try:
        write_whole(to, made.content)
    except OSError as error:
        raise fail(f"{to} cannot be written: {error.strerror or error}") from error
    report = {
        "file": str(to),
        "publication": made.publication_number,
        "state": made.state,
        "manifest_digest": made.manifest_digest,
        "done": f"Written to {to}: {period}, publication {made.publication_number}, "
        f"{made.state.replace('_', ' ')}. Manifest {made.manifest_digest[:12]}",
    }
    _show_done(report, as_json)


@app.command("verify")
def verify(
    pack_file: Annotated[Path, typer.Argument(metavar="PACK", help="A pack that `close pack` wrote.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Hold an evidence pack against itself, its publication and the chain of postings.

    Exit code 1: something in it is not as it was made, or no longer agrees; which, is told.
    """
    from orchestration import close_report, pack_verify

    try:
        content = pack_file.read_bytes()
    except OSError as error:
        raise fail(f"{pack_file} cannot be read: {error.strerror or error}") from error
    with store_of(home) as (settings, operations):
        report = pack_verify.verify(content, settings.published, operations)
    show(report, as_json, lambda told: close_report.render_verification(told, console))
    if not report["holds"]:
        raise typer.Exit(1)


def _scope(settings: Any, period: str, store: str, day: str) -> Any:
    from orchestration import closing

    if bool(store) != bool(day):
        raise fail("a store-day is named by --store and --day together")
    whole = closing.period_of(settings.company_id, period)
    if not store:
        return whole
    try:
        business_date = date.fromisoformat(day)
    except ValueError:
        raise fail(f"--day '{day}' is no date: write it YYYY-MM-DD") from None
    if not whole.date_from <= business_date <= whole.date_to:
        raise fail(f"{day} does not lie in {period}")
    return closing.store_day_of(settings.company_id, store, business_date)


def _write(home: Path | None, by: str, reason: str, as_json: bool, write: Any) -> None:
    must_be_signed(by, reason)
    with store_of(home, by) as (settings, operations):
        done = write(published(home), settings, operations)
    _show_done({"done": done}, as_json)


def _show_done(report: dict[str, Any], as_json: bool) -> None:
    show(report, as_json, lambda told: console.print(told["done"], markup=False, highlight=False))
