"""The warehouse: what of it is published, and files that repeat byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration import judged_days
from orchestration.defs.transform import begin_warehouse
from orchestration.history import History
from orchestration.landing import Landing
from orchestration.passes import Pass
from orchestration.publishing import Publications
from orchestration.settings import Settings
from orchestration.warehouse import Warehouse, WarehouseError, manifest, public_models


def test_exactly_the_models_that_say_public_are_published(tmp_path):
    told_in = tmp_path / "manifest.json"
    told = [
        ("model", "marts", "receipts", "public"),
        ("model", "expected", "int_receipts_totalled", "protected"),
        ("test", "tests", "unique_receipts", "public"),
    ]
    nodes = {
        name: {"resource_type": kind, "schema": schema, "name": name, "access": access}
        for kind, schema, name, access in told
    }
    told_in.write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    assert public_models(told_in) == {"receipts": "marts.receipts"}


def test_what_dbt_read_of_the_project_serves_every_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TILLPROOF_HOME", "a home of its own")
    read = {manifest(tmp_path / name) for name in ("one", "other")}
    assert len(read) == 1
    text = read.pop().read_text(encoding="utf-8")
    assert "TILLPROOF_HOME/landing/pos" in text
    assert str(tmp_path) not in text
    assert os.environ["TILLPROOF_HOME"] == "a home of its own"


def test_every_public_model_is_in_the_warehouse_and_no_helper_is_public(empty_house):
    public = public_models(empty_house.manifest)
    assert {"document_verdicts", "bridge_lines", "exceptions", "posting_proposals"} <= set(public)
    assert [name for name in public if name.startswith(("int_", "stg_"))] == []
    with empty_house.warehouse.connect() as connection:
        for relation in public.values():
            assert connection.execute(f"select count(*) from {relation}").fetchone() is not None


def test_no_published_money_is_a_float(empty_house):
    public = public_models(empty_house.manifest)
    with empty_house.warehouse.connect() as connection:
        floats = [
            f"{relation}.{name}"
            for relation in public.values()
            for name, kind, *_ in connection.execute(f"describe {relation}").fetchall()
            if kind in ("DOUBLE", "FLOAT", "HUGEINT")
        ]
    assert floats == []


@pytest.fixture(params=["in memory", "in a file"])
def warehouse(tmp_path, request) -> Iterator[Warehouse]:
    warehouse = Warehouse(tmp_path, memory_limit="500MB", is_kept=request.param == "in a file")
    warehouse.start_over()
    with warehouse.connect(read_only=False) as connection:
        connection.execute(
            """create table legs as
               select (i * 7919) % 5000 as leg, 'S0' || (i % 5) as store_id from range(5000) r(i)"""
        )
    yield warehouse
    warehouse.let_go()


def test_tables_are_counted_and_views_are_not(warehouse):
    with warehouse.connect(read_only=False) as connection:
        connection.execute("create view few as from legs limit 3")
        connection.execute("create schema marts")
        connection.execute("create table marts.none_yet (id integer)")
    assert warehouse.row_counts() == {"main.legs": 5000, "marts.none_yet": 0}


def test_a_warehouse_that_starts_over_is_empty(warehouse):
    warehouse.start_over()
    assert warehouse.row_counts() == {}


def test_what_was_built_in_memory_is_gone_when_it_is_let_go_and_the_way_to_keep_it_is_said(tmp_path):
    warehouse = Warehouse(tmp_path)
    warehouse.start_over()
    warehouse.let_go()
    with pytest.raises(
        WarehouseError, match=r"warehouse\.duckdb: no warehouse is there.*keep_warehouse = true"
    ):
        warehouse.row_counts()


def test_more_than_memory_will_hold_is_built_in_a_file_that_goes_with_the_pass(tmp_path):
    warehouse = Warehouse(tmp_path, memory_limit="600MB")
    warehouse.start_over(landed_bytes=100_000_000)
    assert not warehouse.file.exists()
    warehouse.start_over(landed_bytes=100_000_001)
    assert warehouse.file.exists()
    warehouse.let_go()
    assert not warehouse.file.exists()


def test_what_is_let_go_is_gone_though_somebody_has_a_connection(warehouse):
    with duckdb.connect(warehouse._instance) as left_open:
        databases = "select database_name from duckdb_databases() where not internal order by all"
        assert left_open.execute(databases).fetchall() == [("memory",), ("warehouse",)]
        warehouse.let_go()
        assert left_open.execute(databases).fetchall() == [("memory",)]


def test_a_file_of_an_earlier_pass_goes_where_the_next_is_built_in_memory(tmp_path):
    kept = Warehouse(tmp_path, is_kept=True)
    kept.start_over()
    kept.let_go()
    assert kept.file.exists()
    Warehouse(tmp_path).start_over()
    assert not kept.file.exists()


def test_what_a_killed_pass_spilled_goes_with_the_next(tmp_path):
    spilled = tmp_path / "warehouse.duckdb.tmp" / "duckdb_temp_storage_DEFAULT-0.tmp"
    spilled.parent.mkdir()
    spilled.write_bytes(b"a block")
    warehouse = Warehouse(tmp_path)
    warehouse.start_over()
    warehouse.let_go()
    assert not spilled.exists()


def test_a_file_that_is_held_elsewhere_is_named(tmp_path):
    holder = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    )
    place = Warehouse(tmp_path).file
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as elsewhere:
        assert elsewhere.stdout is not None
        assert elsewhere.stdout.readline() == "held\n"
        with (
            pytest.raises(WarehouseError, match=r"warehouse\.duckdb is held by another process"),
            Warehouse(tmp_path).connect(),
        ):
            pass
        elsewhere.communicate()


@pytest.mark.parametrize("kept", [0, 3])
def test_a_pass_that_judges_all_of_much_builds_in_a_file_and_one_of_few_days_does_not(
    empty_house, tmp_path, monkeypatch, kept
):
    current = Pass(
        Settings(home=tmp_path, company_id="DGS"),
        Landing(empty_house.home / "landing", "DGS"),
        History(tmp_path / "history"),
        Publications(tmp_path / "published"),
        1,
        datetime(2011, 8, 31, 23),  # noqa: DTZ001  clocks here are UTC without a zone
    )
    (tmp_path / "gate").mkdir()
    monkeypatch.setattr(Landing, "size_bytes", lambda _: 10**9)
    chosen = (
        judged_days.JudgedDays(1, 1 + kept)
        if kept
        else judged_days.JudgedDays(all_because="history is small")
    )
    monkeypatch.setattr(judged_days, "choose", lambda *_, **__: chosen)
    warehouse = Warehouse(tmp_path)
    assert begin_warehouse(current, warehouse) == chosen
    assert warehouse.file.exists() == (not kept)
    warehouse.let_go()


@pytest.fixture
def house(empty_house, tmp_path, monkeypatch) -> Path:
    """A copy of the empty house, which a test may spoil."""
    home = tmp_path / "it's a home"
    for name in ("TILLPROOF_HOME", "TILLPROOF_DUCKDB", "TILLPROOF_WAREHOUSE", "TILLPROOF_DAYS_ARE_KEPT"):
        monkeypatch.setenv(name, "")  # a pass sets them; pytest sets them back
    shutil.copytree(empty_house.home, home)
    return home


@pytest.mark.parametrize("in_file", [False, True])
def test_what_dbt_builds_is_read_beside_it_and_only_a_file_stays(house, in_file):
    warehouse = Warehouse(house, is_kept=in_file)
    warehouse.start_over()
    built = [node for some in warehouse.build("before_the_gate") for node in some]
    assert "gate_candidates" in {node.name for node in built}
    assert all(node.has_passed for node in built)
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from gate.gate_candidates").fetchone() == (0,)
        assert connection.execute("select current_setting('temp_directory')").fetchone() == (
            f"{warehouse.file.as_posix()}.tmp",
        )
    assert warehouse.file.exists() == in_file
    if in_file:
        assert opened_elsewhere(warehouse.file) != 0, "it is held until it is let go"
    warehouse.let_go()
    assert warehouse.file.exists() == in_file
    if in_file:
        assert opened_elsewhere(warehouse.file) == 0
        with warehouse.connect() as connection:
            assert connection.execute("select count(*) from gate.gate_candidates").fetchone() == (0,)


def test_a_model_that_fails_is_named_and_what_was_built_before_was_told(house):
    broken = next((house / "landing" / "pos" / "receipt_lines").rglob("*.parquet"))
    broken.write_bytes(b"no rows at all")
    warehouse = Warehouse(house)
    warehouse.start_over()
    told: list[str] = []
    with pytest.raises(WarehouseError, match=r"(?s)receipt_lines.*no rows|receipt_lines.*parquet"):
        for some in warehouse.build("before_the_gate"):
            told += [node.name for node in some]
    warehouse.let_go()
    assert "stg_operations__stores" in told
    assert "int_receipt_lines_grouped" not in told


def test_models_without_the_memory_they_need_end_in_words_that_name_the_setting(house):
    warehouse = Warehouse(house, memory_limit="1MB")
    warehouse.start_over()
    with pytest.raises(
        WarehouseError, match=r"(?s)Out of Memory.*may take 1MB: memory_limit in tillproof\.toml"
    ):
        list(warehouse.build("before_the_gate"))
    warehouse.let_go()


def test_where_nothing_was_built_nothing_is_told_but_dbts_own_words(house):
    warehouse = Warehouse(house)
    warehouse.start_over()
    with pytest.raises(WarehouseError, match="no_such_selector"):
        for some in warehouse.build("no_such_selector"):
            assert some, "whoever is told looks into a warehouse that is not there"
    warehouse.let_go()


def opened_elsewhere(file: Path) -> int:
    """The exit code of another process that opens the file to write."""
    words = "import duckdb, sys; duckdb.connect(sys.argv[1])"
    return subprocess.run(
        [sys.executable, "-c", words, str(file)], capture_output=True, check=False
    ).returncode
