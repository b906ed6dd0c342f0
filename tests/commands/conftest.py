"""A home with settings and an empty operations store, and the command line over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands_home import COMPANIES, SIGNED, STORES
from typer.testing import CliRunner, Result

from orchestration.cli import app

Tell = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    (place / "tillproof.toml").write_text('company_id = "DGS"\n', encoding="utf-8")
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Mapping files that are right."""
    place = tmp_path / "mappings"
    place.mkdir()
    (place / "companies.csv").write_text(COMPANIES, encoding="utf-8")
    (place / "stores.csv").write_text(STORES, encoding="utf-8")
    return place


@pytest.fixture
def tillproof(home: Path, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Runs a command of the command line over the home, as a person would."""
    monkeypatch.setenv("TILLPROOF_HOME", str(home))

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def told(tillproof: Tell) -> Callable[..., dict[str, Any]]:
    """The same with --json, read; the command must end well unless another code is expected."""

    def run(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
        result = tillproof(*arguments, "--json")
        assert result.exit_code == code, result.output
        return dict(json.loads(result.stdout))

    return run


@pytest.fixture
def described(told: Callable[..., dict[str, Any]], folder: Path) -> None:
    """A home that knows its company and stores."""
    told("mappings", "import", folder, "--apply", *SIGNED)
