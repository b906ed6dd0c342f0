"""A store of its own for every test, with a clock that only moves when told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orchestration.operations import Operations
from orchestration.operations.database import Database


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.time = datetime(2011, 9, 30, 20, 0)  # noqa: DTZ001  clocks here are UTC without a zone

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """The time of the test."""
    return Clock()


@pytest.fixture
def operations(tmp_path: Path, clock: Clock, migrated: Path) -> Iterator[Operations]:
    """An empty store."""
    path = tmp_path / "operations.sqlite"
    shutil.copyfile(migrated, path)
    with Operations(Database(f"sqlite:///{path.as_posix()}", clock)) as store:
        yield store
