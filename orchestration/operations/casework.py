"""What people do about an exception besides mending it: whose it is, what was said of it, until when it may wait.

Each call takes any number of exceptions and writes all of them, or none, in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from orchestration.operations.base import Base, table_of
from orchestration.operations.people_tables import Assignment, Note, Snooze
from orchestration.operations.signed_store import SignedStore

NOTES, ASSIGNMENTS, SNOOZES = table_of(Note), table_of(Assignment), table_of(Snooze)
EXCEPTION = "exception"
"""The `subject_kind` of a note on an exception."""


@dataclass(frozen=True)
class Standing:
    """How a person left one exception; `assignee` is empty where it is nobody's, `wakes_on` None where it is awake."""

    assignee: str = ""
    wakes_on: date | None = None
    snoozed_by: str = ""
    snoozed_because: str = ""
    notes: int = 0

    def sleeps(self, on: date) -> bool:
        """Whether it may still wait on a day."""
        return self.wakes_on is not None and on < self.wakes_on


@dataclass(frozen=True)
class Said:
    """One word on an exception: `what` is note, assigned, snoozed or woken; `to` is the assignee or the day."""

    at: datetime
    author: str
    what: str
    to: str
    text: str


class Casework(SignedStore):
    """The part of the store where people share out what is open."""

    def assign(
        self, company_id: str, exception_ids: Sequence[str], *, assignee: str, author: str, reason: str
    ) -> int:
        """Say whose exceptions are from now on (empty: nobody's); returns of how many."""
        values = {"assignee": assignee}
        return self._of_each(ASSIGNMENTS, company_id, exception_ids, values, author, reason, "assign")

    def snooze(
        self,
        company_id: str,
        exception_ids: Sequence[str],
        *,
        wakes_on: date | None,
        author: str,
        reason: str,
    ) -> int:
        """Let exceptions wait until a day (None: no longer); they stay open and count all the same."""
        action = "snooze" if wakes_on else "wake"
        values = {"wakes_on": wakes_on}
        return self._of_each(SNOOZES, company_id, exception_ids, values, author, reason, action)

    def note(self, company_id: str, exception_ids: Sequence[str], *, text: str, author: str) -> int:
        """Keep one remark on each of the exceptions."""
        values = {"subject_kind": EXCEPTION}
        return self._of_each(
            NOTES, company_id, exception_ids, values, author, text, "add note", name="subject_id"
        )

    def _of_each(
        self,
        table: Any,
        company_id: str,
        exception_ids: Sequence[str],
        values: Mapping[str, Any],
        author: str,
        reason: str,
        action: str,
        name: str = "exception_id",
    ) -> int:
        by = self._signature(author, reason, "share out exceptions")
        with self._database.write() as connection:
            for exception_id in exception_ids:
                row = {"company_id": company_id, name: exception_id, **values}
                self._add(connection, table, row, by=by, action=action, row_key=exception_id)
        return len(exception_ids)

    def standings(self, company_id: str) -> dict[str, Standing]:
        """Every exception of a company that somebody said something of, as it was left."""
        with self._database.read() as connection:
            mine = _newest(connection, Assignment, company_id)
            waits = _newest(connection, Snooze, company_id)
            counted = select(NOTES.c.subject_id, func.count()).where(
                NOTES.c.company_id == company_id, NOTES.c.subject_kind == EXCEPTION
            )
            notes = {row[0]: row[1] for row in connection.execute(counted.group_by(NOTES.c.subject_id))}
        return {
            exception_id: Standing(
                assignee=mine[exception_id]["assignee"] if exception_id in mine else "",
                notes=notes.get(exception_id, 0),
                **_waiting(waits.get(exception_id)),
            )
            for exception_id in sorted({*mine, *waits, *notes})
        }

    def said(self, company_id: str, exception_id: str) -> list[Said]:
        """Everything people said of one exception, the newest first."""
        found = [
            *(
                Said(row["recorded_at"], row["author"], "note", "", row["reason"])
                for row in self._rows(
                    Note, company_id=company_id, subject_kind=EXCEPTION, subject_id=exception_id
                )
            ),
            *(
                Said(row["recorded_at"], row["author"], "assigned", row["assignee"], row["reason"])
                for row in self._rows(Assignment, company_id=company_id, exception_id=exception_id)
            ),
            *(
                Said(
                    row["recorded_at"],
                    row["author"],
                    "snoozed" if row["wakes_on"] else "woken",
                    row["wakes_on"].isoformat() if row["wakes_on"] else "",
                    row["reason"],
                )
                for row in self._rows(Snooze, company_id=company_id, exception_id=exception_id)
            ),
        ]
        return sorted(found, key=lambda said: said.at, reverse=True)


def _waiting(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None or row["wakes_on"] is None:
        return {}
    return {"wakes_on": row["wakes_on"], "snoozed_by": row["author"], "snoozed_because": row["reason"]}


def _newest(connection: Connection, model: type[Base], company_id: str) -> dict[str, Any]:
    """The newest row of each exception."""
    table = table_of(model)
    newest = select(func.max(table.c.id)).where(table.c.company_id == company_id)
    query = select(table).where(table.c.id.in_(newest.group_by(table.c.exception_id)))
    return {row["exception_id"]: row for row in connection.execute(query).mappings()}
