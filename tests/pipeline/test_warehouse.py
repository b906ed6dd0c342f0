"""The warehouse: what of it is published, and files that repeat byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.warehouse import Warehouse, WarehouseError, build, manifest, public_models


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


@pytest.fixture
def warehouse(tmp_path) -> Warehouse:
    warehouse = Warehouse(tmp_path)
    with warehouse.connect(read_only=False) as connection:
        connection.execute(
            """create table legs as
               select (i * 7919) % 5000 as leg, 'S0' || (i % 5) as store_id from range(5000) r(i)"""
        )
    return warehouse


def test_tables_are_counted_and_views_are_not(warehouse):
    with warehouse.connect(read_only=False) as connection:
        connection.execute("create view few as from legs limit 3")
        connection.execute("create schema marts")
        connection.execute("create table marts.none_yet (id integer)")
    assert warehouse.row_counts() == {"main.legs": 5000, "marts.none_yet": 0}


def test_a_warehouse_that_cannot_be_opened_says_which_file(tmp_path):
    with pytest.raises(WarehouseError, match=r"warehouse\.duckdb"), Warehouse(tmp_path).connect():
        pass


def test_what_dbt_holds_is_read_through_it_and_another_process_may_have_it_afterwards(
    empty_house, tmp_path, monkeypatch
):
    home = tmp_path / "home"
    monkeypatch.setenv("TILLPROOF_HOME", str(home))  # dbt sets it; pytest sets it back
    shutil.copytree(empty_house.home, home)
    warehouse = Warehouse(home)
    warehouse.start_over()
    built = [node for some in build(home, "before_the_gate") for node in some]
    assert "gate_candidates" in {node.name for node in built}
    assert all(node.has_passed for node in built)
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from gate.gate_candidates").fetchone() == (0,)
    assert opened_elsewhere(warehouse.file) != 0, "it is held until it is let go"
    warehouse.let_go()
    assert opened_elsewhere(warehouse.file) == 0
    with warehouse.connect() as connection:
        assert connection.execute("select count(*) from gate.gate_candidates").fetchone() == (0,)


def test_a_model_that_fails_is_named_and_what_was_built_before_was_told(empty_house, tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    shutil.copytree(empty_house.home, home)
    broken = next((home / "landing" / "pos" / "receipt_lines").rglob("*.parquet"))
    broken.write_bytes(b"no rows at all")
    warehouse = Warehouse(home)
    warehouse.start_over()
    told: list[str] = []
    with pytest.raises(WarehouseError, match=r"(?s)receipt_lines.*no rows|receipt_lines.*parquet"):
        for some in build(home, "before_the_gate"):
            told += [node.name for node in some]
    warehouse.let_go()
    assert "stg_operations__stores" in told
    assert "int_receipt_lines_grouped" not in told


def test_models_without_the_memory_they_need_end_in_words_that_name_the_setting(
    empty_house, tmp_path, monkeypatch
):
    home = tmp_path / "home"
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    monkeypatch.setenv("TILLPROOF_MODELS_MEMORY", "")
    shutil.copytree(empty_house.home, home)
    warehouse = Warehouse(home)
    warehouse.start_over()
    with pytest.raises(
        WarehouseError, match=r"(?s)Out of Memory.*may take 1MB: memory_limit in tillproof\.toml"
    ):
        list(build(home, "before_the_gate", memory_limit="1MB"))
    warehouse.let_go()


def test_where_nothing_was_built_nothing_is_told_but_dbts_own_words(tmp_path, monkeypatch):
    monkeypatch.setenv("TILLPROOF_HOME", str(tmp_path))
    with pytest.raises(WarehouseError, match="no_such_selector"):
        for some in build(tmp_path, "no_such_selector"):
            assert some, "whoever is told looks into a warehouse that is not there"


def opened_elsewhere(file: Path) -> int:
    """The exit code of another process that opens the file to write."""
    words = "import duckdb, sys; duckdb.connect(sys.argv[1])"
    return subprocess.run(
        [sys.executable, "-c", words, str(file)], capture_output=True, check=False
    ).returncode
