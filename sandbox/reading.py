"""Answering a GET: one SQL statement per page, written out in blocks, so memory does not follow the page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

from sandbox.catalogue import Column, Resource
from sandbox.odata import Query
from sandbox.schema import connect

BLOCK = 1000  # rows per block of a reply


class ReadPool:
    """Read-only connections to the company's file, as many as there are readers at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = connect(self.path, read_only=True)
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def close(self) -> None:
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return


def row_json(columns: list[Column]) -> str:
    """SQL that writes one row as a JSON object."""
    pattern = ",".join(f'"{column.name}":%s' for column in columns)
    written = "".join(f", {column.as_json()}" for column in columns)
    return f"format('{{{pattern}}}'{written})"


def _conditions(resource: Resource, *more: str) -> str:
    wanted = [condition for condition in (resource.where, *more) if condition]
    return f" where {' and '.join(wanted)}" if wanted else ""


def page_sql(resource: Resource, query: Query, parent: str = "") -> str:
    """The statement behind one page; parameters: the parent's id if any, the filter's, then top and skip."""
    conditions = _conditions(resource, parent and f"{parent} = ?", query.where)
    return (
        f"select {row_json(query.columns)} from {resource.source}{conditions}"
        f" order by {query.order} limit ? offset ?"
    )


def pages(
    pool: ReadPool, resource: Resource, query: Query, *, parent: tuple[str, int] | None = None
) -> Iterator[bytes]:
    """The rows of one page as JSON text, in blocks without the enclosing brackets."""
    parameters: list[Any] = [*([parent[1]] if parent else []), *query.parameters, query.top, query.skip]
    with pool.connection() as connection:
        cursor = connection.execute(page_sql(resource, query, parent[0] if parent else ""), parameters)
        try:
            separator = ""
            while rows := cursor.fetchmany(BLOCK):
                yield (separator + ",".join([row[0] for row in rows])).encode()
                separator = ","
        finally:
            cursor.close()  # a client that leaves must not keep a reading open


def count(pool: ReadPool, resource: Resource, query: Query, *, parent: tuple[str, int] | None = None) -> int:
    """How many rows the filter leaves, pages aside."""
    conditions = _conditions(resource, parent[0] + " = ?" if parent else "", query.where)
    parameters = [*([parent[1]] if parent else []), *query.parameters]
    with pool.connection() as connection:
        total: int = connection.execute(
            f"select count(*) from {resource.source}{conditions}", parameters
        ).fetchone()[0]
    return total


def one(pool: ReadPool, resource: Resource, row_id: int, columns: list[Column]) -> bytes | None:
    """One row by id as a JSON object, or None."""
    conditions = _conditions(resource, f"{resource.key} = ?")
    with pool.connection() as connection:
        row = connection.execute(
            f"select {row_json(columns)} from {resource.source}{conditions}", (row_id,)
        ).fetchone()
    return None if row is None else row[0].encode()
