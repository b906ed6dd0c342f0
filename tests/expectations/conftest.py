"""Parquet as the gate's model and landing write it, made from a suite's sound row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from expectations.suite import Suite
from expectations.validation import GateResult, Table, run_posting_gate

WriteRows = Callable[..., Path]
JudgeLegs = Callable[..., GateResult]
FlagsIn = Callable[[Path], list[dict[str, object]]]


@pytest.fixture(scope="session")
def write_rows() -> WriteRows:
    """One row per entry of `changes`: the suite's sound row with these columns changed."""

    def write(
        path: Path,
        suite: Suite,
        changes: Sequence[Mapping[str, object]],
        *,
        tombstones: Sequence[str] = (),
        kinds: Mapping[str, str | None] | None = None,
    ) -> Path:
        types = {**suite.columns, **(kinds or {})}
        if suite.has_tombstones:
            types["is_tombstone"] = "BOOLEAN"
        rows = [{**suite.sound_row, **change} for change in changes]
        values = ", ".join(f"cast(${name} as {kind}) as {name}" for name, kind in types.items() if kind)
        given = [name for name, kind in types.items() if kind]
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            for number, row in enumerate(rows):
                row["is_tombstone"] = row[suite.row_id] in tombstones
                verb = "insert into written" if number else "create table written as"
                connection.execute(f"{verb} select {values}", {name: row[name] for name in given})
            connection.table("written").write_parquet(str(path))
        return path

    return write


@pytest.fixture(scope="session")
def judge_legs() -> JudgeLegs:
    """The gate over the legs of a Parquet, in a table as dbt makes it."""

    def judge(candidates: Path, out: Path, *, pass_number: int = 1) -> GateResult:
        with duckdb.connect() as connection:
            connection.read_parquet(str(candidates)).create("gate_candidates")
            return run_posting_gate(Table(connection, "gate_candidates"), out, pass_number=pass_number)

    return judge


@pytest.fixture(scope="session")
def flags_in() -> FlagsIn:
    """Every flag of a flags file, in its order."""

    def read(path: Path) -> list[dict[str, object]]:
        with duckdb.connect() as connection:
            cursor = connection.execute("from read_parquet($1)", [str(path)])
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return read
