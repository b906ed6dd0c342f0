"""An inbox and a landing to tell intake stories with."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestration.landing import Landing
from orchestration.landing_tables import DELIVERIES, RECEIPT_LINES
from orchestration.tills.intake import IntakeReport, intake

LATER = 4e9  # long after any file of a test was written


class House:
    """An inbox and a landing; `take` is one intake, each its own pass."""

    def __init__(self, home: Path):
        self.home = home
        self.inbox = home / "inbox"
        self.landing = Landing(home / "landing", "DGS", threads=1)
        self.passes = 0

    def copied_to(self, home: Path) -> House:
        """The same inbox and landing once more, for one test to change."""
        shutil.copytree(self.home, home)
        copy = House(home)
        copy.passes = self.passes
        return copy

    def drop(self, name: str, content: str | bytes | Sequence[str]) -> Path:
        """Put a file into the inbox; lines get a line end each."""
        if not isinstance(content, str | bytes):
            content = "".join(f"{line}\n" for line in content)
        place = self.inbox / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def take(self, now: float = LATER) -> IntakeReport:
        """One intake in a pass of its own."""
        self.passes += 1
        return intake(self.inbox, self.landing, self.passes, now=now)

    def lines(self, *columns: str) -> list[tuple[Any, ...]]:
        """The live receipt lines."""
        rows = self.landing.newest(RECEIPT_LINES).to_pylist()
        wanted = columns or ("receipt_no", "sku", "quantity")
        return sorted((tuple(row[name] for name in wanted) for row in rows), key=str)

    def delivery(self, name: str) -> dict[str, Any]:
        """What became of a file."""
        rows = self.landing.newest(DELIVERIES).to_pylist()
        return next(row for row in rows if row["source_file"] == name)

    def landed(self) -> dict[str, int]:
        """Rows per table that the last intake landed."""
        return self.landing.rows_landed(self.passes)


def said(report: IntakeReport) -> list[str]:
    """What intake tells a person."""
    return [str(message) for message in report.messages]
