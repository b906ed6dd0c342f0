"""`tillproof sage50`: import files for Sage 50 and its exported tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
    must_be_signed,
    settings_of,
    show,
)

app = typer.Typer(
    name="sage50",
    help="Sage 50: write import files, rehearse them, and find them again in its exported tables.",
    no_args_is_help=True,
)


@contextmanager
def _clear_end() -> Iterator[None]:
    """What the rooms below refuse is said in one line, with exit code 2."""
    from orchestration.ledgers.sage50_export import ExportRefusedError
    from orchestration.operations.errors import OperationsError
    from orchestration.posting.batches import NotRehearsedError
    from orchestration.posting_run import NothingPublishedError, PostingInProgressError
    from orchestration.sage50_report import FileThereError, UnknownFileError

    refused = (
        NotRehearsedError,
        NothingPublishedError,
        PostingInProgressError,
        OperationsError,
        FileThereError,
        UnknownFileError,
    )
    try:
        yield
    except ExportRefusedError as error:
        listed = "\n".join(str(problem) for problem in error.problems)
        raise fail(f"{error}\n{listed}" if len(error.problems) > 1 else str(error)) from error
    except (*refused, OSError) as error:
        raise fail(str(error)) from error


@app.command("write")
def write(
    home: Home = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write it. Without it nothing is written.")] = False,
    as_json: AsJson = False,
) -> None:
    """The next import file, of what may go, with a sheet for the person who imports it (dry run without --apply)."""
    from orchestration import sage50_report

    with _clear_end():
        report = sage50_report.write(settings_of(home), apply=apply)
    show(report, as_json, lambda told: sage50_report.render_write(told, console))


@app.command("rehearse")
def rehearse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An import file, whoever wrote it.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """What Sage would refuse of a file or take twice, by row, column and reason. Exit code 1 where there is any."""
    from orchestration import sage50_report

    with _clear_end():
        report = sage50_report.rehearsed(settings_of(home), file)
    show(report, as_json, lambda told: sage50_report.render_rehearsal(told, console))
    if report["refused"]:
        raise typer.Exit(1)


@app.command("export")
def look_at_export(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="Another than the setting export_folder.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Read Sage's exported tables and say what they hold, or what is wrong with them. Changes nothing."""
    from orchestration import sage50_report

    with _clear_end():
        report = sage50_report.look_at_export(settings_of(home), folder)
    show(report, as_json, lambda told: sage50_report.render_export(told, console))


@app.command("verify")
def verify(home: Home = None, as_json: AsJson = False) -> None:
    """Find every written file again in the exported audit trail, row by row. Exit code 1 where one is not right."""
    from orchestration import sage50_report

    with _clear_end():
        report = sage50_report.verify(settings_of(home))
    show(report, as_json, lambda told: sage50_report.render_verify(told, console))
    if not report["is_well"]:
        raise typer.Exit(1)


@app.command("release")
def release(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="As `verify` names it.")],
    home: Home = None,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Say that what Sage lacks of a file was not imported and the file is gone: it may go in a new one."""
    from orchestration import sage50_report

    must_be_signed(by, reason)
    with _clear_end():
        report = sage50_report.release(settings_of(home), batch, by=by, reason=reason)
    show(report, as_json, lambda told: sage50_report.render_release(told, console))
