"""Dagster's own event log with its connections kept open.

Dagster 1.13 makes an engine and a connection for each event it writes to SQLite, and asks each time anew whether its
tables have the columns of its newer versions. A pass writes some six hundred, which took longer than matching did. The
files and what is in them are Dagster's; any Dagster reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

KEPT_OPEN = 8


class EventLog(SqliteEventLogStorage):
    """One connection per file, for the files used last. `base_dir` is Dagster's home."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None):
        self._engines: dict[str, Engine] = {}
        self._known: set[tuple[str, str]] = set()
        super().__init__(str(Path(base_dir) / "history" / "runs"), inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> EventLog:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engines.pop(shard, None) or self._open(shard)
            self._engines[shard] = engine
            while len(self._engines) > KEPT_OPEN:
                self._engines.pop(next(iter(self._engines))).dispose()
            with engine.connect() as connection, connection.begin():
                yield connection

    def has_table(self, table_name: str) -> bool:
        return self._knows("table", table_name, super().has_table)

    def has_secondary_index(self, name: str) -> bool:
        return self._knows("index", name, super().has_secondary_index)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        def look(name: str) -> bool:
            return bool(super(EventLog, self)._has_asset_key_col_on_connection(conn, name))

        return self._knows("column", column_name, look)

    def _knows(self, what: str, name: str, look: Callable[[str], bool]) -> bool:
        """Whether the books have it: what they once had is not looked up again, and none of it is ever dropped."""
        if (what, name) not in self._known and look(name):
            self._known.add((what, name))
        return (what, name) in self._known

    def _open(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,  # one at a time: the lock above sees to it
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _unhurried)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine


def _unhurried(connection: Any, _record: object) -> None:
    """Runs are disposable: a power cut may cost the newest events, and never a landed row, judgement or posting."""
    connection.execute("pragma synchronous = off")
