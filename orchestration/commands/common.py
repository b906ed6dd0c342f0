"""What every command shares: where the home is, how a report is shown, and how a command ends that cannot go on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

console = Console()
errors = Console(stderr=True)

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="TILLPROOF_HOME", help="Where this installation keeps its state."),
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it: goes on record.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: goes on record.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def home_of(home: Path | None) -> Path:
    """The home asked for, else the last demo's where there is one, else ./tillproof-home."""
    demo = Path("demo") / "home"
    if home is None and demo.exists():
        home = demo
    chosen = (home or Path("tillproof-home")).resolve()
    os.environ["TILLPROOF_HOME"] = str(chosen)
    return chosen


def show(report: Any, as_json: bool, render: Any) -> None:
    if as_json:
        sys.stdout.write(json.dumps(report, indent=2, default=str) + "\n")
    else:
        render(report)


def one_of(option: str, given: str, known: Sequence[str]) -> None:
    """A clear end where an option's value is none of those that are known."""
    if given not in known:
        raise fail(f"{option} '{given}' is none of: {', '.join(known)}")


def published(home: Path | None, number: int | None = None) -> Any:
    """The newest publication, or that of a number; or a clear end."""
    from app.published import NothingPublishedError, PublicationIncompleteError, Published

    try:
        return Published(home_of(home) / "published", number)
    except (NothingPublishedError, PublicationIncompleteError) as error:
        raise fail(str(error)) from error


def keep_to_shop_time(settings: Any) -> None:
    """Show moments by the clock of the company's shops, as the app does: by the UK's before anything is published."""
    from app import shop_clock
    from app.published import NothingPublishedError, PublicationIncompleteError, Published

    try:
        zone = shop_clock.zone_of(Published(settings.published))
    except (NothingPublishedError, PublicationIncompleteError):
        zone = shop_clock.UK
    shop_clock.keep_to(zone)


def settings_of(home: Path | None) -> Any:
    from orchestration.settings import SettingsError, load

    try:
        return load(home_of(home))
    except SettingsError as error:
        raise fail(str(error)) from error


@contextmanager
def store_of(home: Path | None, by: str = "") -> Iterator[tuple[Any, Any]]:
    """The settings and the open operations store, which writes only what `by` may; without a name it only reads.

    What the store refuses is a clear end.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from orchestration.operations import READER, Operations, OperationsError

    settings = settings_of(home)
    try:
        with Operations.open(settings.operations) as operations:
            yield settings, operations.acting_as(settings.access.local(by) if by.strip() else READER)
    except OperationsError as error:
        raise fail(str(error)) from error
    except (SQLAlchemyError, ImportError) as error:
        words = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise fail(f"the operations store {settings.operations} cannot be used: {words}") from error


def must_be_signed(by: str, reason: str) -> None:
    """Who and why, or a clear end."""
    from orchestration.operations import OperationsError
    from orchestration.operations.signing import check_name

    if not by.strip() or not reason.strip():
        raise fail("say who does it and why: --by NAME --reason TEXT. Both go on record")
    try:
        check_name(by)
    except OperationsError as error:
        raise fail(f"--by: {error}") from error


def fail(words: str) -> typer.Exit:
    errors.print(f"[red]tillproof:[/red] {escape(words)}", highlight=False)
    return typer.Exit(2)
