"""What every command shares: where the home is, how a report is shown, and how a command ends that cannot go on."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

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
