"""The sandbox's time: the machine's, or a fixed start that moves one tick per post."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from sandbox.company import SageCompany


class SandboxClock:
    """Stamps posts. With a start it never reads the machine's clock, so the same posts get the same stamps.

    A sandbox that was stopped goes on after its last stamp: a clock that went back would hide new rows from a
    client that reads by `date_time_updated`.
    """

    def __init__(self, company: SageCompany, start: datetime | None, tick_ms: int = 1000) -> None:
        self._lock = threading.Lock()
        self._tick = timedelta(milliseconds=tick_ms)
        self._company = company
        self._now: datetime | None = None
        self.set(start, tick_ms)

    def set(self, start: datetime | None, tick_ms: int | None = None) -> None:
        """Fix the clock at a naive UTC time, or let it follow the machine (None)."""
        with self._lock:
            if tick_ms is not None:
                self._tick = timedelta(milliseconds=tick_ms)
            if start is None:
                self._now = None
                return
            last = self._company.last_stamp()
            self._now = start if last is None or last < start else last + self._tick

    def peek(self) -> datetime:
        """The time the next post would get."""
        with self._lock:
            return self._now or datetime.now(UTC).replace(tzinfo=None)

    def tick(self) -> datetime:
        """The time of this post, in naive UTC; the next is one tick later."""
        with self._lock:
            if self._now is None:
                return datetime.now(UTC).replace(tzinfo=None)
            now = self._now
            self._now = now + self._tick
            return now
