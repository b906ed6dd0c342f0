"""Dagster's own event log with its connections kept open.

Dagster 1.13 makes an engine and a connection for each event it writes to SQLite. A pass writes some four hundred, which
took longer than matching did. The files and what is in them are Dagster's; any Dagster reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
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
