"""`tillproof acceptance`: how a test or the first 30 days came out against the agreed limits, and its sign-off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.commands.common import (
    AsJson,
    By,
    Home,
    console,
    must_be_signed,
    published,
    show,
    store_of,
)

app = typer.Typer(
    name="acceptance",
    help="A user acceptance test or the first 30 days: each day against the agreed limits, and who has signed.",
    no_args_is_help=True,
)
Window = Annotated[
    str,
    typer.Argument(
        metavar="[WINDOW]", help="As [acceptance.windows] names it; may be left out where it is one."
    ),
]
Note = Annotated[str, typer.Option("--reason", metavar="TEXT", help="The note: goes on record.")]


@app.command("status")
def status(window: Window = "", home: Home = None, as_json: AsJson = False) -> None:
    """Each measure and each day of a window against its limit, and who has signed."""
    from orchestration import acceptance, acceptance_report

    with store_of(home) as (settings, operations):
        found = published(home)
        stands = acceptance.standing(found, operations, settings.acceptance, settings.company_id, window)
        report = acceptance.as_report(found, settings.company_id, stands)
    show(report, as_json, lambda told: acceptance_report.render(told, console))


@app.command("sign")
def sign(
    window: Window = "",
    home: Home = None,
    with_failed_days: Annotated[
        bool, typer.Option("--with-failed-days", help="Sign although days failed; they are named in it.")
    ] = False,
    by: By = "",
    reason: Note = "",
    as_json: AsJson = False,
) -> None:
    """Sign a window, as one of those who agreed to its limits; or renew a sign-off that is suspended."""
    from orchestration import acceptance

    def write(found: Any, settings: Any, operations: Any) -> str:
        return acceptance.sign(
            found,
            operations,
            settings.acceptance,
            settings.company_id,
            window,
            by=by,
            note=reason,
            with_failed_days=with_failed_days,
        )

    _write(home, by, reason, as_json, write)


@app.command("withdraw")
def withdraw(
    window: Window = "", home: Home = None, by: By = "", reason: Note = "", as_json: AsJson = False
) -> None:
    """Take your own sign-off of a window back. It stays on record, and so does this."""
    from orchestration import acceptance

    def write(found: Any, settings: Any, operations: Any) -> str:
        return acceptance.withdraw(
            found, operations, settings.acceptance, settings.company_id, window, by=by, note=reason
        )

    _write(home, by, reason, as_json, write)


def _write(home: Path | None, by: str, reason: str, as_json: bool, write: Any) -> None:
    must_be_signed(by, reason)
    with store_of(home, by) as (settings, operations):
        done = write(published(home), settings, operations)
    show({"done": done}, as_json, lambda told: console.print(told["done"], markup=False, highlight=False))
