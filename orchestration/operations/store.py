"""The operations store: what people and the poster decided, and who decided it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
from sqlalchemy import func, select

from orchestration.operations import mapping_export, mapping_import
from orchestration.operations.audit import Change
from orchestration.operations.base import Base, utc_now
from orchestration.operations.casework import Casework
from orchestration.operations.chain import INTENTS, ChainEnd
from orchestration.operations.database import Database
from orchestration.operations.errors import MappingError
from orchestration.operations.intents import IntentStore, Step, StoredIntent
from orchestration.operations.landed import landed_tables
from orchestration.operations.mapping_import import Given, Imported, RowChange
from orchestration.operations.match_decisions import MatchDecisions
from orchestration.operations.people import People
from orchestration.operations.permissions import Permissions
from orchestration.operations.policies import Policies
from orchestration.operations.reversals_asked import ReversalsAsked
from orchestration.operations.roles import MAPPING_OWNERS, Person
from orchestration.operations.runs import RunStore
from orchestration.operations.sign_offs import CLOSE, CloseFigures, SignOffs, sign_off_duty
from orchestration.operations.vat_periods import VatPeriods


class Operations(
    Permissions, Policies, VatPeriods, People, Casework, MatchDecisions, ReversalsAsked, SignOffs
):
    """The store, open. Every change is one durable transaction with its row in the audit log."""

    def __init__(self, database: Database, acting: Person | None = None):
        super().__init__(database, acting)
        self.intents = IntentStore(database)
        self.runs = RunStore(database)

    @classmethod
    def open(cls, url: str | Path, clock: Callable[[], datetime] = utc_now) -> Operations:
        """Open (where needed make or migrate) the store at a SQLAlchemy URL or a SQLite file's path."""
        database = Database(f"sqlite:///{url.as_posix()}" if isinstance(url, Path) else url, clock)
        database.migrate()
        return cls(database)

    def acting_as(self, person: Person) -> Operations:
        """The same store, which writes only what this person may, under no other name."""
        return Operations(self._database, person)

    def newest_publication(self) -> int:
        """The greatest number of a publication that anything was decided or sent on; 0 where nothing was."""
        # an intent is of a run, and there are many of them
        known = [
            select(func.max(table.c.publication_number))
            for table in Base.metadata.sorted_tables
            if "publication_number" in table.c and table.name != INTENTS.name
        ]
        with self._database.read() as connection:
            return max(connection.execute(query).scalar() or 0 for query in known)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Operations:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def import_mappings(self, place: str | Path, author: str, reason: str) -> list[Imported]:
        """Take the mapping CSVs of a folder, or one of them, all or nothing.

        Raises MappingsRefusedError, whose `errors` name file, row, column and reason of everything wrong.
        """
        return mapping_import.counted(self.take_mappings(mapping_import.read(Path(place)), author, reason))

    def take_mappings(self, given: Given, author: str, reason: str) -> list[RowChange]:
        """The same of files already read, told row by row."""
        by = self._signature(author, reason)
        with self._database.write() as connection:
            changes = mapping_import.take(connection, given, by)
            # inside the transaction: a row that the person may not change takes all others back with it
            for table in dict.fromkeys(change.table for change in changes if change.kind != "unchanged"):
                self._role(f"change {MAPPING_OWNERS[table]} mappings")
            return changes

    def compare_mappings(self, given: Given) -> tuple[list[RowChange], list[MappingError]]:
        """What taking them would change, and everything wrong with them. Changes nothing."""
        with self._database.read() as connection:
            return mapping_import.compare(connection, given)

    def export_mappings(self, folder: Path) -> dict[str, int]:
        """Write every mapping as the CSV files that an import reads; how many rows of each table."""
        with self._database.read() as connection:
            return mapping_export.write_folder(connection, folder)

    def landed_tables(self) -> dict[str, pa.Table]:
        """What the models may see, by table name; `landed.LANDED_TABLES` has the keys."""
        with self._database.read() as connection:
            return landed_tables(connection)

    def verify_chain(self, company_id: str) -> ChainEnd:
        """Recompute the chain of postings, every sign-off's seal included; raises ChainBrokenError."""
        seals = [
            ChainEnd(row["chain_event_number"], row["chain_head_hash"]) for row in self.sign_offs(company_id)
        ]
        return self.intents.verify_chain(*seals)

    def record_signed(
        self, steps: Sequence[Step], author: str, reason: str, *, duty: str, action: str
    ) -> StoredIntent:
        """A person's moves of one intent, with their row in the audit log, in one transaction; what comes of them."""
        by = self._signature(author, reason, duty)
        before, after = steps[0].before or steps[0].after, steps[-1].after
        was, now = ({"state": one.state, "urn": one.urn} for one in (before, after))
        change = Change(after.company_id, action, "intents", after.posting_key, was, now)
        return self.intents.record_many(steps, {}, signed=[(by, change)])[-1]

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
        figures: CloseFigures | None = None,
        checklist: str = "",
        kind: str = CLOSE,
    ) -> int:
        """Sign a range of business dates off (store `*`: the company); its id.

        The chain of postings is verified and its head sealed in; `figures` are kept under their digest, `checklist`
        is how it stood, as JSON.
        """
        duty = sign_off_duty(kind, store_id)
        return self._record_sign_off(
            {
                "company_id": company_id,
                "store_id": store_id,
                "date_from": date_from,
                "date_to": date_to,
                "publication_number": publication_number,
                "role": self._role(duty),
                "checklist": checklist,
                "kind": kind,
            },
            sealed=self.verify_chain(company_id),
            figures=figures,
            by=self._signature(author, reason, duty),
        )
