"""The connector's own log: what it says it did, one CSV a run (FORMATS.md). It sometimes lies."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sandbox.scenario.actions import Claim
from sandbox.scenario.connector_documents import RESOURCES, Draft, payload_hash, pounds

CONNECTOR_NAME = "shopbridge"
COLUMNS = (
    "connector",
    "run_id",
    "started_at",
    "ended_at",
    "entity",
    "source_key_text",
    "reference",
    "attempt",
    "record_status",
    "http_status",
    "target_urn",
    "gross_amount",
    "tax_amount",
    "currency",
    "message",
    "payload_hash",
)
BETWEEN_ATTEMPTS = timedelta(minutes=2)


class Entry(NamedTuple):
    """One attempt; times in UTC."""

    run_id: str
    started_at: datetime
    draft: Draft
    attempt: int
    claim: Claim
    target_urn: int | None

    @property
    def began_at(self) -> datetime:
        """When this attempt began; the first of them when the entry says."""
        return self.started_at + BETWEEN_ATTEMPTS * (self.attempt - 1)

    @property
    def ended_at(self) -> datetime:
        """A second later."""
        return self.began_at + timedelta(seconds=1)


def run_of(moment: datetime, phase: str) -> str:
    """The run a moment of sending belongs to: a month of the catch-up, a day of the fortnight."""
    return (
        (moment - timedelta(days=1)).strftime("%Y-%m") if phase == "catch_up" else moment.strftime("%Y-%m-%d")
    )


def write(inbox: Path, entries: Iterable[Entry]) -> int:
    """Write the entries to `inbox/connector`, a file per run, replacing files of the same runs; returns files.

    Each has the time of its last attempt: a file of just now may not be whole, and a pass leaves it to the next.
    """
    runs: dict[str, list[Entry]] = {}
    for entry in entries:
        runs.setdefault(entry.run_id, []).append(entry)
    folder = inbox / "connector"
    folder.mkdir(parents=True, exist_ok=True)
    for run_id, members in sorted(runs.items()):
        path = folder / f"sync_{run_id}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_row(entry) for entry in members)
        written = max(entry.ended_at for entry in members).replace(tzinfo=UTC).timestamp()
        os.utime(path, (written, written))
    return len(runs)


def _row(entry: Entry) -> tuple[object, ...]:
    draft, claim = entry.draft, entry.claim
    return (
        CONNECTOR_NAME,
        entry.run_id,
        entry.began_at,
        entry.ended_at,
        RESOURCES[draft.kind],
        f"{draft.store_id}/{draft.second_reference.removeprefix('TILL ')}/{draft.receipt_no}",
        draft.reference,
        entry.attempt,
        claim.status,
        claim.http_status,
        entry.target_urn,
        pounds(draft.gross_pence),
        pounds(draft.tax_pence),
        "GBP",
        claim.message,
        payload_hash(draft),
    )
