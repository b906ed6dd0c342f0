"""Runs any suite over what was received, or over what may leave, and keeps every row that breaks a rule as a flag.

Great Expectations opens neither landing nor the warehouse: what the rules look at is copied into a
throw-away DuckDB file, once, for it asks several questions a rule and a pass can land hundreds of files. It
counts and hands back a query; DuckDB runs the query, and the two must agree. Flags are written to a temporary
name and put in place in one step, in a stable order: the same input gives the same bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from uuid import uuid4

import duckdb

from expectations import gx_session
from expectations.gate_candidates import GATE_COLUMNS, GATE_VALUES
from expectations.gx_session import ROW_INDEX, Judgement, SuiteNotJudgedError
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
    "Table",
    "run_intake",
    "run_posting_gate",
]

_JUDGED = "judged"
"""What the throw-away file is called where it is attached."""

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


@dataclass(frozen=True)
class Table:
    """A table that is there for as long as its connection; the connection must be one that may write."""

    connection: duckdb.DuckDBPyConnection
    name: str


def run_posting_gate(candidates: Table, out: Path, *, pass_number: int) -> GateResult:
    """Judge every candidate leg and write the flags to `out`.

    `candidates` is the model `gate_candidates`, one row per leg. Raises duckdb.CatalogException when it is not there,
    ContractBrokenError when it is not what GATE_COLUMNS says or its gate_row_id are not unique, MiscountedFlagsError
    and SuiteNotJudgedError when the outcome cannot be trusted; then `out` is left as it was.
    """
    legs = f"(select *, {_text(candidates.name)} as landed_file, rowid as landed_row from {candidates.name})"
    rows, flagged = _run(candidates.connection, {POSTING_GATE: legs}, out, pass_number)
    return GateResult(rows=rows[POSTING_GATE.reads], flagged=flagged)


def run_intake(landing_root: Path, *, pass_number: int, out: Path) -> IntakeResult:
    """Judge the rows that were landed in this pass, table by table, and write the flags to `out`.

    A table nothing was landed to in this pass is not judged, and without any Great Expectations is not
    even imported. A flag's gate_row_id is the row's source_key; it has no posting key. Tombstones are no
    rows. Raises as `run_posting_gate` does.
    """
    received, root = {}, landing_root.resolve()
    for suite in INTAKE_SUITES:
        files = sorted((root / suite.reads).glob(f"*/pass_{pass_number:06d}.parquet"))
        if files:
            received[suite] = _parquet(files)
    # one thread, for models are built meanwhile: DuckDB's threads wait by asking over and over, and more cost more
    with duckdb.connect(config={"preserve_insertion_order": False, "threads": 1}) as connection:
        rows, flagged = _run(connection, received, out, pass_number)
    silent = {rule.rule_id: 0 for suite in INTAKE_SUITES for rule in suite.rules}
    return IntakeResult(rows=rows, flagged=silent | flagged)


def _run(
    connection: duckdb.DuckDBPyConnection, received: Mapping[Suite, str], out: Path, pass_number: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Judge each suite over its rows (SQL, with ROW_INDEX); rows by what the suite reads, flags by rule."""
    rows: dict[str, int] = {}
    flagged = {rule.rule_id: 0 for suite in received for rule in suite.rules}
    with tempfile.TemporaryDirectory(prefix="tillproof_expectations_", ignore_cleanup_errors=True) as room:
        database = Path(room) / "judged.duckdb"
        with _attached(connection, database):
            for suite, source in received.items():
                _check_contract(connection, suite, source)
                connection.execute(f"create or replace temp view {_landed(suite)} as {_rows(suite, source)}")
                connection.execute(_judged_table(suite))
                rows[suite.reads] = _count(connection, f"from {_JUDGED}.{suite.name}")
                _check_row_ids(connection, suite, source)
        judged = [suite for suite in received if rows[suite.reads]]
        judgements = gx_session.judge(database, judged) if judged else {}
        columns = ", ".join(f"{name} {kind}" for name, kind in FLAG_COLUMNS.items())
        with _attached(connection, database):
            connection.execute(f"create or replace temp table flags ({columns})")
            for suite in judged:
                # under the name by which Great Expectations' queries call it
                connection.execute(f"create or replace temp view {suite.name} as from {_JUDGED}.{suite.name}")
                flagged |= _flag(connection, suite, judgements[suite.name], pass_number)
            _write(connection, out)
    return rows, flagged


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, database: Path) -> Iterator[None]:
    """The throw-away file beside what the connection has: held by one DuckDB at a time."""
    connection.execute(f"attach {_text(database.as_posix())} as {_JUDGED}")
    try:
        yield
    finally:
        connection.execute(f"detach {_JUDGED}")


def _flag(
    connection: duckdb.DuckDBPyConnection, suite: Suite, judgements: Sequence[Judgement], pass_number: int
) -> dict[str, int]:
    """Add every row that breaks a rule of the suite to the table `flags`; how many by rule."""
    broken = " union all ".join(_broken(suite, judgement) for judgement in judgements)
    connection.execute(f"create or replace temp table broken as {broken}")
    breaking = {
        rule_id for (rule_id,) in connection.execute("select distinct rule_id from broken").fetchall()
    }
    if breaking:
        connection.execute(_shown_table(suite, [rule for rule in suite.rules if rule.rule_id in breaking]))
    flagged = {}
    for judgement in judgements:
        rule = judgement.rule
        flagged[rule.rule_id] = 0
        if rule.rule_id in breaking:
            added = connection.execute(_flags_of(suite, rule, pass_number)).fetchone()
            flagged[rule.rule_id] = int(added[0]) if added else 0
        if flagged[rule.rule_id] != judgement.unexpected_count:
            raise MiscountedFlagsError(
                f"{rule.rule_id} ({suite.name}): Great Expectations counts "
                f"{judgement.unexpected_count} rows, {flagged[rule.rule_id]} were flagged"
            )
    return flagged


def _landed(suite: Suite) -> str:
    """The view of everything the suite's Parquet files and facts say of a row."""
    return f"{suite.name}_landed"


def _rows(suite: Suite, source: str) -> str:
    """The query behind that view: the suite's columns and facts, and where each row stands."""
    columns = [
        f"nullif(trim({name}), '') as {name}" if suite.blank_is_null and kind == "VARCHAR" else name
        for name, kind in suite.columns.items()
    ]
    facts = [f"{sql} as {name}" for name, sql in suite.facts.items()]
    documents = ""
    if suite.document_facts:
        # one grouping, not a window for each: those would sort whole rows
        told = ", ".join(f"{sql} as {name}" for name, sql in suite.document_facts.items())
        documents = (
            f"left join (select {suite.posting_key}, {told} from landed group by all) as documents "
            f"on documents.{suite.posting_key} is not distinct from landed.{suite.posting_key}"
        )
    return (
        "with landed as not materialized ("
        f"select {', '.join([*columns, *ROW_INDEX])} "
        f"from {source} {'where not is_tombstone' if suite.has_tombstones else ''}) "
        f"select {', '.join(['landed.*', *facts])} from landed {documents}"
    )


def _judged_table(suite: Suite) -> str:
    """The statement that copies what the suite's rules look at.

    Not the row id: it is another text in every row, and dearer to keep than all the rest.
    """
    columns = dict.fromkeys(ROW_INDEX)
    for rule in suite.rules:
        columns |= dict.fromkeys([rule.check.column, *rule.when])
    return (
        f"create table {_JUDGED}.{suite.name} as select {', '.join(columns)}, {suite.row_id} is null as is_unnamed "
        f"from {_landed(suite)}"
    )


def _broken(suite: Suite, judgement: Judgement) -> str:
    """The rows that break one rule: Great Expectations' query, held to the rule's `when`."""
    broken = (
        f"select {_text(judgement.rule.rule_id)} as rule_id, {', '.join(ROW_INDEX)} from ({judgement.query})"
    )
    applies = [
        f"{column} in ({', '.join(_text(value) for value in values)})"
        for column, values in judgement.rule.when.items()
    ]
    if not applies:
        return broken
    return (
        f"{broken} semi join (from {suite.name} where {' and '.join(applies)}) using ({', '.join(ROW_INDEX)})"
    )


def _shown_table(suite: Suite, rules: Sequence[Rule]) -> str:
    """The statement that reads of the broken rows what the flags of these rules show."""
    shown = dict.fromkeys([*ROW_INDEX, suite.row_id, *([suite.posting_key] if suite.posting_key else [])])
    for rule in rules:
        shown |= dict.fromkeys(column for _, column, _, _ in Formatter().parse(rule.observed) if column)
    return (
        f"create or replace temp table shown as select {', '.join(shown)} "
        f"from {_landed(suite)} semi join broken using ({', '.join(ROW_INDEX)})"
    )


def _flags_of(suite: Suite, rule: Rule, pass_number: int) -> str:
    """The statement that adds one rule's flags."""
    meta = rule.meta()
    return (
        f"insert into flags select {_text(rule.rule_id)}, {suite.row_id}, {suite.posting_key or 'null'}, "
        f"{', '.join(_text(meta[name]) for name in ('owner', 'severity', 'title', 'remedy', 'runbook'))}, "
        f"{_observed(rule.observed)}, {int(pass_number)} "
        f"from shown semi join (from broken where rule_id = {_text(rule.rule_id)}) using ({', '.join(ROW_INDEX)})"
    )


def _observed(template: str) -> str:
    """A rule's `observed` as SQL over the rows shown; what is NULL reads as nothing."""
    parts = []
    for literal, column, _, _ in Formatter().parse(template):
        if literal:
            parts.append(_text(literal))
        if column:
            parts.append(f"coalesce(cast({column} as varchar), '')")
    return f"trim(concat({', '.join(parts)}))"


def _check_contract(connection: duckdb.DuckDBPyConnection, suite: Suite, source: str) -> None:
    described = connection.execute(f"describe from {source}").fetchall()
    found = {name: kind for name, kind, *_ in described}
    wrong = [
        f"{name} is {found.get(name, 'missing')}, not {kind}"
        for name, kind in suite.columns.items()
        if found.get(name) != kind
    ]
    if wrong:
        raise ContractBrokenError(f"{suite.reads}: {'; '.join(wrong)}")


def _check_row_ids(connection: duckdb.DuckDBPyConnection, suite: Suite, source: str) -> None:
    """A flag names its row by one column: in the gate it must name one row only."""
    unnamed = _count(connection, f"from {_JUDGED}.{suite.name} where is_unnamed")
    repeated = 0
    if not suite.has_tombstones:
        repeated = _count(
            connection, f"from (select {suite.row_id} from {source} group by all having count(*) > 1)"
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
            "copy (from flags order by rule_id, gate_row_id, posting_key, observed_value) "
            f"to {_text(unfinished.as_posix())} (format parquet, compression zstd)"
        )
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _parquet(files: Sequence[Path]) -> str:
    listed = ", ".join(_text(file.as_posix()) for file in files)
    return (
        f"(select *, filename as landed_file, file_row_number as landed_row from read_parquet([{listed}], "
        "filename = true, file_row_number = true, union_by_name = true, hive_partitioning = false))"
    )


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) {relation}").fetchone()
    return int(row[0]) if row else 0


def _text(value: str) -> str:
    """A SQL string literal."""
    return "'" + value.replace("'", "''") + "'"
