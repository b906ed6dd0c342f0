"""Commands that make things run: the demo, a pass, the app with Dagster, and the sandbox."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestration.commands.common import AsJson, Home, console, errors, fail, home_of, settings_of, show


def demo(
    folder: Annotated[Path, typer.Option(help="Made anew each time.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed plants other faults.")] = 20111201,
    ledger: Annotated[
        Literal["sage200", "sage50"],
        typer.Option(help="sage50: each till's day as a summary, by import files."),
    ] = "sage200",
    quick: Annotated[
        bool, typer.Option("--quick", help="A month of the sales instead of nine; on Sage 200 only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Play the main job on real UK sales: 5 stores, a connector that posts badly, and a Sage to put right."""
    from orchestration import demo as on_sage200
    from orchestration import demo_sage50 as on_sage50
    from orchestration.demo_summary import as_report, render

    os.environ["TILLPROOF_HOME"] = str((folder / "home").resolve())
    begun = datetime.now()  # noqa: DTZ005 - shown as time passed only

    def say(text: str) -> None:
        passed = (datetime.now() - begun).total_seconds()  # noqa: DTZ005
        (errors if as_json else console).print(f"[dim]{passed:6.1f}s[/dim]  {text}", highlight=False)

    if quick and ledger != "sage200":
        raise fail("--quick plays on Sage 200 only")
    try:
        if ledger == "sage50":
            story = on_sage50.play(folder.resolve(), seed=seed, say=say)
        else:
            story = on_sage200.play(folder.resolve(), seed=seed, is_quick=quick, say=say)
    except FileExistsError as error:
        raise fail(str(error)) from error
    show(as_report(story, folder), as_json, lambda report: render(report, console))
    raise typer.Exit(story.exit_code)


def run(
    home: Home = None, as_of: Annotated[str, typer.Option(help="UTC, ISO.")] = "", as_json: AsJson = False
) -> None:
    """One pass over the configured sources: land, judge, gate, publish. Posts nothing."""
    from orchestration.passes import PassInProgressError
    from orchestration.run_pass import PassFailedError, run_pass
    from orchestration.settings import SettingsError

    try:
        moment = datetime.fromisoformat(as_of) if as_of else None
    except ValueError as error:
        raise fail(f"--as-of '{as_of}' is no time, such as 2011-08-31T23:00") from error
    try:
        outcome = run_pass(home_of(home), as_of=moment)
    except (PassFailedError, PassInProgressError, SettingsError) as error:
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


def replay(
    pass_number: Annotated[int, typer.Argument(metavar="PASS", help="Its number: health_passes lists them.")],
    to: Annotated[Path, typer.Option(help="A folder of its own, made anew.")],
    home: Home = None,
    by_these_rules: Annotated[
        bool, typer.Option("--by-these-rules", help="Judge it by the rules here, whatever judged it then.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge a past pass again from what was landed by then, and hold it against what was published then."""
    from orchestration import replay as replaying
    from orchestration.history import HistoryError
    from orchestration.run_pass import PassFailedError

    try:
        made = replaying.replay(
            settings_of(home), pass_number, to, by_these_rules=by_these_rules, progress=errors.print
        )
    except (replaying.ReplayError, PassFailedError, HistoryError) as error:
        raise fail(str(error)) from error
    then = made.past.made_by
    report = {
        "pass_number": made.past.pass_number,
        "as_of": made.past.as_of.isoformat(),
        "made_by_then": then.as_dict() if then else None,
        "made_by_now": made.here.as_dict(),
        "folder": str(made.folder),
        "is_same": made.is_same,
        "tables": made.tables,
    }
    other = [f"{name}: {word}" for name, word in made.tables.items() if word != "same"]
    words = {
        True: f"Pass {pass_number} comes out as it was published: {len(made.tables)} tables, byte by byte.",
        False: f"Pass {pass_number} comes out otherwise in {len(other)} of {len(made.tables)}: {', '.join(other)}.",
        None: f"Pass {pass_number} is judged again; what it was published as was not kept then.",
    }[made.is_same]
    by = f"Judged then by {then.words if then else 'a version that did not say'}, now by {made.here.words}."
    show(report, as_json, lambda _: console.print(f"{words}\n{by}\nIt is in {made.folder}.", highlight=False))
    raise typer.Exit(0 if made.is_same is not False else 1)


def sandbox(
    context: typer.Context,
    database: Annotated[Path, typer.Option("--db", help="The company's file, as `demo` leaves it.")] = Path(
        "demo/world/sage200.sqlite"
    ),
    port: Annotated[int, typer.Option()] = 8200,
) -> None:
    """A local Sage 200 over HTTP, for trying things out. Says its addresses and secrets in one line of JSON.

    Takes every option of `python -m sandbox` too: `--seed FOLDER` makes a company from CSV files, `--fault` switches
    a fault on, `--clock` sets its time; `python -m sandbox --help` lists them. Ctrl+C stops it.
    """
    import subprocess

    command = [sys.executable, "-m", "sandbox", "--db", str(database), "--port", str(port), *context.args]
    serving = subprocess.Popen(command)
    while True:
        try:
            raise typer.Exit(serving.wait())
        except KeyboardInterrupt:
            continue  # the same Ctrl+C has reached the sandbox, which stops by itself


def up(home: Home = None) -> None:
    """Dagster and the app together, on this machine only; stopped together by Ctrl+C."""
    from orchestration.serving import serve_both

    raise typer.Exit(serve_both(settings_of(home), console))
