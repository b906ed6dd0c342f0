"""A connection that runs the store's own statements without SQLAlchemy's machinery around each execution.

Statements are compiled by SQLAlchemy once and kept; values go in and come out by its own type processors.
Only what the operations store asks of a connection is there. A test plays stories on this and on the real
connection and compares the chains of events, hash for hash.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Select, UpdateBase
from sqlalchemy.exc import IntegrityError

from orchestration.operations import chain, intents, permissions

# statements the store makes once: found again by being the same object
BUILT_ONCE = {
    value
    for module in (chain, intents, permissions)
    for value in vars(module).values()
    if isinstance(value, (Select, UpdateBase))
}


class Rows(list):  # type: ignore[type-arg]
    """What a statement gave, with the few questions the store puts to a result."""

    rowcount = -1
    names: tuple[str, ...] = ()

    def one(self) -> Any:
        """The only row."""
        (row,) = self
        return row

    def all(self) -> Rows:
        """Every row."""
        return self

    def scalar_one_or_none(self) -> Any:
        """The only value, if there is a row."""
        return self.one()[0] if self else None

    def scalars(self) -> list[Any]:
        """The first value of each row."""
        return [row[0] for row in self]

    def mappings(self) -> Rows:
        """Each row by the names of its columns."""
        return Rows(dict(zip(self.names, row, strict=True)) for row in self)


class _Compiled:
    """One statement made ready, for one set of parameter names."""

    def __init__(self, statement: Any, dialect: Any, given: Sequence[str] | None, shape: Any = None):
        self.compiled = statement._compiler(dialect, column_keys=given, cache_key=shape)
        self.binds: dict[str, Callable[[Any], Any]] = self.compiled._bind_processors
        self.expands = bool(self.compiled.post_compile_params)
        self.positions: Sequence[str] = self.compiled.positiontup or ()
        columns = self.compiled._result_columns or ()
        self.names = tuple(column.keyname for column in columns)
        self.row = namedtuple("Row", self.names, rename=True) if columns else tuple  # type: ignore[misc]
        reads = [column.type._cached_result_processor(dialect, None) for column in columns]
        self.reads = [(place, read) for place, read in enumerate(reads) if read]

    def sql_and_values(self, given: Mapping[str, Any] | None, extracted: Any) -> tuple[str, list[Any]]:
        """The text to run and its values in order."""
        params = self.compiled.construct_params(given, extracted_parameters=extracted, _check=False)
        if not self.expands:
            return self.compiled.string, [self._bound(name, params[name]) for name in self.positions]
        state = self.compiled._process_parameters_for_postcompile(params)
        both = {**params, **state.additional_parameters}
        binds = {**self.binds, **state.processors}
        values = [
            binds[name](both[name]) if name in binds else both[name] for name in state.positiontup or ()
        ]
        return state.statement, values

    def _bound(self, name: str, value: Any) -> Any:
        process = self.binds.get(name)
        return process(value) if process else value

    def rows(self, cursor: Any) -> Rows:
        """What came back."""
        told = Rows(self._read(row) for row in cursor.fetchall()) if self.names else Rows()
        told.rowcount, told.names = cursor.rowcount, self.names
        return told

    def _read(self, row: tuple[Any, ...]) -> Any:
        values = list(row)
        for place, read in self.reads:
            values[place] = read(values[place])
        return self.row(*values)


class Swift:
    """The connection; `raw` is SQLite's own."""

    def __init__(self, engine: Engine, raw: Any):
        self.raw = raw
        self._dialect = engine.dialect
        self._by_statement: dict[Any, _Compiled] = {}
        self._by_shape: dict[Any, _Compiled] = {}

    def execute(self, statement: Any, parameters: Any = None) -> Rows:
        """Run one of the store's statements."""
        many = parameters if isinstance(parameters, list) else [parameters]
        compiled, extracted = self._compiled(statement, many[0])
        for given in many:
            sql, values = compiled.sql_and_values(given, extracted)
            try:
                rows = compiled.rows(self.raw.execute(sql, values))
            except sqlite3.IntegrityError as error:
                raise IntegrityError(sql, values, error) from error
        return rows

    def _compiled(self, statement: Any, given: Mapping[str, Any] | None) -> tuple[_Compiled, Any]:
        kept = self._by_statement.get(statement)
        if kept:
            return kept, None
        names = tuple(given) if given and statement.is_dml else None
        if statement in BUILT_ONCE:
            kept = self._by_statement[statement] = _Compiled(statement, self._dialect, names)
            return kept, None
        shape = statement._generate_cache_key()
        kept = self._by_shape.get((shape.key, names))
        if kept is None:
            kept = self._by_shape[shape.key, names] = _Compiled(statement, self._dialect, names, shape)
            return kept, None
        return kept, shape.bindparams

    @contextmanager
    def transaction(self, begin: str) -> Iterator[Swift]:
        """Committed when the block ends, undone if it raises."""
        self.raw.execute(begin)
        try:
            yield self
        except BaseException:
            self.raw.execute("ROLLBACK")
            raise
        self.raw.execute("COMMIT")
