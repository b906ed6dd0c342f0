"""The only file that opens what was published.

`Published(root)` is one publication: its number is read once, and every figure asked of it comes from the
files that publication lists, whatever is published meanwhile. One in-memory DuckDB of views is kept per
publication, and what it was asked is remembered: what is published never changes.

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
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import name_index

Row = dict[str, Any]
Rows = list[Row]
Parameters = Sequence[object] | Mapping[str, object]
Answer = tuple[list[str], list[tuple[Any, ...]]]

KEPT_OPEN = 3
BATCH_ROWS = 10_000
FEW = 24
MOST_PLACES = 60
MOST_REMEMBERED, MOST_ROWS_REMEMBERED = 600, 2_000
"""Answers kept, the last asked; none of more rows."""
MOST_ROWS_HELD = 250_000
"""A table of no more is held in memory once the app has settled down with a publication."""
DAY_OF = {model: day for model, (day, _) in name_index.NAMES.items()}


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
        raises PublicationIncompleteError. The same question is answered from memory."""
        given = repr(dict(parameters)) if isinstance(parameters, Mapping) else repr(list(parameters))
        key = (self._digest, query, given)
        answer = _REMEMBERED.get(key)
        if answer is None:
            answer = self._ask(query, parameters)
            _REMEMBERED.keep(key, answer)
        names, told = answer
        return [dict(zip(names, values, strict=True)) for values in told]

    def _ask(self, query: str, parameters: Parameters) -> Answer:
        cursor = self._views.cursor()
        try:
            found = cursor.execute(query, parameters)
            return [column[0] for column in found.description], found.fetchall()
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

    def undated(self, model: str) -> str:
        """SQL: the rows of a table that are of no day, which lie in a file of their own; empty where there are none."""
        paths = [self.root / file["path"] for file in self._tables.get(model, []) if file["month"] is None]
        return f"read_parquet([{', '.join(_quoted(path.as_posix()) for path in paths)}])" if paths else ""

    def within(self, model: str, first: date, last: date | None = None) -> str:
        """SQL: a table's rows of one day, or of the days from one to another, and others with them: the files of their
        months alone. What DuckDB asks each of many files before it reads one took longer than to read.

        A file's month is that of the business date, or of the document date where a table has no other.
        """
        files = self._tables.get(model, [])
        if sum(int(file["rows"]) for file in files) <= MOST_ROWS_HELD:
            return f'"{model}"'  # in memory, or soon: there is nothing to choose from
        months = [f"{each:%Y-%m}" for each in (first, last or first)]
        paths = [
            self.root / file["path"]
            for file in files
            if file["month"] and months[0] <= file["month"] <= months[1]
        ]
        if not paths:
            return f'(select * from "{model}" limit 0)'
        return f"read_parquet([{', '.join(_quoted(path.as_posix()) for path in paths)}])"

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

    def settle_down(self) -> None:
        """Hold the small tables in memory, so that a question of one opens no file. Takes some seconds with millions
        of receipts published, in which questions are answered as before."""
        _VIEWS.hold_small(self._views, self._tables)

    def named(
        self,
        model: str,
        columns: str,
        column: str,
        names: Sequence[object],
        also: str = "",
        given: Parameters = (),
        is_list: bool = False,
    ) -> Rows:
        """The rows of `model` whose `column` is one of some names, in no order: looked for in the stores and days
        alone that the index of names has for them, the newest MOST_PLACES. `also` is a further condition that begins
        with `and`, with its `given` values. Where the column `is_list`, of names between commas, one of them is enough.

        Only for names that the index knows (`orchestration/name_index.py`). In a publication without one all is read.
        """
        wanted = list(dict.fromkeys(name for name in names if name not in (None, "")))
        test = f"list_has_any(string_split({column}, ','), ?)" if is_list else f"list_contains(?, {column})"
        places = self._places(wanted)
        if places is None and is_list:
            return self.rows(f"select {columns} from {model} where {test} {also}", [wanted, *given])
        if places is None:
            return self.among(f"select {columns} from {model} where true {also}", column, wanted, list(given))
        asked, values = [], []
        for row in places:
            store, day = row["store_id"], row["day"]
            lies_in = f'"{model}"' if day is None else self.within(model, day)
            narrow = f"store_id {'is null' if store is None else '= ?'}"
            narrow += f" and {DAY_OF[model]} {'is null' if day is None else '= ?'}"
            asked.append(f"(select {columns} from {lies_in} where {narrow} {also} and {test})")
            values += [*(each for each in (store, day) if each is not None), *given, wanted]
        return self.rows(" union all ".join(asked), values) if asked else []

    def _places(self, names: Sequence[object]) -> Rows | None:
        """The stores and days in whose rows a name is found, the newest first; None where no index was published."""
        if not self._tables.get(name_index.TABLE) or len(names) > FEW:
            return None
        if not names:
            return []
        listed = list(dict.fromkeys(name_index.listed_as(str(name)) for name in names))
        asked = " union ".join(f"select store_id, day from {name_index.TABLE} where name = ?" for _ in listed)
        return self.rows(
            f"select * from ({asked}) order by day desc nulls last, store_id limit {MOST_PLACES}", listed
        )

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

    def hold_small(self, views: duckdb.DuckDBPyConnection, tables: dict[str, list[Row]]) -> None:
        """Put a table in the place of the view of each model of few rows, one after the other."""
        for model, files in tables.items():
            if not files or sum(int(file["rows"]) for file in files) > MOST_ROWS_HELD:
                continue
            with views.cursor() as own:
                (kind,) = own.execute(
                    "select table_type from information_schema.tables where table_name = ?", [model]
                ).fetchone() or ("",)
                if kind != "VIEW":
                    continue
                own.execute(f'create table "{model} held" as from "{model}"')
                own.execute(
                    f'begin; drop view "{model}"; alter table "{model} held" rename to "{model}"; commit'
                )


class _Remembered:
    """Answers, the last asked; a race costs a second asking, and nothing else."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str, str]) -> Answer | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: tuple[str, str, str], answer: Answer) -> None:
        if len(answer[1]) > MOST_ROWS_REMEMBERED:
            return
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > MOST_REMEMBERED:
                self._kept.popitem(last=False)


_VIEWS = _Views()
_REMEMBERED = _Remembered()


def _views(root: Path, tables: dict[str, list[Row]]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    # the files never change, so what they say of themselves is read once
    connection.execute("set global parquet_metadata_cache = true")
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
