"""`tillproof`: the command line. Each command reads its arguments, asks the room that knows, and prints."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

app = typer.Typer(
    name="tillproof",
    help="Proves, to the penny, that what the tills took is what Sage holds, and puts it right.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
errors = Console(stderr=True)

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="TILLPROOF_HOME", help="Where this installation keeps its state."),
]
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


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Made anew each time.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed plants other faults.")] = 20111201,
    as_json: AsJson = False,
) -> None:
    """Play the main job on real UK sales: 5 stores, a connector that posts badly, and a Sage 200 to put right."""
    from orchestration.demo import play
    from orchestration.demo_summary import as_report, render

    os.environ["TILLPROOF_HOME"] = str((folder / "home").resolve())
    begun = datetime.now()  # noqa: DTZ005 - shown as time passed only

    def say(text: str) -> None:
        passed = (datetime.now() - begun).total_seconds()  # noqa: DTZ005
        (errors if as_json else console).print(f"[dim]{passed:6.1f}s[/dim]  {text}", highlight=False)

    story = play(folder.resolve(), seed=seed, say=say)
    show(as_report(story, folder), as_json, lambda report: render(report, console))
    raise typer.Exit(story.exit_code)


@app.command()
def run(
    home: Home = None, as_of: Annotated[str, typer.Option(help="UTC, ISO.")] = "", as_json: AsJson = False
) -> None:
    """One pass over the configured sources: land, judge, gate, publish. Posts nothing."""
    from orchestration.passes import PassInProgressError
    from orchestration.run_pass import PassFailedError, run_pass

    moment = datetime.fromisoformat(as_of) if as_of else None
    try:
        outcome = run_pass(home_of(home), as_of=moment)
    except (PassFailedError, PassInProgressError) as error:
        raise fail(str(error)) from error
    published = outcome.publication
    report = {
        "publication": published.number if published else None,
        "pass_number": published.pass_number if published else None,
        "as_of": published.as_of.isoformat() if published else None,
        "seconds_by_step": outcome.seconds,
    }
    words = (
        f"Pass {published.pass_number} is published as publication {published.number}."
        if published
        else "Nothing new: nothing was changed."
    )
    show(report, as_json, lambda _: console.print(words))


@app.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Where things stand: what was checked, what it came to, what is owed, what was posted."""
    from app import render, reports

    show(reports.status(published(home)), as_json, lambda report: console.print(render.status(report)))


@app.command()
def exceptions(
    home: Home = None,
    owner: Annotated[str | None, typer.Option(help="finance, operations or integration.")] = None,
    store: Annotated[str | None, typer.Option()] = None,
    state: Annotated[str, typer.Option(help="open, resolved or all.")] = "open",
    limit: Annotated[int, typer.Option()] = 50,
    as_json: AsJson = False,
) -> None:
    """What is to be mended, the worst first: why, whose it is and what it is worth."""
    from app import render, reports

    wanted = None if state == "all" else state
    report = reports.exceptions(published(home), owner=owner, store=store, status=wanted, limit=limit)
    show(report, as_json, lambda told: console.print(render.exceptions(told)))


@app.command()
def trace(
    subject: Annotated[
        str, typer.Argument(metavar="ID", help="Receipt number, event, posting key, exception or URN.")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """One receipt's whole life: file and row, expected posting, ledger rows, verdicts over time, postings."""
    from app import render_trace, reports

    report = reports.trace(published(home), subject)
    show(report, as_json, lambda told: console.print(render_trace.trace(told)))
    if not report["found"]:
        raise typer.Exit(1)


@app.command()
def post(
    home: Home = None,
    approve: Annotated[str, typer.Option(help="Your name: approve what waits for a person.")] = "",
    reason: Annotated[str, typer.Option(help="Why; required with --approve and --enable.")] = "",
    enable: Annotated[str, typer.Option(help="Your name: switch posting on for the company.")] = "",
    send: Annotated[
        bool, typer.Option("--send", help="Send what may go. Without it nothing is sent.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show exactly what would go to Sage and what would not (dry run); approve it; send it once and prove it."""
    from orchestration import posting_report
    from orchestration.ledgers.ledger import LedgerUnavailableError
    from orchestration.operations.errors import OperationsError
    from orchestration.posting_run import NothingPublishedError, PostingInProgressError

    try:
        report = posting_report.post(
            settings_of(home), approver=approve, enabler=enable, reason=reason, send=send
        )
    except (NothingPublishedError, PostingInProgressError, OperationsError, LedgerUnavailableError) as error:
        raise fail(str(error)) from error
    show(report, as_json, lambda told: posting_report.render(told, console))


@app.command()
def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Settings, mappings, connections, clock and disk: what is wrong, and how to mend it."""
    from orchestration import doctor as examination

    report = examination.examine(home_of(home))
    show(report, as_json, lambda told: examination.render(told, console))
    if not report["is_well"]:
        raise typer.Exit(1)


@app.command()
def sandbox(
    database: Annotated[Path, typer.Option("--db", help="The company's file, as `demo` leaves it.")] = Path(
        "demo/world/sage200.sqlite"
    ),
    port: Annotated[int, typer.Option()] = 8200,
) -> None:
    """A local Sage 200 over HTTP, for trying things out."""
    import subprocess

    command = [sys.executable, "-m", "sandbox", "--db", str(database), "--port", str(port)]
    raise typer.Exit(subprocess.call(command))


@app.command()
def up(home: Home = None) -> None:
    """Dagster and the app together, on this machine only; stopped together by Ctrl+C."""
    from orchestration.serving import serve_both

    raise typer.Exit(serve_both(settings_of(home), console))


def published(home: Path | None) -> Any:
    """The newest publication, or a clear end."""
    from app.published import NothingPublishedError, PublicationIncompleteError, Published

    try:
        return Published(home_of(home) / "published")
    except (NothingPublishedError, PublicationIncompleteError) as error:
        raise fail(str(error)) from error


def settings_of(home: Path | None) -> Any:
    from orchestration.settings import SettingsError, load

    try:
        return load(home_of(home))
    except SettingsError as error:
        raise fail(str(error)) from error


def fail(words: str) -> typer.Exit:
    errors.print(f"[red]tillproof:[/red] {words}", highlight=False)
    return typer.Exit(2)


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
