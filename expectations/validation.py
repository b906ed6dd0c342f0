"""Runs any suite over Parquet and keeps every row that breaks a rule as a flag.

Great Expectations never opens the warehouse: it sees the Parquet files through views in a throw-away
DuckDB file. It counts and hands back a query; DuckDB runs the query, and the two must agree. Flags are
written to a temporary name and put in place in one step, in a stable order: the same input gives the
same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from uuid import uuid4

import duckdb

from expectations import gx_session
from expectations.gate_candidates import GATE_COLUMNS, GATE_VALUES
from expectations.gx_session import SuiteNotJudgedError
from expectations.posting_gate import POSTING_GATE
from expectations.rules import INTAKE_SUITES
from expectations.suite import Rule, Suite

__all__ = [
    "FLAG_COLUMNS",
    "GATE_COLUMNS",
    "GATE_VALUES",
    "ContractBrokenError",
    "GateResult",
    "IntakeResult",
    "MiscountedFlagsError",
    "SuiteNotJudgedError",
    "run_intake",
    "run_posting_gate",
]

FLAG_COLUMNS: dict[str, str] = {
    "rule_id": "VARCHAR",
    "gate_row_id": "VARCHAR",
    "posting_key": "VARCHAR",
    "owner": "VARCHAR",
    "severity": "VARCHAR",
    "title": "VARCHAR",
    "remedy": "VARCHAR",
    "runbook": "VARCHAR",
    "observed_value": "VARCHAR",
    "pass_number": "INTEGER",
}
"""Column -> DuckDB type of a flags file; one row per rule and row that breaks it."""


class ContractBrokenError(ValueError):
    """The Parquet does not have the columns, types or row ids its suite was written for."""


class MiscountedFlagsError(RuntimeError):
    """Great Expectations and DuckDB disagree on how many rows break a rule: no flag can be trusted."""


@dataclass(frozen=True)
class GateResult:
    """How many legs were judged, and how many each rule flagged (every rule of the gate, zero included)."""

    rows: int
    flagged: Mapping[str, int]

    @property
    def flags(self) -> int:
        """Rows of the flags file."""
        return sum(self.flagged.values())


@dataclass(frozen=True)
class IntakeResult:
    """How many landed rows were judged by table, and how many each rule flagged (zero included)."""

    rows: Mapping[str, int]
    flagged: Mapping[str, int]

    @property
    def flags(self) -> int:
        """Rows of the flags file."""
        return sum(self.flagged.values())


def run_posting_gate(candidates: Path, out: Path, *, pass_number: int) -> GateResult:
    """Judge every candidate leg and write the flags to `out`.

    `candidates` is the Parquet of the model `gate_candidates`, one row per leg. Raises FileNotFoundError
    when it is not there, ContractBrokenError when it is not what GATE_COLUMNS says or its gate_row_id are
    not unique, MiscountedFlagsError and SuiteNotJudgedError when the outcome cannot be trusted; then `out`
    is left as it was.
    """
    if not candidates.is_file():
        raise FileNotFoundError(f"there are no gate candidates at {candidates}")
    rows, flagged = _run({POSTING_GATE: [candidates]}, out, pass_number)
    return GateResult(rows=rows[POSTING_GATE.reads], flagged=flagged)


def run_intake(landing_root: Path, *, pass_number: int, out: Path) -> IntakeResult:
    """Judge the rows that were landed in this pass, table by table, and write the flags to `out`.

    A table nothing was landed to in this pass is not judged, and without any Great Expectations is not
    even imported. A flag's gate_row_id is the row's source_key; it has no posting key. Tombstones are no
    rows. Raises as `run_posting_gate` does.
    """
    received = {}
    for suite in INTAKE_SUITES:
        files = sorted((landing_root / suite.reads).glob(f"*/pass_{pass_number:06d}.parquet"))
        if files:
            received[suite] = files
    rows, flagged = _run(received, out, pass_number)
    silent = {rule.rule_id: 0 for suite in INTAKE_SUITES for rule in suite.rules}
    return IntakeResult(rows=rows, flagged=silent | flagged)


def _run(
    received: Mapping[Suite, Sequence[Path]], out: Path, pass_number: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Judge each suite over its files; rows by what the suite reads, flags by rule."""
    rows: dict[str, int] = {}
    flagged = {rule.rule_id: 0 for suite in received for rule in suite.rules}
    columns = ", ".join(f"{name} {kind}" for name, kind in FLAG_COLUMNS.items())
    with (
        tempfile.TemporaryDirectory(prefix="tillproof_expectations_", ignore_cleanup_errors=True) as room,
        duckdb.connect(config={"temp_directory": room}) as connection,
    ):
        connection.execute(f"create table flags ({columns}, landed_file varchar, landed_row bigint)")
        for suite, files in received.items():
            _check_contract(connection, suite, files)
            connection.execute(_view(suite, files))
            rows[suite.reads] = _count(connection, f"from {suite.name}")
            _check_row_ids(connection, suite)
        judged = {suite: files for suite, files in received.items() if rows[suite.reads]}
        if judged:
            flagged |= _flag(connection, judged, Path(room) / "views.duckdb", pass_number)
        _write(connection, out)
    return rows, flagged


def _flag(
    connection: duckdb.DuckDBPyConnection,
    judged: Mapping[Suite, Sequence[Path]],
    database: Path,
    pass_number: int,
) -> dict[str, int]:
    """Fill the table `flags` with every row that breaks a rule; how many by rule."""
    with duckdb.connect(database) as throw_away:
        for suite, files in judged.items():
            throw_away.execute(_view(suite, files))
    flagged = {}
    judgements = gx_session.judge(database, list(judged))
    for suite in judged:
        for judgement in judgements[suite.name]:
            rule = judgement.rule
            found = connection.execute(_flags_of(suite, rule, judgement.query, pass_number)).fetchone()
            flagged[rule.rule_id] = int(found[0]) if found else 0
            if flagged[rule.rule_id] != judgement.unexpected_count:
                raise MiscountedFlagsError(
                    f"{rule.rule_id} ({suite.name}): Great Expectations counts "
                    f"{judgement.unexpected_count} rows, {flagged[rule.rule_id]} were flagged"
                )
    return flagged


def _view(suite: Suite, files: Sequence[Path]) -> str:
    """The statement that makes the suite's view: its columns and facts, and where each row stands."""
    columns = [
        f"nullif(trim({name}), '') as {name}" if suite.blank_is_null and kind == "VARCHAR" else name
        for name, kind in suite.columns.items()
    ]
    facts = [f"{sql} as {name}" for name, sql in suite.facts.items()]
    return (
        f"create view {suite.name} as with landed as ("
        f"select {', '.join(columns)}, filename as landed_file, file_row_number as landed_row "
        f"from {_parquet(files)} {'where not is_tombstone' if suite.has_tombstones else ''}) "
        f"select {', '.join(['landed.*', *facts])} from landed"
    )


def _flags_of(suite: Suite, rule: Rule, query: str, pass_number: int) -> str:
    """The statement that adds one rule's flags, from Great Expectations' query and the rule's `when`."""
    applies = [
        f"judged.{column} in ({', '.join(_text(value) for value in values)})"
        for column, values in rule.when.items()
    ]
    meta = rule.meta()
    return (
        f"insert into flags select {_text(rule.rule_id)}, judged.{suite.row_id}, "
        f"{f'judged.{suite.posting_key}' if suite.posting_key else 'null'}, "
        f"{', '.join(_text(meta[name]) for name in ('owner', 'severity', 'title', 'remedy', 'runbook'))}, "
        f"{_observed(rule.observed)}, {int(pass_number)}, judged.landed_file, judged.landed_row "
        f"from {suite.name} as judged inner join ({query}) as broken "
        "on judged.landed_file = broken.landed_file and judged.landed_row = broken.landed_row "
        f"{'where ' + ' and '.join(applies) if applies else ''}"
    )


def _observed(template: str) -> str:
    """A rule's `observed` as SQL over the alias `judged`; what is NULL reads as nothing."""
    parts = []
    for literal, column, _, _ in Formatter().parse(template):
        if literal:
            parts.append(_text(literal))
        if column:
            parts.append(f"coalesce(cast(judged.{column} as varchar), '')")
    return f"trim(concat({', '.join(parts)}))"


def _check_contract(connection: duckdb.DuckDBPyConnection, suite: Suite, files: Sequence[Path]) -> None:
    described = connection.execute(f"describe from {_parquet(files)}").fetchall()
    found = {name: kind for name, kind, *_ in described}
    wrong = [
        f"{name} is {found.get(name, 'missing')}, not {kind}"
        for name, kind in suite.columns.items()
        if found.get(name) != kind
    ]
    if wrong:
        raise ContractBrokenError(f"{suite.reads}: {'; '.join(wrong)}")


def _check_row_ids(connection: duckdb.DuckDBPyConnection, suite: Suite) -> None:
    """A flag names its row by one column: in the gate it must name one row only."""
    unnamed = _count(connection, f"from {suite.name} where {suite.row_id} is null")
    repeated = 0
    if not suite.has_tombstones:
        repeated = _count(
            connection, f"from (from {suite.name} select {suite.row_id} group by all having count(*) > 1)"
        )
    if unnamed or repeated:
        raise ContractBrokenError(
            f"{suite.reads}: {unnamed} rows have no {suite.row_id}, {repeated} {suite.row_id} are not unique"
        )


def _write(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.{uuid4().hex}.tmp")
    try:
        connection.execute(
            f"copy (select {', '.join(FLAG_COLUMNS)} from flags order by "
            "rule_id, gate_row_id, posting_key, observed_value, landed_file, landed_row) "
            f"to {_text(unfinished.as_posix())} (format parquet, compression zstd)"
        )
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _parquet(files: Sequence[Path]) -> str:
    listed = ", ".join(_text(file.resolve().as_posix()) for file in files)
    return (
        f"read_parquet([{listed}], filename = true, file_row_number = true, "
        "union_by_name = true, hive_partitioning = false)"
    )


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) {relation}").fetchone()
    return int(row[0]) if row else 0


def _text(value: str) -> str:
    """A SQL string literal."""
    return "'" + value.replace("'", "''") + "'"
