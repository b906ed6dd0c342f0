"""Whatever breaks a rule is kept, all of it, in the same bytes each time, or nothing is written at all."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from expectations import gx_session
from expectations.connector_sync_log import SYNC_LOG
from expectations.pos_receipt_lines import RECEIPT_LINES
from expectations.pos_tenders import TENDERS
from expectations.posting_gate import POSTING_GATE
from expectations.validation import (
    FLAG_COLUMNS,
    ContractBrokenError,
    MiscountedFlagsError,
    Table,
    run_intake,
    run_posting_gate,
)

ROOT = Path(__file__).resolve().parents[2]


def _legs(count: int, **facts: object) -> list[dict[str, object]]:
    return [{"gate_row_id": f"leg-{n:03}", "posting_key": f"key-{n:03}", **facts} for n in range(count)]


def _columns(path: Path) -> dict[str, str]:
    with duckdb.connect() as connection:
        described = connection.execute("describe from read_parquet($1)", [str(path)]).fetchall()
    return {name: kind for name, kind, *_ in described}


def test_every_flagged_row_is_kept_not_the_twenty_that_are_listed(tmp_path, write_rows, flags_in, judge_legs):
    legs = _legs(60)
    for leg in legs[:45]:
        leg["nominal_account_status"] = "hidden"
    candidates = write_rows(tmp_path / "candidates.parquet", POSTING_GATE, legs)
    result = judge_legs(candidates, tmp_path / "gate" / "flags.parquet", pass_number=3)
    flags = flags_in(tmp_path / "gate" / "flags.parquet")
    assert [flag["gate_row_id"] for flag in flags] == [f"leg-{n:03}" for n in range(45)]
    assert (result.rows, result.flagged["NOM-03"], result.flags) == (60, 45, 45)
    assert set(result.flagged) == {rule.rule_id for rule in POSTING_GATE.rules}
    assert _columns(tmp_path / "gate" / "flags.parquet") == FLAG_COLUMNS


def test_the_same_legs_in_another_order_give_the_same_bytes(tmp_path, write_rows, judge_legs):
    legs = _legs(30, nominal_account_status="hidden", customer_hold_status="on_hold")
    written = []
    for name, rows in (("one", legs), ("shuffled", [*legs[15:], *legs[:15]])):
        candidates = write_rows(tmp_path / f"{name}.parquet", POSTING_GATE, rows)
        judge_legs(candidates, tmp_path / f"{name}_flags.parquet", pass_number=3)
        written.append((tmp_path / f"{name}_flags.parquet").read_bytes())
    assert written[0] == written[1]


def test_the_table_is_left_as_it_was_and_may_be_judged_again(tmp_path, write_rows):
    legs = [*_legs(3), *_legs(60, nominal_account_status="hidden", period_status=None)[40:]]
    candidates = write_rows(tmp_path / "candidates.parquet", POSTING_GATE, legs)
    written = []
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema gate")
        connection.execute(f"create table gate.candidates as from '{candidates.as_posix()}'")
        for time in ("first", "second"):  # which meets what the first one left
            out = tmp_path / f"{time}.parquet"
            judged = run_posting_gate(Table(connection, "gate.candidates"), out, pass_number=3)
            assert (judged.rows, judged.flags) == (23, 40)
            written.append(out.read_bytes())
        held = connection.execute("select database_name, table_name from duckdb_tables() where not temporary")
        assert held.fetchall() == [("warehouse", "candidates")]
    assert written[0] == written[1]


def test_sound_legs_write_an_empty_file_with_every_column(tmp_path, write_rows, flags_in, judge_legs):
    candidates = write_rows(tmp_path / "candidates.parquet", POSTING_GATE, _legs(3))
    result = judge_legs(candidates, tmp_path / "flags.parquet")
    assert (result.rows, result.flags) == (3, 0)
    assert flags_in(tmp_path / "flags.parquet") == []
    assert _columns(tmp_path / "flags.parquet") == FLAG_COLUMNS


def test_a_disagreement_on_the_count_writes_nothing(tmp_path, write_rows, monkeypatch, judge_legs):
    candidates = write_rows(tmp_path / "candidates.parquet", POSTING_GATE, _legs(3))
    (tmp_path / "flags.parquet").write_bytes(b"the pass before")
    honest = gx_session.judge

    def miscounts(database, suites):
        judgements = honest(database, suites)
        judgements["posting_gate"][5] = replace(judgements["posting_gate"][5], unexpected_count=1)
        return judgements

    monkeypatch.setattr(gx_session, "judge", miscounts)
    with pytest.raises(MiscountedFlagsError, match=r"NOM-02 .* counts 1 rows, 0 were flagged"):
        judge_legs(candidates, tmp_path / "flags.parquet")
    assert (tmp_path / "flags.parquet").read_bytes() == b"the pass before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["candidates.parquet", "flags.parquet"]


def test_a_rule_that_cannot_be_judged_lets_nothing_pass(tmp_path, write_rows):
    candidates = write_rows(tmp_path / "candidates.parquet", POSTING_GATE, _legs(1))
    throw_away = tmp_path / "judged.duckdb"
    with duckdb.connect(throw_away) as connection:
        connection.execute("create table posting_gate as select 1 as landed_row, 'f' as landed_file")
    with pytest.raises(gx_session.SuiteNotJudgedError, match=r"FCT-01 .*fact_status"):
        gx_session.judge(throw_away, [POSTING_GATE])
    assert candidates.exists()


@pytest.mark.parametrize(
    ("kinds", "complaint"),
    [
        ({"bank_status": None}, "bank_status is missing, not VARCHAR"),
        ({"tax_rate_in_sage": "DOUBLE"}, "tax_rate_in_sage is DOUBLE, not DECIMAL"),
    ],
)
def test_candidates_of_another_shape_are_refused_by_name(tmp_path, write_rows, kinds, complaint, judge_legs):
    candidates = write_rows(tmp_path / "candidates.parquet", POSTING_GATE, _legs(1), kinds=kinds)
    with pytest.raises(ContractBrokenError, match=complaint):
        judge_legs(candidates, tmp_path / "flags.parquet")
    assert not (tmp_path / "flags.parquet").exists()


@pytest.mark.parametrize("row_id", ["leg-000", None])
def test_a_row_id_names_one_leg(tmp_path, write_rows, row_id, judge_legs):
    legs = [*_legs(1), {"gate_row_id": row_id}]
    candidates = write_rows(tmp_path / "candidates.parquet", POSTING_GATE, legs)
    with pytest.raises(ContractBrokenError, match="gate_row_id"):
        judge_legs(candidates, tmp_path / "flags.parquet")


def test_no_candidates_are_an_error_not_an_open_gate(tmp_path):
    with duckdb.connect() as connection, pytest.raises(duckdb.CatalogException, match="gate_candidates"):
        run_posting_gate(Table(connection, "gate_candidates"), tmp_path / "flags.parquet", pass_number=1)
    assert not (tmp_path / "flags.parquet").exists()


def test_intake_judges_only_what_this_pass_brought(tmp_path, write_rows, flags_in):
    landing = tmp_path / "Tom's shop"
    lines, tenders = landing / "pos" / "receipt_lines", landing / "pos" / "tenders"

    def line(key: str, **change: object) -> dict[str, object]:
        return {"source_key": key, "gross_amount": "12.01", **change}

    write_rows(lines / "2011-01-05" / "pass_000001.parquet", RECEIPT_LINES, [line("earlier")])
    write_rows(
        lines / "2011-01-05" / "pass_000002.parquet",
        RECEIPT_LINES,
        [line("wrong"), line("withdrawn"), {"source_key": "right"}],
        tombstones=["withdrawn"],
    )
    unreadable = line("undated", document_date=None, gross_amount="12.00")
    write_rows(lines / "unknown" / "pass_000002.parquet", RECEIPT_LINES, [unreadable])
    write_rows(tenders / "schema" / "anchor.parquet", TENDERS, [{"tender_type": ""}])
    result = run_intake(landing, pass_number=2, out=tmp_path / "flags.parquet")
    assert result.rows == {"pos/receipt_lines": 3}
    assert (result.flagged["INT-07"], result.flagged["INT-04"], result.flagged["INT-22"]) == (1, 1, 0)
    kept = [(flag["rule_id"], flag["gate_row_id"]) for flag in flags_in(tmp_path / "flags.parquet")]
    assert kept == [("INT-04", "undated"), ("INT-07", "wrong")]


def test_a_rule_with_a_condition_counts_and_keeps_only_rows_it_is_about(tmp_path, write_rows, flags_in):
    """Great Expectations leaves the row condition out of the query it hands back."""
    entries = [
        {"source_key": "claimed", "record_status": "accepted", "target_urn": None},
        {"source_key": "refused", "record_status": "rejected", "target_urn": None, "http_status": 400},
        {"source_key": "proven", "record_status": "accepted"},
    ]
    write_rows(tmp_path / "connector/sync_log/2011-01-05/pass_000001.parquet", SYNC_LOG, entries)
    run_intake(tmp_path, pass_number=1, out=tmp_path / "flags.parquet")
    kept = [(flag["rule_id"], flag["gate_row_id"]) for flag in flags_in(tmp_path / "flags.parquet")]
    assert kept == [("INT-63", "claimed")]


def _python(program: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python of its own, with the project importable and no network."""
    unplugged = (
        f"import socket, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "def unplugged(*_, **__): raise OSError('a socket was opened')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = unplugged\n"
    )
    return subprocess.run(
        [sys.executable, "-c", unplugged + program, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_rules_and_an_idle_pass_do_without_great_expectations(tmp_path, write_rows):
    legs = [{"gate_row_id": "only", "key_status": "used"}]
    candidates = write_rows(tmp_path / "one.parquet", POSTING_GATE, legs)
    with duckdb.connect() as connection:
        connection.read_parquet(str(candidates)).filter("false").write_parquet(str(tmp_path / "none.parquet"))
    program = """
from pathlib import Path
import duckdb
import expectations.rules
from expectations.validation import Table, run_intake, run_posting_gate
home = Path(sys.argv[1])
legs = duckdb.connect()
legs.execute(f"create table none as from '{home.as_posix()}/none.parquet'")
gate = run_posting_gate(Table(legs, "none"), home / "posting_flags.parquet", pass_number=1)
intake = run_intake(home / "landing", pass_number=1, out=home / "intake_flags.parquet")
print(gate.rows, gate.flags, len(gate.flagged), intake.rows, intake.flags)
assert "great_expectations" not in sys.modules
"""
    ended = _python(program, str(tmp_path))
    assert ended.stdout.strip() == f"0 0 {len(POSTING_GATE.rules)} {{}} 0", ended.stderr
    assert _columns(tmp_path / "posting_flags.parquet") == FLAG_COLUMNS
    assert _columns(tmp_path / "intake_flags.parquet") == FLAG_COLUMNS


def test_the_gate_is_quiet_offline_and_tidy_beside_dagster_dbt_and_an_open_warehouse(
    tmp_path, write_rows, flags_in
):
    legs = _legs(2, key_status="used")
    write_rows(tmp_path / "candidates.parquet", POSTING_GATE, legs)
    (tmp_path / "empty").mkdir()
    program = """
import os, tempfile
from pathlib import Path
import dagster, dagster_dbt, dbt.cli.main, duckdb, sqlalchemy
home = Path(sys.argv[1])
tempfile.tempdir = sys.argv[2]
warehouse = duckdb.connect(home / "warehouse.duckdb")
warehouse.execute("create table held as select 1 as n")
from expectations.validation import Table, run_posting_gate
warehouse.execute(f"create table legs as from '{home.as_posix()}/candidates.parquet'")
for _ in range(2):
    run_posting_gate(Table(warehouse, "legs"), home / "flags.parquet", pass_number=1)
warehouse.execute("insert into held values (2)")
import great_expectations
with sqlalchemy.create_engine("duckdb:///:memory:").connect() as connection:
    fetching = type(connection.execute(sqlalchemy.text("select 1")).cursor_strategy).__name__
assert fetching == "CursorFetchStrategy", f"the listener stayed: {fetching}"
assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
"""
    (tmp_path / "temporary").mkdir()
    ended = _python(program, str(tmp_path), str(tmp_path / "temporary"), cwd=tmp_path / "empty")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert [flag["rule_id"] for flag in flags_in(tmp_path / "flags.parquet")] == ["KEY-01", "KEY-01"]
    assert list((tmp_path / "empty").iterdir()) == []
    assert list((tmp_path / "temporary").iterdir()) == []
