"""Intake: from the watched folders to landing, so that every file ends as a clear message and no row is lost.

Files of one profile are read together; what each file came to is still told one by one. Rows land before
the deliveries that brought them, so a killed intake is simply done again: what has landed is known and
lands once.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import pyarrow
import pyarrow.compute

from orchestration.landing import Landed, Landing
from orchestration.landing_files import Workroom
from orchestration.landing_tables import DELIVERIES, SET_ASIDE_ROWS, arrow_schema
from orchestration.tills.csv_files import CsvTill
from orchestration.tills.delivery import (
    Delivery,
    Refusal,
    as_utf8,
    find_files,
    identify,
    is_unfinished,
    read_header,
)
from orchestration.tills.profile import INTAKE_TABLES, Profile, choose, load_profiles
from orchestration.tills.received import Received
from orchestration.tills.till import Reading, ReadRows, Till
from orchestration.tills.xml_files import XmlTill

_TILLS: dict[str, type[Till]] = {"csv": CsvTill, "xml": XmlTill}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Message:
    """One thing a person should know: which file, which row and column (None: the file itself), and why."""

    source_file: str
    source_row: int | None
    column_name: str | None
    reason: str

    def __str__(self) -> str:
        row = "" if self.source_row is None else f", row {self.source_row}"
        column = "" if self.column_name is None else f", column {self.column_name}"
        return f"{self.source_file}{row}{column}: {self.reason}"


@dataclass
class IntakeReport:
    """What one intake came to. Files: seen = new + known + duplicate + refused + waiting."""

    files_seen: int = 0
    files_new: int = 0
    files_known: int = 0
    files_duplicate: int = 0
    files_refused: int = 0
    files_waiting: int = 0
    rows_read: int = 0
    rows_landed: int = 0
    rows_set_aside: int = 0
    messages: list[Message] = field(default_factory=list)
    landed: dict[str, Landed] = field(default_factory=dict)

    def summary(self) -> str:
        """One line for a person."""
        return (
            f"{self.files_seen} files: {self.files_new} new, {self.files_known} known, "
            f"{self.files_duplicate} duplicate, {self.files_refused} refused, "
            f"{self.files_waiting} still being written; "
            f"{self.rows_landed} rows landed, {self.rows_set_aside} set aside"
        )


def intake(
    inbox: Path,
    landing: Landing,
    pass_number: int,
    *,
    now: float | None = None,
    progress: Progress | None = None,
    profile_folders: Sequence[Path] | None = None,
) -> IntakeReport:
    """Land what is new in the watched folders.

    `now` (seconds since 1970; default the clock) decides which files are still being written.
    `profile_folders` come before the given profiles; the default is `profiles` beside the inbox. A file that
    was refused or partly set aside is read again once its profile has changed. Raises ProfileError for a
    profile that cannot be used.
    """
    profiles = load_profiles([inbox.parent / "profiles"] if profile_folders is None else profile_folders)
    tell = progress or (lambda stage, done, total: None)
    landing.ensure(*INTAKE_TABLES)
    report = IntakeReport()
    work = _Work(landing, pass_number, report)
    with Workroom(landing.root) as workroom:
        fresh = work.sort_out(find_files(inbox), profiles, time.time() if now is None else now, tell)
        if fresh or work.outcomes:
            work.take(fresh, workroom, tell)
    return report


class _Work:
    """One intake: what became of each file, on its way to `intake/deliveries`."""

    def __init__(self, landing: Landing, pass_number: int, report: IntakeReport):
        self.landing = landing
        self.pass_number = pass_number
        self.report = report
        self.outcomes: list[dict[str, Any]] = []

    # -- which files are new

    def sort_out(
        self, found: list[Delivery], profiles: list[Profile], now: float, tell: Progress
    ) -> list[Delivery]:
        """The files to read. A file that landing knows by name, size and time of change is not even
        opened."""
        report = self.report
        report.files_seen = len(found)
        known = self.landing.newest(DELIVERIES).to_pylist()
        unchanged = {(row["source_file"], row["file_bytes"], row["modified_ns"]): row for row in known}
        taken = {
            (row["delivery_id"], _name_of(row["profile"])): row
            for row in known
            if row["status"] in ("accepted", "partly_accepted")
        }
        by_name = {(row["delivery_id"], row["source_file"]): row for row in known}
        candidates, fresh = [], []
        for delivery in found:
            delivery.profile = choose(profiles, PurePosixPath(delivery.source_file))
            row = unchanged.get((delivery.source_file, delivery.file_bytes, delivery.modified_ns))
            if row and _is_settled(row, delivery):
                report.files_known += 1
                continue
            if is_unfinished(delivery, now):
                report.files_waiting += 1
                self._say(delivery, "is still being written, or was a moment ago; left for the next time")
                continue
            candidates.append(delivery)
        for done, delivery in enumerate(candidates, start=1):
            try:
                identify(delivery)
            except OSError as error:
                report.files_waiting += 1
                self._say(delivery, f"cannot be opened ({error.strerror}); left for the next time")
                continue
            if not delivery.profile:
                self._refuse(delivery, "no profile takes a file of this name in this folder")
            elif delivery.file_bytes == 0:
                self._refuse(delivery, "the file is empty")
            elif (row := by_name.get((delivery.delivery_id, delivery.source_file))) and _is_settled(
                row, delivery
            ):
                report.files_known += 1
                self._record(delivery, **{name: row[name] for name in _OUTCOME})
            else:
                fresh.append(delivery)
            tell("files looked at", done, len(candidates))
        return self._first_of_each(fresh, taken)

    def _first_of_each(
        self, fresh: list[Delivery], taken: dict[tuple[str, str], dict[str, Any]]
    ) -> list[Delivery]:
        """Of files with the same bytes under one profile only one is read: the known one, else the shortest
        name."""
        unique = []
        alike = sorted(
            fresh,
            key=lambda one: (one.delivery_id, _profile(one).name, len(one.source_file), one.source_file),
        )
        for (delivery_id, profile), group in itertools.groupby(
            alike, key=lambda one: (one.delivery_id, _profile(one).name)
        ):
            copies = list(group)
            original = taken.get((delivery_id, profile))
            first = None
            if original is None or not _is_settled(original, copies[0]):
                first = next(
                    (one for one in copies if original and one.source_file == original["source_file"]),
                    copies[0],
                )
                unique.append(first)
            name = first.source_file if first else str(original and original["source_file"])
            for copy in copies:
                if copy is not first:
                    self.report.files_duplicate += 1
                    message = f"has the same bytes as {name}; nothing of it is new"
                    self._say(copy, message)
                    self._record(copy, status="duplicate", duplicate_of=name, message=message)
        return sorted(unique, key=lambda one: one.number)

    # -- reading and landing

    def take(self, fresh: list[Delivery], workroom: Workroom, tell: Progress) -> None:
        """Read the fresh files, land their rows, and last of all the deliveries."""
        connection = self.landing.connect()
        try:
            connection.execute(f"set temp_directory = '{workroom.path.as_posix()}/spill'")
            reading = Reading(connection, workroom.path)
            readable = [delivery for delivery in fresh if self._is_readable(delivery, workroom)]
            parts, refused = self._read(readable, reading, tell)
            for delivery in readable:
                if delivery.number in refused:
                    self._refuse(delivery, refused[delivery.number])
            good = [delivery for delivery in readable if delivery.number not in refused]
            received = Received(reading, good, parts)
            self._tell_each(good, received)
            connection.execute("set threads = 2")
            for done, (spec, relation) in enumerate(received.tables(), start=1):
                tell("tables landed", done, len(received.specs))
                landed = self.landing.land(
                    spec, relation, pass_number=self.pass_number, connection=connection
                )
                self.report.landed[spec.name] = landed
                self.report.rows_landed += landed.rows
            self._land_set_aside(received, good, connection)
            self._land_outcomes(connection)
        finally:
            connection.close()

    def _land_set_aside(
        self, received: Received, good: list[Delivery], connection: duckdb.DuckDBPyConnection
    ) -> None:
        """Land the rows set aside; of a file read again, those that are good now get a tombstone."""
        spec, aside = SET_ASIDE_ROWS, received.set_aside()
        ids = {delivery.delivery_id for delivery in good}
        before = self.landing.newest(spec)
        again = pyarrow.compute.is_in(before["delivery_id"], pyarrow.array(sorted(ids), pyarrow.string()))
        if not pyarrow.compute.any(again).as_py():
            self.landing.land(spec, aside, pass_number=self.pass_number, connection=connection)
            return
        columns = ", ".join(["source_row", *(name for name in spec.columns if name != "source_row")])
        connection.from_arrow(before.filter(pyarrow.compute.invert(again))).create_view(
            "others", replace=True
        )
        aside.create_view("aside", replace=True)
        everything = connection.sql(
            f"select {columns} from others union all by name select {columns} from aside"
        )
        self.landing.land(spec, everything, pass_number=self.pass_number, connection=connection, window="all")

    def _is_readable(self, delivery: Delivery, workroom: Workroom) -> bool:
        try:
            if _profile(delivery).file_format == "csv":
                as_utf8(delivery, workroom.path / f"utf8_{delivery.number}.csv")
                read_header(delivery)
        except Refusal as refusal:
            self._refuse(delivery, str(refusal))
            return False
        return True

    def _read(
        self, readable: list[Delivery], reading: Reading, tell: Progress
    ) -> tuple[list[ReadRows], dict[int, str]]:
        parts: list[ReadRows] = []
        refused: dict[int, str] = {}
        by_profile = sorted(readable, key=lambda delivery: (_profile(delivery).name, delivery.number))
        done = 0
        for _, group in itertools.groupby(by_profile, key=lambda delivery: _profile(delivery).name):
            deliveries = list(group)
            read, not_read = _TILLS[_profile(deliveries[0]).file_format]().read(deliveries, reading)
            parts += read
            refused |= not_read
            done += len(deliveries)
            tell("files read", done, len(readable))
        return parts, refused

    def _tell_each(self, good: list[Delivery], received: Received) -> None:
        """Record what each file came to, and say why for each row set aside."""
        counts = received.counts()
        first_words: dict[int, str] = {}
        for number, row, column, reason in received.problems():
            delivery = received.by_number[number]
            message = Message(delivery.source_file, row, column, reason)
            self.report.messages.append(message)
            first_words.setdefault(number, str(message).removeprefix(f"{delivery.source_file}, "))
        for number, note in received.notes():
            received.by_number[number].notes.append(note)
        for delivery in good:
            rows, aside = counts.get(delivery.number, (0, 0))
            self.report.files_new += 1
            self.report.rows_read += rows
            self.report.rows_set_aside += aside
            notes = list(delivery.notes)
            if not rows:
                notes.insert(0, "holds no rows")
            if aside:
                notes.insert(
                    0, f"{aside} of {rows} rows set aside; the first: {first_words[delivery.number]}"
                )
            if delivery.notes:
                self._say(delivery, "; ".join(delivery.notes))
            self._record(
                delivery,
                status="partly_accepted" if aside else "accepted",
                rows_read=rows,
                rows_landed=rows - aside,
                rows_set_aside=aside,
                message="; ".join(notes),
            )

    # -- outcomes

    def _say(self, delivery: Delivery, reason: str) -> None:
        self.report.messages.append(Message(delivery.source_file, None, None, reason))

    def _refuse(self, delivery: Delivery, reason: str) -> None:
        self.report.files_refused += 1
        self._say(delivery, f"refused: {reason}")
        self._record(delivery, status="refused", message=reason)

    def _record(self, delivery: Delivery, **outcome: Any) -> None:
        profile = delivery.profile
        tables = ", ".join(table.table for table in profile.tables) if profile else None
        self.outcomes.append(
            {
                "delivery_id": delivery.delivery_id,
                "store_code": delivery.folder,
                "source_file": delivery.source_file,
                "file_bytes": delivery.file_bytes,
                "modified_ns": delivery.modified_ns,
                "profile": profile.version if profile else None,
                "table_name": tables,
                "source_row": 0,
                **dict.fromkeys(_OUTCOME),
                **{"rows_read": 0, "rows_landed": 0, "rows_set_aside": 0},
                **outcome,
            }
        )

    def _land_outcomes(self, connection: duckdb.DuckDBPyConnection) -> None:
        schema = arrow_schema({**DELIVERIES.columns, "source_row": "bigint"})
        table = pyarrow.Table.from_pylist(self.outcomes, schema=schema)
        self.report.landed[DELIVERIES.name] = self.landing.land(
            DELIVERIES, table, pass_number=self.pass_number, connection=connection
        )


def _name_of(version: str | None) -> str:
    return (version or "").split("@", 1)[0]


def _is_settled(row: dict[str, Any], delivery: Delivery) -> bool:
    """Whether what a file came to still stands: it was taken whole, or its profile is what it was."""
    if row["status"] in ("accepted", "duplicate"):
        return True
    return bool(row["profile"] == (delivery.profile.version if delivery.profile else None))


_OUTCOME = ("status", "rows_read", "rows_landed", "rows_set_aside", "duplicate_of", "message")


def _profile(delivery: Delivery) -> Profile:
    assert delivery.profile is not None
    return delivery.profile
