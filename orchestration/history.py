"""History: what each pass judged, one immutable Parquet file a pass, changed judgements only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.files import put_text, sql_path
from orchestration.made_by import MadeBy

JUDGEMENT_COLUMNS: dict[str, str] = {
    "company_id": "varchar",
    "subject_id": "varchar",
    "subject_kind": "varchar",
    "event_id": "varchar",
    "store_id": "varchar",
    "business_date": "date",
    "verdict": "varchar",
    "drift_kinds": "varchar",
    "ledger_document_id": "varchar",
    "expected_gross_pence": "bigint",
    "ledger_gross_pence": "bigint",
    "exception_class": "varchar",
    "owner": "varchar",
    "value_at_risk_pence": "bigint",
    "is_open": "boolean",
    "rule_version": "integer",
    "pass_number": "bigint",
    "as_of": "timestamp",
}
"""A judgement as kept: money in whole pence, times in UTC."""

ANCHOR = "anchor.parquet"


@dataclass(frozen=True)
class PastPass:
    """A pass that was judged: its number and the time it looked from (UTC)."""

    pass_number: int
    as_of: datetime
    made_by: MadeBy | None = None
    """What judged it; None of a pass that was made before this was kept, or has not been published."""
    digests: Mapping[str, Sequence[str]] | None = None
    """Digests of each published table's files, as they were published."""


class History:
    """The judgements of every pass of one installation."""

    def __init__(self, root: Path):
        self.root = root
        self._judgements = root / "judgements"
        self._passes = root / "passes"

    def ensure(self) -> None:
        """A file without rows, so that models can read history before the first pass."""
        self._judgements.mkdir(parents=True, exist_ok=True)
        self._passes.mkdir(parents=True, exist_ok=True)
        anchor = self._judgements / ANCHOR
        if not anchor.exists():
            columns = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in JUDGEMENT_COLUMNS.items())
            self._write(duckdb.connect(), f"select {columns} limit 0", anchor)

    def last(self) -> PastPass | None:
        """The newest pass that was judged; None before the first."""
        files = sorted(self._passes.glob("pass_*.json")) if self._passes.exists() else []
        return _read(files[-1]) if files else None

    def passed(self, pass_number: int) -> PastPass | None:
        """The pass of a number; None where there was none."""
        place = self._told(pass_number)
        return _read(place) if place.exists() else None

    def keep_published(self, pass_number: int, digests: Mapping[str, Sequence[str]], by: MadeBy) -> None:
        """Keep what the pass was published as, and which code judged it: publications go, this stays."""
        place = self._told(pass_number)
        told = json.loads(place.read_text(encoding="utf-8"))
        put_text(place, json.dumps({**told, "made_by": by.as_dict(), "digests": digests}, sort_keys=True))

    def _told(self, pass_number: int) -> Path:
        return self._passes / f"pass_{pass_number:06d}.json"

    def record(self, connection: duckdb.DuckDBPyConnection, pass_number: int, as_of: datetime) -> int:
        """Keep what the pass changed; the rows kept. A pass that is judged again must find the same.

        Raises HistoryError where the file of this pass holds other judgements: history is evidence.
        """
        place = self._judgements / f"pass_{pass_number:06d}.parquet"
        columns = ", ".join(JUDGEMENT_COLUMNS)
        # by day: a pass that judges some days reads no others of it
        changed = (
            f"select {columns} from exceptions.verdict_history where pass_number = {pass_number} "
            f"order by business_date, {columns}"
        )
        if place.exists():
            differing = connection.execute(
                f"""select count(*) from (
                    (({changed}) except all select * from read_parquet('{sql_path(place)}'))
                    union all
                    (select * from read_parquet('{sql_path(place)}') except all ({changed})))"""
            ).fetchone()
            if differing != (0,):
                raise HistoryError(
                    f"pass {pass_number} was judged otherwise before: {place.name} is evidence and stays as it is"
                )
        else:
            self._write(connection, changed, place)
        told = self._told(pass_number)
        if not told.exists():
            put_text(told, json.dumps({"pass_number": pass_number, "as_of": as_of.isoformat()}))
        counted = connection.execute(f"select count(*) from read_parquet('{sql_path(place)}')").fetchone()
        return int(counted[0]) if counted else 0

    @staticmethod
    def _write(connection: duckdb.DuckDBPyConnection, query: str, place: Path) -> None:
        unfinished = place.with_suffix(".unfinished")
        connection.execute(f"copy ({query}) to '{sql_path(unfinished)}' (format parquet, compression zstd)")
        unfinished.replace(place)


def _read(place: Path) -> PastPass:
    told = json.loads(place.read_text(encoding="utf-8"))
    made_by = MadeBy(**told["made_by"]) if "made_by" in told else None
    return PastPass(told["pass_number"], datetime.fromisoformat(told["as_of"]), made_by, told.get("digests"))


class HistoryError(Exception):
    """What was judged and what would be judged now differ for one and the same pass."""
