"""What every part of the store does alike: read the clock, ask who writes, add a signed row, log it, list rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from orchestration.operations.audit import Change, Signature, Values, write_audit
from orchestration.operations.base import Base, table_of
from orchestration.operations.database import Database
from orchestration.operations.roles import NotAllowedError, Person


class SignedStore:
    """A database whose every change is signed and logged in its own durable transaction.

    `acting` is the person it acts for; None: the machine itself, or a test.
    """

    def __init__(self, database: Database, acting: Person | None = None):
        self._database = database
        self._acting = acting

    def now(self) -> datetime:
        """The store's clock: UTC, naive."""
        return self._database.now()

    def _signature(self, author: str, reason: str, *duties: str) -> Signature:
        """The signature of one write. NotAllowedError where the person may not, or signs with another's name."""
        self.must_be_allowed(author, *duties)
        return Signature(author, reason, self.now())

    def must_be_allowed(self, author: str, *duties: str) -> None:
        """NotAllowedError where the person whom this store acts for may not, or signs with another's name."""
        for duty in duties:
            self._role(duty)
        if self._acting is not None and author.strip() != self._acting.name:
            raise NotAllowedError(f"{self._acting.name or 'a reader'} cannot sign as {author.strip()}")

    def _role(self, duty: str) -> str:
        """The role under which the person may do it; empty where the store acts for nobody."""
        return self._acting.role_for(duty) if self._acting is not None else ""

    def _add(
        self,
        connection: Connection,
        table: Table,
        values: Values,
        *,
        by: Signature,
        action: str,
        row_key: str,
    ) -> None:
        """Insert a signed row and log it."""
        connection.execute(insert(table), {**values, **by.columns()})
        write_audit(connection, by, Change(values["company_id"], action, table.name, row_key, None, values))

    def _rows(self, model: type[Base], **where: str) -> list[dict[str, Any]]:
        """The rows that fit, oldest first."""
        table = table_of(model)
        query = select(table).filter_by(**where).order_by(table.c.id)
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
