"""What every part of the store does alike: read the clock, add a signed row, log it, list rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from orchestration.operations.audit import Change, Signature, Values, write_audit
from orchestration.operations.base import Base, table_of
from orchestration.operations.database import Database


class SignedStore:
    """A database whose every change is signed and logged in its own durable transaction."""

    def __init__(self, database: Database):
        self._database = database

    def now(self) -> datetime:
        """The store's clock: UTC, naive."""
        return self._database.now()

    def _signature(self, author: str, reason: str) -> Signature:
        return Signature(author, reason, self.now())

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
        connection.execute(insert(table).values(**values, **by.columns()))
        write_audit(connection, by, Change(values["company_id"], action, table.name, row_key, None, values))

    def _rows(self, model: type[Base], **where: str) -> list[dict[str, Any]]:
        """The rows that fit, oldest first."""
        table = table_of(model)
        query = select(table).filter_by(**where).order_by(table.c.id)
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
