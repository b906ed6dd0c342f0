"""Queries of one DuckDB from several threads: how many share a query, and what a thread's own cursor must be told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


@contextmanager
def single_threaded(connection: duckdb.DuckDBPyConnection) -> Iterator[int]:
    """Each query of this database in the thread that asks it; how many threads it had, which it has again afterwards.

    For many small files: DuckDB's threads wait for their turn to write by asking for it over and over, and a file of
    a month cost twice the processor. Whoever wants two at a time asks from two threads, each by a cursor.
    """
    threads = int(connection.execute("select current_setting('threads')").fetchall()[0][0])
    connection.execute("set threads = 1")
    try:
        yield threads
    finally:
        connection.execute(f"set threads = {threads}")


def session_of(connection: duckdb.DuckDBPyConnection) -> str:
    """What a cursor of this connection must be told to name things and read clocks as it does: DuckDB's begin anew."""
    database, schema = connection.execute("select current_database(), current_schema()").fetchall()[0]
    return f"""set TimeZone = 'UTC'; use "{database}"."{schema}";"""
