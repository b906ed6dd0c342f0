"""A connection that runs the store's own statements without SQLAlchemy's machinery around each execution.

Statements are compiled by SQLAlchemy once and kept; values go in and come out by its own type processors. What was
read is kept until one of its tables is written to, and what was read of the store as it was laid out for every later
story. Only what the operations store asks of a connection is there. A test plays stories on this and on the real
connection and compares the chains of events, hash for hash.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Select, Table, UpdateBase
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import visitors

from orchestration.operations import audit, chain, intents, permissions, policies, runs, vat_periods

ANSWERS_KEPT = 10_000
# statements the store makes once: found again by being the same object
BUILT_ONCE = {
    value
    for module in (audit, chain, intents, permissions, policies, runs, vat_periods)
    for value in vars(module).values()
    if isinstance(value, (Select, UpdateBase))
}


def _tables_of(statement: Any) -> tuple[str, ...]:
    """Every table that a statement reads or writes."""
    parts = [*visitors.iterate(statement), getattr(statement, "table", None)]
    parts += [getattr(part, "table", None) for part in parts]
    found = {part.name for part in parts if isinstance(part, Table)}
    if not found:
        raise ValueError(f"no table is known of {statement}")
    return tuple(sorted(found))


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
        self.tables = _tables_of(statement)
        self.is_read = isinstance(statement, Select)
        self.binds: dict[str, Callable[[Any], Any]] = self.compiled._bind_processors
        self.expands = bool(self.compiled.post_compile_params)
        self.positions: Sequence[str] = self.compiled.positiontup or ()
        self._expanded: dict[tuple[int, ...], tuple[str, list[Any]]] = {}
        # by the name in the statement: the name in what is given, and the value where nothing is
        self._sources = {
            name: (bind.key, None if bind.callable else bind.value)
            for bind, name in self.compiled.bind_names.items()
        }
        self._lists = sorted(self.compiled.bind_names[bind] for bind in self.compiled.post_compile_params)
        columns = self.compiled._result_columns or ()
        self.names = tuple(column.keyname for column in columns)
        self.row = namedtuple("Row", self.names, rename=True) if columns else tuple  # type: ignore[misc]
        reads = [column.type._cached_result_processor(dialect, None) for column in columns]
        self.reads = [(place, read) for place, read in enumerate(reads) if read]

    def sql_and_values(self, given: Mapping[str, Any] | None, extracted: Any) -> tuple[str, list[Any]]:
        """The text to run and its values in order."""
        if extracted is None:
            params = {
                name: given[key] if given and key in given else value
                for name, (key, value) in self._sources.items()
            }
        else:
            params = self.compiled.construct_params(given, extracted_parameters=extracted, _check=False)
        if not self.expands:
            return self.compiled.string, [self._bound(name, params[name]) for name in self.positions]
        if extracted is not None:
            return self._written_out(params)[:2]
        lengths = tuple(len(params[name]) for name in self._lists)
        known = self._expanded.get(lengths)
        if known is None:
            text, values, places = self._written_out(params)
            self._expanded[lengths] = text, places
            return text, values
        text, places = known
        return text, [
            process(value) if process else value
            for name, number, process in places
            for value in [params[name] if number is None else params[name][number]]
        ]

    def _written_out(self, params: Mapping[str, Any]) -> tuple[str, list[Any], list[Any]]:
        """A place for each value of a list; and of each place its parameter, number in the list, and processor."""
        state = self.compiled._process_parameters_for_postcompile(params)
        both = {**params, **state.additional_parameters}
        binds = {**self.binds, **state.processors}
        of_list = {
            one: (name, number)
            for name, expanded in state.parameter_expansion.items()
            for number, one in enumerate(expanded)
        }
        places = [(*of_list.get(name, (name, None)), binds.get(name)) for name in state.positiontup or ()]
        values = [
            binds[name](both[name]) if name in binds else both[name] for name in state.positiontup or ()
        ]
        return state.statement, values, places

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
        self._clock = 0
        self._written: dict[
            str, int
        ] = {}  # when a table was written to; as it was laid out where it is not in here
        self._at_once = 0  # since when nothing of before is believed
        self._laid_out: dict[Any, Rows] = {}
        self._seen: dict[Any, tuple[Any, Rows]] = {}

    def as_laid_out(self) -> None:
        """The store is taken back to its first page."""
        self._written.clear()
        self._seen.clear()
        self._at_once = 0
        if len(self._laid_out) > ANSWERS_KEPT:
            self._laid_out.clear()

    def as_who_knows(self) -> None:
        """The store was changed by others: nothing that was read is believed."""
        self._seen.clear()
        self._clock += 1
        self._at_once = self._clock

    def written_at(self, table: str) -> int:
        """A number that is another whenever the table may be."""
        return self._written.get(table, self._at_once)

    def execute(self, statement: Any, parameters: Any = None) -> Rows:
        """Run one of the store's statements."""
        many = parameters if isinstance(parameters, list) else [parameters]
        compiled, extracted = self._compiled(statement, many[0])
        if compiled.is_read and extracted is None:
            return self._read(compiled, many[0])
        for given in many:
            sql, values = compiled.sql_and_values(given, extracted)
            rows = self._run(compiled, sql, values)
        if not compiled.is_read:
            self._clock += 1
            self._written.update(dict.fromkeys(compiled.tables, self._clock))
        return rows

    def _run(self, compiled: _Compiled, sql: str, values: list[Any]) -> Rows:
        try:
            return compiled.rows(self.raw.execute(sql, values))
        except sqlite3.IntegrityError as error:
            raise IntegrityError(sql, values, error) from error

    def _read(self, compiled: _Compiled, given: Mapping[str, Any] | None) -> Rows:
        """What a question gives; not asked again while none of its tables was written to."""
        asked = (
            compiled,
            *(
                (name, tuple(value) if isinstance(value, list) else value)
                for name, value in (given or {}).items()
            ),
        )
        version = tuple(map(self.written_at, compiled.tables))
        if any(version):
            kept = self._seen.get(asked)
            if kept and kept[0] == version:
                return kept[1]
        elif asked in self._laid_out:
            return self._laid_out[asked]
        rows = self._run(compiled, *compiled.sql_and_values(given, None))
        if any(version):
            self._seen[asked] = version, rows
        else:
            self._laid_out[asked] = rows
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
            self.as_who_knows()
            raise
        self.raw.execute("COMMIT")
