"""Landing: the one way anything received is kept.

Rows arrive as Arrow or as a DuckDB relation and leave as immutable Parquet, one file per table, month of document
date and pass. A row is landed only when it says something new: its (source key, checksum) differs from the newest
landed version. What a complete window, or a restated unit, no longer holds gets a tombstone. Everything is
done as sets in DuckDB, which spills to disk, so the size of a delivery does not matter.

How completeness works is written at `landing_delta.Delta._fold_deliveries`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow.parquet

from orchestration import landing_files as files
from orchestration.duckdb_threads import single_threaded
from orchestration.files import sql_path
from orchestration.landing_delta import Delta
from orchestration.landing_files import LandedFile, Workroom
from orchestration.landing_sql import content_and_meta, quoted
from orchestration.landing_tables import TableSpec, arrow_schema

__all__ = ["Landed", "LandedFile", "Landing", "LandingError", "TableSpec", "Window"]

Window = tuple[date, date] | Literal["all"]
FILE_OPTIONS = "format parquet, compression zstd, compression_level 1"
Received = Any  # a DuckDB relation, an Arrow table or a record batch reader


class LandingError(Exception):
    """What was received cannot be landed at all: a column is missing, or money arrived as a float."""


@dataclass(frozen=True)
class Landed:
    """What one call landed, in rows.

    `rows` new or changed; `unchanged` were known; `tombstones` vanished; `superseded` were restated by a
    later delivery of the same call; `rejected` had a cell that its column's type cannot hold and were left
    out (`rejection` tells the first).
    """

    table: str
    pass_number: int
    rows: int = 0
    unchanged: int = 0
    tombstones: int = 0
    superseded: int = 0
    rejected: int = 0
    rejection: str = ""
    document_dates: tuple[date | None, ...] = ()


class Landing:
    """The landing of one company. One pass writes at a time; anyone may read at any time."""

    def __init__(
        self, root: str | Path, company_id: str, *, memory_limit: str = "1GB", threads: int | None = None
    ):
        self.root = Path(root)
        self.company_id = company_id
        self._memory_limit = memory_limit
        self._threads = threads
        self._ensured: set[str] = set()
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._opening = threading.Lock()

    # -- writing

    def next_pass(self) -> int:
        """The number after the greatest landed one. Also sweeps what a killed pass left unfinished."""
        files.sweep(self.root)
        passes = [found.pass_number for table in files.tables_of(self.root) for found in self.files(table)]
        return max(passes, default=0) + 1

    def ensure(self, *specs: TableSpec) -> None:
        """Give each table its schema anchor, so that it can be read before anything is landed to it."""
        for spec in specs:
            place = self.root / spec.name / files.ANCHOR
            schema = arrow_schema(content_and_meta(spec))
            if spec.name in self._ensured and place.exists():
                continue
            if not place.exists() or not pyarrow.parquet.read_schema(place).equals(schema):
                with Workroom(self.root) as workroom:
                    unfinished = workroom.unfinished()
                    pyarrow.parquet.write_table(schema.empty_table(), unfinished)
                    files.give_place(unfinished, place)
            self._ensured.add(spec.name)

    def land(
        self,
        spec: TableSpec,
        received: Received,
        *,
        pass_number: int,
        window: Window | None = None,
        connection: duckdb.DuckDBPyConnection | None = None,
        after_file: Callable[[Path], None] | None = None,
    ) -> Landed:
        """Land what is new in `received`; see `Landed` for what comes back.

        `received` has every content column of `spec` in any order, with `delivery_id`, `source_file` and
        `source_row`; columns the table does not have are ignored. Optional: `delivery_order` (bigint; of two
        deliveries of the same thing the later wins; the pieces of one export share a number) and `vouches`
        (boolean; false where the delivery may hold only a part of the unit).

        `window` says that everything the source has for these document dates was read: keys landed earlier
        inside it and absent now get a tombstone. `connection` is the one a relation lives in; landing then
        works inside it and copies nothing. `after_file` is told of each file as it takes its place. Raises
        LandingError.

        Killed half-way, what is in place stays and is known to the next call, under the same pass number or
        another: nothing is lost or repeated.
        """
        self.ensure(spec)
        own = connection is None
        working = connection if connection is not None else self.connect()
        try:
            with Workroom(self.root) as workroom:
                if own:
                    working.execute(f"set temp_directory = '{sql_path(workroom.path / 'spill')}'")
                delta = Delta(working, spec, self.company_id, pass_number)
                try:
                    _check_columns(working, spec, received)
                    delta.stage(received)
                    known = self._files_to_compare(spec, delta.staged_dates, window)
                    delta.compare([str(found.path) for found in known], window)
                    dates = self._write(working, delta, workroom, after_file)
                    return Landed(spec.name, pass_number, **delta.counts(), document_dates=tuple(dates))
                finally:
                    delta.drop()
        finally:
            if own:
                working.close()

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A private in-memory DuckDB with this landing's bounds on memory and threads."""
        connection = duckdb.connect(config={"memory_limit": self._memory_limit})
        connection.execute("set TimeZone = 'UTC'")
        if self._threads:
            connection.execute(f"set threads = {int(self._threads)}")
        return connection

    # -- reading

    def _reading(self) -> duckdb.DuckDBPyConnection:
        """A connection for one read, from any thread. All share one DuckDB: opening one costs more than most reads."""
        with self._opening:
            if self._reader is None:
                self._reader = self.connect()
                self._reader.execute("set global TimeZone = 'UTC'; set enable_external_file_cache = false")
            return self._reader.cursor()

    def files(self, table: str) -> list[LandedFile]:
        """Every landed file of a table, by month and pass."""
        return files.files_of(self.root, table)

    def size_bytes(self) -> int:
        """How many bytes all landed files have."""
        return sum(
            found.path.stat().st_size for table in files.tables_of(self.root) for found in self.files(table)
        )

    def dirty_since(self, pass_number: int) -> list[LandedFile]:
        """What was landed after a pass, of all tables. Nothing dirty means there is nothing to rebuild."""
        return [
            found
            for table in files.tables_of(self.root)
            for found in self.files(table)
            if found.pass_number > pass_number
        ]

    def rows_landed(self, pass_number: int) -> dict[str, int]:
        """Rows (tombstones included) that a pass landed, per table; tables it did not touch are absent."""
        counted: dict[str, int] = {}
        for found in self.dirty_since(pass_number - 1):
            if found.pass_number == pass_number:
                rows = pyarrow.parquet.read_metadata(found.path).num_rows
                counted[found.table] = counted.get(found.table, 0) + rows
        return counted

    def greatest(self, spec: TableSpec, column: str) -> int | None:
        """The greatest value ever landed in a column: the cursor an extraction goes on from."""
        found = self._scalar(spec, f"max({quoted(column)})")
        return None if found is None else int(found)

    def newest(
        self, spec: TableSpec, columns: Sequence[str] = (), where: str = "true", as_of_pass: int | None = None
    ) -> Any:
        """The newest live version of every row, as an Arrow table ordered by source key.

        `columns` narrows, `where` is a SQL condition on the newest versions, `as_of_pass` looks back.
        """
        wanted = ", ".join(quoted(name) for name in columns) or "* exclude (version_rank)"
        paths = self._paths(spec)
        up_to = "" if as_of_pass is None else f"where pass_number <= {int(as_of_pass)}"
        with self._reading() as connection:
            return connection.execute(
                f"""
                select {wanted} from (
                    select *, row_number() over (
                        partition by source_key order by pass_number desc
                    ) as version_rank
                    from read_parquet({paths}, union_by_name = true) {up_to}
                ) where version_rank = 1 and not is_tombstone and ({where}) order by source_key
                """
            ).to_arrow_table()

    # -- inside

    def _paths(self, spec: TableSpec) -> list[str]:
        self.ensure(spec)
        return [
            str(self.root / spec.name / files.ANCHOR),
            *(str(found.path) for found in self.files(spec.name)),
        ]

    def _scalar(self, spec: TableSpec, expression: str) -> Any:
        with self._reading() as connection:
            found = connection.execute(
                f"select {expression} from read_parquet({self._paths(spec)}, union_by_name = true)"
            ).fetchone()
        return found[0] if found else None

    def _files_to_compare(
        self, spec: TableSpec, staged_dates: Callable[[], Iterable[date | None]], window: Window | None
    ) -> list[LandedFile]:
        """The landed files that can hold a version of what arrived, or of what a window should hold.

        Where the date is part of the key, only the months of those dates; else a row may have moved to
        another.
        """
        landed = self.files(spec.name)
        if window == "all" or spec.date_column is None or spec.date_column not in spec.key:
            return landed
        folders = {files.folder_of(day) for day in staged_dates()}
        if window is None:
            return [found for found in landed if found.folder in folders]
        first, last = (files.folder_of(day) for day in window)
        return [found for found in landed if found.folder in folders or first <= found.folder <= last]

    def _write(
        self,
        connection: duckdb.DuckDBPyConnection,
        delta: Delta,
        workroom: Workroom,
        after_file: Callable[[Path], None] | None,
    ) -> list[date | None]:
        """One file per month of the outgoing rows' document dates, each put in place when it is whole."""
        dates = delta.outgoing_dates()
        if not dates:
            return []
        table = self.root / delta.spec.name
        places = {
            folder: files.pass_file(table / folder, delta.pass_number)
            for folder in dict.fromkeys(map(files.folder_of, dates))
        }
        unfinished = {folder: workroom.unfinished() for folder in places}

        def written(folder: str) -> str:
            place = places[folder]
            rows = delta.outgoing(folder, place if place.exists() else None)
            with connection.cursor() as own:
                own.execute("set TimeZone = 'UTC'")
                own.execute(f"copy ({rows}) to '{sql_path(unfinished[folder])}' ({FILE_OPTIONS})")
            return folder

        # a month is too little for DuckDB to share among threads: two months are written at a time
        with single_threaded(connection) as threads, ThreadPoolExecutor(min(2, threads)) as pool:
            for folder in pool.map(written, places):
                files.give_place(unfinished[folder], places[folder])
                if after_file is not None:
                    after_file(places[folder])
        return dates


def _check_columns(connection: duckdb.DuckDBPyConnection, spec: TableSpec, received: Received) -> None:
    """Refuse what cannot be landed row by row."""
    offered = offered_types(connection, received)
    wanted = [*spec.columns, "delivery_id", "source_file", "source_row"]
    missing = [name for name in wanted if name not in offered]
    if missing:
        raise LandingError(f"{spec.name}: what was received lacks {', '.join(missing)}")
    floats = [
        name
        for name, type_ in spec.columns.items()
        if type_.startswith("decimal") and offered[name] in ("DOUBLE", "FLOAT")
    ]
    if floats:
        raise LandingError(
            f"{spec.name}: {', '.join(floats)} arrived as a float; money never goes through one"
        )


def offered_types(connection: duckdb.DuckDBPyConnection, received: Received) -> dict[str, str]:
    """Column names and DuckDB types of what was received, without reading a row of it."""
    if isinstance(received, duckdb.DuckDBPyRelation):
        return dict(zip(received.columns, map(str, received.types), strict=True))
    empty = received.schema.empty_table()
    relation = connection.from_arrow(empty)
    return dict(zip(relation.columns, map(str, relation.types), strict=True))
