"""The operations store: what people and the poster decided, and who decided it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from orchestration.operations import mapping_import
from orchestration.operations.base import utc_now
from orchestration.operations.database import Database
from orchestration.operations.errors import MappingsRefusedError
from orchestration.operations.intents import IntentStore
from orchestration.operations.landed import landed_tables
from orchestration.operations.mapping_import import Imported
from orchestration.operations.people import People
from orchestration.operations.permissions import Permissions


class Operations(Permissions, People):
    """The store, open. Every change is one durable transaction with its row in the audit log."""

    def __init__(self, database: Database):
        super().__init__(database)
        self.intents = IntentStore(database)

    @classmethod
    def open(cls, url: str | Path, clock: Callable[[], datetime] = utc_now) -> Operations:
        """Open (where needed make or migrate) the store at a SQLAlchemy URL or a SQLite file's path."""
        database = Database(f"sqlite:///{url.as_posix()}" if isinstance(url, Path) else url, clock)
        database.migrate()
        return cls(database)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Operations:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def import_mappings(self, folder: str | Path, author: str, reason: str) -> list[Imported]:
        """Take the mapping CSVs of a folder, all or nothing.

        Raises MappingsRefusedError, whose `errors` name file, row, column and reason of everything wrong.
        """
        rows, errors = mapping_import.read_folder(Path(folder))
        if errors:
            raise MappingsRefusedError(errors)
        with self._database.write() as connection:
            return mapping_import.take(connection, rows, self._signature(author, reason))

    def landed_tables(self) -> dict[str, pa.Table]:
        """What the models may see, by table name; `landed.LANDED_TABLES` has the keys."""
        with self._database.read() as connection:
            return landed_tables(connection)

    def sign_off(
        self,
        company_id: str,
        store_id: str,
        *,
        date_from: date,
        date_to: date,
        publication_number: int,
        author: str,
        reason: str,
    ) -> None:
        """Close a range of business dates; the chain of postings is verified and its head sealed in."""
        self.record_sign_off(
            company_id,
            store_id,
            date_from=date_from,
            date_to=date_to,
            publication_number=publication_number,
            sealed=self.intents.verify_chain(),
            author=author,
            reason=reason,
        )
