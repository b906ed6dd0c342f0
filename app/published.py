"""The only file that opens what was published.

`Published(root)` is one publication: its number is read once, and every figure asked of it comes from the
files that publication lists, whatever is published meanwhile. One in-memory DuckDB of views is kept per
publication.

    published/current        the number of the newest publication, as text
    published/<n>.json       {"publication": n, "pass_number": …, "as_of": ISO UTC, "tables": {model:
    [{"path", "rows", …}]}} published/<path>         Parquet, named by content and never changed
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
Rows = list[Row]
Parameters = Sequence[object] | Mapping[str, object]

KEPT_OPEN = 3
BATCH_ROWS = 10_000
FEW = 24
MOST_REMEMBERED = 60


class NothingPublishedError(Exception):
    """No pass has published anything here yet; the message says what to do."""


class PublicationIncompleteError(Exception):
    """The publication does not hold a table that was asked for; the message names it."""


class Published:
    """One publication, read-only. Money comes back as whole pence, timestamps as UTC without a zone.

    `number` asks for that publication; without it the newest is taken. A number that is no longer kept raises
    NothingPublishedError.
    """

    def __init__(self, root: str | Path, number: int | None = None):
        self.root = Path(root)
        self.number = newest(self.root) if number is None else number
        listing = self.root / f"{self.number}.json"
        try:
            text = listing.read_bytes()
        except FileNotFoundError:
            raise NothingPublishedError(
                f"Publication {self.number} is not kept any more: open the newest one."
            ) from None
        told = json.loads(text)
        self.pass_number = int(told["pass_number"])
        self.as_of = _utc(told["as_of"])
        self._tables: dict[str, list[Row]] = told["tables"]
        self._digest = hashlib.sha256(str(self.root.resolve()).encode() + text).hexdigest()
        self._views = _VIEWS.of(self.root, self._tables, hashlib.sha256(text).hexdigest())

    @property
    def models(self) -> list[str]:
        """The names of the tables this publication holds, in order."""
        return sorted(model for model, files in self._tables.items() if files)

    def rows(self, query: str, parameters: Parameters = ()) -> Rows:
        """What a query over the published tables gives, a dict a row. A table or column that was not published
        raises PublicationIncompleteError."""
        cursor = self._views.cursor()
        try:
            found = cursor.execute(query, parameters)
            names = [column[0] for column in found.description]
            return [dict(zip(names, values, strict=True)) for values in found.fetchall()]
        except (duckdb.CatalogException, duckdb.BinderException) as missing:
            raise PublicationIncompleteError(
                f"Publication {self.number} lacks something that this needs; publish anew with: tillproof run. "
                f"({str(missing).splitlines()[0]})"
            ) from None
        except duckdb.IOException as gone:
            raise NothingPublishedError(
                f"A file of publication {self.number} can no longer be read; open the newest publication. "
                f"({str(gone).splitlines()[0]})"
            ) from None
        finally:
            cursor.close()

    def locked_connection(self) -> duckdb.DuckDBPyConnection:
        """A database of the same views for a stranger's query: it can read these files and nothing else.

        No other file, no extension, no setting can be reached from it; whoever asks closes it.
        """
        connection = _views(self.root, self._tables)
        folder = _quoted(self.root.resolve().as_posix() + "/")
        connection.execute(
            f"set allowed_directories = [{folder}, {_quoted(self.root.as_posix() + '/')}];"
            "set memory_limit = '1GB'; set max_temp_directory_size = '0B'; set temp_directory = '';"
            "set enable_external_access = false; set lock_configuration = true"
        )
        return connection

    def files(self, model: str) -> Rows:
        """The files of a table as the publication lists them: path, rows, digest, month."""
        return [dict(file) for file in self._tables.get(model, [])]

    def count(self, model: str) -> int:
        """How many rows a table has, as the publication lists it."""
        return sum(int(file["rows"]) for file in self._tables[model])

    def table(self, model: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """The columns of a whole table and its rows, one batch in memory at a time, always in the same order."""
        cursor = self._views.cursor()
        try:
            batches = cursor.execute(f'select * from "{model}"').fetch_record_batch(BATCH_ROWS)
        except duckdb.Error as gone:
            cursor.close()
            raise NothingPublishedError(
                f"A file of publication {self.number} can no longer be read; open the newest publication. "
                f"({str(gone).splitlines()[0]})"
            ) from None

        def rows() -> Iterator[tuple[Any, ...]]:
            try:
                for batch in batches:
                    yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
            finally:
                cursor.close()

        return list(batches.schema.names), rows()

    def once(self, query: str, parameters: Mapping[str, object]) -> Rows:
        """The same as `rows`, asked once of a publication and remembered with it: what is published never changes."""
        key = (self._digest, query, tuple(sorted(parameters.items())))
        found = _REMEMBERED.get(key)
        if found is None:
            found = self.rows(query, parameters)
            while len(_REMEMBERED) >= MOST_REMEMBERED:
                _REMEMBERED.pop(next(iter(_REMEMBERED)), None)
            _REMEMBERED[key] = found
        return [dict(row) for row in found]

    def among(self, query: str, column: str, values: Sequence[object], given: Sequence[object] = ()) -> Rows:
        """The rows of a query, which ends in a condition, whose column is one of some values, in no order.

        One equality after the other: of `column in (…)` DuckDB reads every row, of `column = …` only the parts of
        files that may hold it.
        """
        wanted = list(dict.fromkeys(values))
        if not wanted:
            return []
        if len(wanted) > FEW:
            return self.rows(f"{query} and list_contains(?, {column})", [*given, wanted])
        asked = " union all ".join(f"({query} and {column} = ?)" for _ in wanted)
        return self.rows(asked, [part for value in wanted for part in (*given, value)])

    def row(self, query: str, parameters: Parameters = ()) -> Row:
        """The one row of a query that always gives one."""
        return self.rows(query, parameters)[0]


def newest(root: str | Path) -> int:
    """The number of the newest publication; NothingPublishedError where there is none."""
    try:
        return int((Path(root) / "current").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise NothingPublishedError(
            f"Nothing has been published in {Path(root)} yet. Run a pass first: tillproof run"
        ) from None


class _Views:
    """In-memory databases of views, one per publication, the few last used. Threads share one by cursors."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], duckdb.DuckDBPyConnection] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, root: Path, tables: dict[str, list[Row]], digest: str) -> duckdb.DuckDBPyConnection:
        # by digest, not by number: a home that was made anew publishes 1 again, with other files
        key = (str(root.resolve()), digest)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = _views(root, tables)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT_OPEN:
                self._kept.popitem(last=False)
            return self._kept[key]


_VIEWS = _Views()
_REMEMBERED: dict[tuple[object, ...], Rows] = {}
"""What `once` was asked, by publication, the oldest first. A race costs a second asking, and nothing else."""


def _views(root: Path, tables: dict[str, list[Row]]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    for model, files in tables.items():
        paths = [_quoted((root / file["path"]).as_posix()) for file in files]
        if paths:
            connection.execute(f'create view "{model}" as select * from read_parquet([{", ".join(paths)}])')
    return connection


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _utc(text: str) -> datetime:
    """An ISO moment, with or without a zone, as UTC without one."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
