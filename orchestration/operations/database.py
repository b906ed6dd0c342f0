"""One engine, short transactions, and what each commit promises.

SQLite runs in WAL. There `synchronous=NORMAL` keeps the file sound but may lose the last commits when the
power goes: a send could be forgotten whose POST had already left. So every commit is FULL (synced before it
returns) except those asked for with `durable=False`, which the poster uses for what it can learn again by
asking Sage: a claim, a reply, a read-back. The log is one file written in order, so the next durable commit
carries those too, and a POST costs one sync, not four. PostgreSQL does the same by `synchronous_commit`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

import orchestration.operations.mapping_tables
import orchestration.operations.people_tables
import orchestration.operations.posting_tables  # noqa: F401  the three together are the whole metadata
from orchestration.operations.base import utc_now

BUSY_TIMEOUT_MS = 30_000
MIGRATING = threading.Lock()
"""Alembic keeps the migration it is at in its module: one at a time in a process. Processes wait for `hold_apart`."""
MIGRATION_LOCK = 7_150_315_091
"""What migrations of this store are known by among PostgreSQL's advisory locks; any number nobody else takes."""


class Database:
    """The store's database: opened, migrated, and read or written in short transactions."""

    def __init__(self, url: str, clock: Callable[[], datetime] = utc_now):
        self.url = make_url(url)
        self.now = clock
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = create_engine(self.url)
        if self.is_sqlite:
            _make_sqlite_transactional(self.engine)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file here, not a server."""
        return self.url.get_backend_name() == "sqlite"

    def migrate(self) -> None:
        """Bring the tables to the newest version; only looks when they are there."""
        with self.read() as connection:
            if MigrationContext.configure(connection).get_current_revision() == newest_revision():
                return
        config = migrations()
        # all of it or nothing: left to itself, Alembic commits version by version
        with MIGRATING, self.write() as connection:
            hold_apart(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[Connection]:
        """A transaction, committed when the block ends and undone if it raises."""
        with self.engine.connect().execution_options(writes=True) as connection:
            if self.is_sqlite:
                raw: Any = connection.connection.driver_connection
                raw.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            with connection.begin():
                if self.url.get_backend_name() == "postgresql" and not durable:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def hold_apart(connection: Connection) -> None:
    """Wait until no other process migrates the store, and keep others waiting to the end of this transaction.

    SQLite's writers take turns anyway; to PostgreSQL two creations of one table are two, and the second fails.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")


def migrations() -> Config:
    """Where Alembic finds the versions of the store."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@cache
def newest_revision() -> str | None:
    """The version that this code works on."""
    return ScriptDirectory.from_config(migrations()).get_current_head()


def _make_sqlite_transactional(engine: Engine) -> None:
    """Begin when we say so, and as a writer when we mean to write: two writers then wait, never deadlock."""

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        _keep_a_log(raw)
        raw.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _keep_a_log(raw: sqlite3.Connection) -> None:
    """Switch a new file to WAL, which stays so. Here alone SQLite does not wait by itself for who else has the file."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            if raw.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                raw.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
