"""A store of its own for every test, with a clock that only moves when told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from standing_clock import Clock

from orchestration.operations import Operations
from orchestration.operations.database import Database


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
