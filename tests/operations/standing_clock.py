"""A clock for stories of the operations store."""

from __future__ import annotations

from datetime import datetime, timedelta


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.time = datetime(2011, 9, 30, 20, 0)  # noqa: DTZ001  clocks here are UTC without a zone

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)
