"""A store of its own for every test, with a clock that only moves when told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orchestration.operations import Operations


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
def operations(tmp_path: Path, clock: Clock) -> Iterator[Operations]:
    """An empty store."""
    with Operations.open(tmp_path / "operations.sqlite", clock) as store:
        yield store
