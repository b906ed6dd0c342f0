"""What the connector did in the small trade, as the stories ask about it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.company import SageCompany
from sandbox.scenario import connector, manifest
from sandbox.scenario.manifest import Truth

SEED = 20111201


@dataclass
class Story:
    """What the connector did: the company's file, the truth and the log's folder."""

    company: SageCompany
    database: sqlite3.Connection
    truth_file: Path
    log: Path
    loaded: dict[str, connector.Loaded]
    posted_again: tuple[str, ...]
    _read: dict[str, tuple[Truth, ...]] = field(default_factory=dict)

    def truths(self, stage: str = "before") -> list[Truth]:
        """The truth as it was written, read once."""
        if stage not in self._read:
            self._read[stage] = tuple(manifest.read(self.truth_file, stage))
        return list(self._read[stage])

    def of_fault(self, fault: str, stage: str = "before") -> list[Truth]:
        return [truth for truth in self.truths(stage) if truth.fault == fault]
