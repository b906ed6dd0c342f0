"""Publishing: exactly the public models, as files named by content, listed and swapped in one step.

`<model>/<month>/<digest>.parquet` hold the rows, `<n>.json` lists the files of publication n, and `current`
holds n, the only thing ever replaced. An unchanged month is listed again, not rewritten.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration import name_index
from orchestration.duckdb_threads import session_of, single_threaded
from orchestration.files import digest_of, put_text, sql_path

MONTH_COLUMNS = ("business_date", "document_date")
FINGERPRINT = """
    version() || ':' || count(*) || ':' || coalesce(sum(cast(hash(rows) as hugeint)), 0)
    || ':' || coalesce(bit_xor(hash(rows)), 0)
"""
"""Equal for equal rows in any order: it says whether a month must be written, and is never a digest of evidence."""
TOGETHER = {"document_verdicts": ("store_id", "business_date")}
"""What is read together lies together; all else is in the order of its columns."""
HOW_IT_WAS_MADE = "dirty_slots"
"""Says which days the pass judged, not what it found: a pass that judges all of them finds the same."""
ROW_GROUP = 30_720
"""Rows of a file that are read for one of them: a trace wants a row or two of each table, every column of them."""
MONTHS_READ_ONE_BY_ONE = 12
"""Of more, rows are laid in order first: a month that lies anywhere is found by reading all, a view by making it."""
CLOCKS = "health_passes"
"""The one published table that holds clocks; it is the same in no two runs."""


@dataclass(frozen=True)
class Publication:
    """What a publication says of itself."""

    number: int
    pass_number: int
    as_of: datetime
    pending_documents: int
    """Documents that time alone may move: in their grace, or in the connector's retry window."""
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    rules_digest: str = ""
    """What tells the rules that judged it from any others."""

    @property
    def digests(self) -> dict[str, list[str]]:
        """Digests of every table but the clocks': what two runs of the same input must share."""
        return {
            model: [str(file["digest"]) for file in listed]
            for model, listed in self.tables.items()
            if model not in (CLOCKS, HOW_IT_WAS_MADE)
        }


class Publications:
    """The published folder of one installation."""

    def __init__(self, root: Path, *, kept: int = 10):
        self.root = root
        self._kept = kept

    def newest(self) -> Publication | None:
        """The publication readers are given now; None before the first."""
        current = self.root / "current"
        if not current.exists():
            return None
        return self.read(int(current.read_text(encoding="utf-8")))

    def read(self, number: int) -> Publication:
        listed = json.loads((self.root / f"{number}.json").read_text(encoding="utf-8"))
        return Publication(
            number=listed["publication"],
            pass_number=listed["pass_number"],
            as_of=datetime.fromisoformat(listed["as_of"]),
            pending_documents=listed["pending_documents"],
            tables=listed["tables"],
            rules_digest=listed.get("rules_digest", ""),
        )

    def publish(
        self,
        connection: duckdb.DuckDBPyConnection,
        models: Mapping[str, str],
        *,
        pass_number: int,
        as_of: datetime,
        seconds: Mapping[str, float],
        signed_off: Sequence[int] = (),
        months: Mapping[str, Collection[str | None]] | None = None,
        rules_digest: str = "",
        known_number: int = 0,
    ) -> Publication:
        """Publish `models` (name -> relation in the warehouse) and make it current.

        `months` names the months of a model that may be other than they were; of a model it does not name, all may.
        `known_number` is the greatest that anything was decided on: where the folder was lost, or put back as it was
        once, the numbers go on from there, for posting takes the greater for the newer.
        A crash before the last line leaves readers on the publication they had.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        before = self.newest()
        session = session_of(connection)

        def written(model: str) -> list[dict[str, Any]]:
            with connection.cursor() as own:
                own.execute(session)
                files = self._write(own, model, models[model], before, (months or {}).get(model))
                return sorted(files, key=lambda file: file["month"] or "")

        # a month is too little for DuckDB to share among threads, which would only wait for each other: each query has
        # one, and two models are written at a time
        with single_threaded(connection), ThreadPoolExecutor(2) as pool:
            tables = dict(zip(sorted(models), pool.map(written, sorted(models)), strict=True))
            if names := list(self._write_names(connection, models, tables, before, pool)):
                tables[name_index.TABLE] = names
        tables[CLOCKS] = list(self._write_clocks(connection, pass_number, seconds, before))
        waiting = connection.execute(
            """select (select count(*) from marts.document_verdicts where verdict = 'pending')
                    + (select count(*) from exceptions.posting_proposals where is_connector_still_trying)"""
        ).fetchone()
        publication = Publication(
            number=max(before.number if before else 0, known_number) + 1,
            pass_number=pass_number,
            as_of=as_of,
            pending_documents=int(waiting[0]) if waiting else 0,
            tables=tables,
            rules_digest=rules_digest,
        )
        self._write_analysts_view(publication)
        put_text(self.root / f"{publication.number}.json", _listing(publication))
        put_text(self.root / "current", str(publication.number))
        self._collect(publication.number, set(signed_off))
        return publication

    def _write(
        self,
        connection: duckdb.DuckDBPyConnection,
        model: str,
        relation: str,
        before: Publication | None,
        months: Collection[str | None] | None,
    ) -> Iterator[dict[str, Any]]:
        """A file for each month of a model, or one for all; a month that holds the same rows keeps its file."""
        listed = {file["month"]: file for file in before.tables.get(model, [])} if before else {}
        columns = [str(row[0]) for row in connection.execute(f"describe {relation}").fetchall()]
        dated = day_column(columns)
        month_of = f"12 * year(rows.{dated}) + month(rows.{dated})" if dated else "cast(null as bigint)"
        kept = [
            file
            for month, file in listed.items()
            if months is not None and month not in months and file["rows"]
        ]
        yield from (dict(file) for file in kept)
        found = connection.execute(
            f"""select {month_of} as month_number, {FINGERPRINT} from {relation} as rows
                where {"true" if months is None else _in_months(dated, months)}
                group by all order by month_number nulls first"""
        ).fetchall()
        fresh = {}
        for month_number, fingerprint in found or ([] if kept else [(None, "0")]):
            month = None if month_number is None else _month(month_number)
            known = listed.get(month)
            if (
                known
                and known.get("fingerprint") == fingerprint
                and (self.root / str(known["path"])).exists()
            ):
                yield dict(known)
            else:
                fresh[month] = fingerprint
        if dated and len(fresh) > MONTHS_READ_ONE_BY_ONE:
            connection.execute(
                f"""create temp table month_by_month as select * from {relation} as rows
                    where {_in_months(dated, list(fresh))} order by {month_of}"""
            )
            relation = "temp.month_by_month"
        together = [name for name in TOGETHER.get(model, ()) if name in columns]
        order = f"{', '.join(together)}, columns(*)" if together else "all"
        for month, fingerprint in fresh.items():
            condition = _in_months(dated, [month]) if dated else "true"
            file = self._file(
                connection,
                model,
                month,
                f"select * from {relation} as rows where {condition} order by {order}",
            )
            yield {**file, "fingerprint": fingerprint}
        connection.execute("drop table if exists temp.month_by_month")

    def _write_names(
        self,
        connection: duckdb.DuckDBPyConnection,
        models: Mapping[str, str],
        tables: Mapping[str, Sequence[Mapping[str, Any]]],
        before: Publication | None,
        pool: ThreadPoolExecutor,
    ) -> Iterator[dict[str, Any]]:
        """The index of names, a file a month, of the files just listed; where those are as they were, so is it."""
        listed = {file["month"]: file for file in before.tables.get(name_index.TABLE, [])} if before else {}
        named: dict[str | None, dict[str, Mapping[str, Any]]] = {}
        for model in name_index.sources(connection, models):
            for file in tables[model]:
                named.setdefault(file["month"], {})[model] = file

        def indexed(month: str | None) -> dict[str, Any]:
            files = named[month]
            asked = f"{name_index.ROW_GROUP} {name_index.rows_of(dict.fromkeys(files, ''))}"
            fingerprint = " ".join(
                [
                    hashlib.sha256(asked.encode()).hexdigest(),
                    *(f"{model} {file['digest']}" for model, file in files.items()),
                ]
            )
            known = listed.get(month)
            if (
                known
                and known.get("fingerprint") == fingerprint
                and (self.root / str(known["path"])).exists()
            ):
                return dict(known)
            paths = {model: sql_path(self.root / str(file["path"])) for model, file in files.items()}
            with connection.cursor() as own:
                own.execute("set TimeZone = 'UTC'")
                file = self._file(
                    own,
                    name_index.TABLE,
                    month,
                    f"{name_index.rows_of(paths)} order by all",
                    name_index.ROW_GROUP,
                )
            return {**file, "fingerprint": fingerprint}

        yield from pool.map(indexed, sorted(named, key=lambda each: each or ""))

    def _file(
        self,
        connection: duckdb.DuckDBPyConnection,
        model: str,
        month: str | None,
        query: str,
        row_group: int = ROW_GROUP,
    ) -> dict[str, Any]:
        folder = self.root / model / (month or "all")
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / "writing.unfinished"
        copied = connection.execute(
            f"copy ({query}) to '{sql_path(unfinished)}' (format parquet, compression zstd, row_group_size {row_group})"
        ).fetchone()
        digest = digest_of(unfinished)
        place = folder / f"{digest}.parquet"
        if place.exists():
            unfinished.unlink()
        else:
            unfinished.replace(place)
        return {
            "path": place.relative_to(self.root).as_posix(),
            "rows": int(copied[0]) if copied else 0,
            "digest": digest,
            "month": month,
        }

    def _write_clocks(
        self,
        connection: duckdb.DuckDBPyConnection,
        pass_number: int,
        seconds: Mapping[str, float],
        before: Publication | None,
    ) -> Iterator[dict[str, Any]]:
        stages = ", ".join(
            f"({pass_number}, '{stage}', {round(taken * 1000)})" for stage, taken in seconds.items()
        )
        stages = stages or f"({pass_number}, 'none', 0)"
        earlier = "".join(
            f" union all select * from read_parquet('{sql_path(self.root / str(file['path']))}')"
            for file in (before.tables.get(CLOCKS, []) if before else [])
        )
        yield self._file(
            connection,
            CLOCKS,
            None,
            f"""select cast(pass_number as bigint) as pass_number, stage, cast(milliseconds as bigint) as milliseconds,
                       cast(current_timestamp at time zone 'UTC' as timestamp) as published_at
                from (values {stages}) as taken (pass_number, stage, milliseconds) {earlier}""",
        )

    def _write_analysts_view(self, publication: Publication) -> None:
        """A DuckDB file of views for outside tools; it holds no rows of its own."""
        place = self.root / f"tillproof-{publication.number}.duckdb"
        place.unlink(missing_ok=True)
        with duckdb.connect(str(place)) as views:
            for model, listed in publication.tables.items():
                paths = ", ".join(
                    f"'{sql_path((self.root / str(file['path'])).resolve())}'" for file in listed
                )
                views.execute(f'create view "{model}" as select * from read_parquet([{paths}])')

    def _collect(self, newest: int, signed_off: set[int]) -> None:
        """Drop publications nobody needs, and files no kept one lists. What is in use is left for next time."""
        numbers = sorted(int(file.stem) for file in self.root.glob("*.json") if file.stem.isdigit())
        # a signed-off number that is not there is of a folder that was lost: its figures are with the sign-off
        kept = {number for number in numbers if number > newest - self._kept or number in signed_off}
        needed = {
            str(file["path"])
            for number in kept
            for listed in self.read(number).tables.values()
            for file in listed
        }
        for number in set(numbers) - kept:
            _drop(self.root / f"{number}.json")
            _drop(self.root / f"tillproof-{number}.duckdb")
        for file in self.root.glob("*/*/*.parquet"):
            if file.relative_to(self.root).as_posix() not in needed:
                _drop(file)


def _month(number: int) -> str:
    """A month as a file's folder has it, of its number since the year 0."""
    return f"{(number - 1) // 12:04d}-{(number - 1) % 12 + 1:02d}"


def day_column(columns: Sequence[str]) -> str:
    """The column whose month a row of these is listed under; empty where they have none."""
    return next((name for name in MONTH_COLUMNS if name in columns), "")


def _in_months(dated: str, months: Collection[str | None]) -> str:
    """SQL: whether a row is of one of these months; None is that of rows without a day."""
    of_each = [
        f"rows.{dated} is null"
        if month is None
        else f"rows.{dated} between date '{month}-01' and last_day(date '{month}-01')"
        for month in months
    ]
    return f"({' or '.join(of_each) or 'false'})"


def _drop(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except PermissionError:
        return  # open in a reader on Windows: the next publication tries again


def _listing(publication: Publication) -> str:
    return json.dumps(
        {
            "publication": publication.number,
            "pass_number": publication.pass_number,
            "as_of": publication.as_of.isoformat(),
            "pending_documents": publication.pending_documents,
            "tables": publication.tables,
            "rules_digest": publication.rules_digest,
        },
        indent=1,
        sort_keys=True,
    )
