"""A home with settings and an empty operations store, and the command line over it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from commands_home import COMPANIES, SIGNED, STORES
from typer.testing import CliRunner, Result

from app import shop_clock
from orchestration.cli import app as command_line

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
        return CliRunner().invoke(command_line, [str(argument) for argument in arguments])

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


@pytest.fixture
def in_paris(home: Path) -> Iterator[Callable[[str], str]]:
    """A publication of a company in France; what a UTC moment of JSON is by the clock there."""
    place = home / "published"
    place.mkdir()
    duckdb.sql("select 'Europe/Paris' as zone").write_parquet(str(place / "receipts.parquet"))
    files = [{"path": "receipts.parquet", "rows": 1, "month": "2011-02"}]
    listing = {"pass_number": 1, "as_of": "2011-02-10T20:00:00Z", "tables": {"receipts": files}}
    (place / "1.json").write_text(json.dumps(listing), encoding="utf-8")
    (place / "current").write_text("1", encoding="utf-8")

    def by_the_clock(text: str) -> str:
        at = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(ZoneInfo("Europe/Paris"))
        return f"{at.day} {at:%b %Y, %H:%M %Z}"

    yield by_the_clock
    shop_clock.keep_to(None)
