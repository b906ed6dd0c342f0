"""What a home gives Dagster: settings that a person may edit, and an event log that any Dagster reads."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.defs import event_log
from orchestration.defs.event_log import EventLog
from orchestration.run_pass import prepare_home


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("TILLPROOF_HOME", "DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "set back by pytest")
    prepare_home(tmp_path)
    return tmp_path


@dg.asset
def counted() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 7})


def test_what_the_event_log_writes_is_read_by_dagsters_own(home, monkeypatch):
    monkeypatch.setattr(event_log, "KEPT_OPEN", 1)
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        runs = [dg.materialize([counted], instance=instance) for _ in range(3)]
        assert len(instance.event_log_storage._engines) == 1
    stock = SqliteEventLogStorage(str(home / "dagster" / "history" / "runs"))
    for run in runs:
        kinds = [entry.dagster_event_type for entry in stock.get_logs_for_run(run.run_id)]
        assert kinds.count(dg.DagsterEventType.ASSET_MATERIALIZATION) == 1
        assert kinds[-1] == dg.DagsterEventType.RUN_SUCCESS
    assert stock.has_asset_key(counted.key)


def test_what_the_books_have_is_looked_up_once(home, monkeypatch):
    looked_up = []

    def look(_self, name):
        looked_up.append(name)
        return name == "asset_event_tags"

    for method in ("has_table", "has_secondary_index"):
        monkeypatch.setattr(SqliteEventLogStorage, method, look)
    with dg.DagsterInstance.get() as instance:
        looked_up.clear()
        log = instance.event_log_storage
        assert [log.has_table("asset_event_tags") for _ in range(3)] == [True] * 3
        assert [log.has_secondary_index("not yet built") for _ in range(2)] == [False] * 2
    assert looked_up == ["asset_event_tags"] + ["not yet built"] * 2, "what is not there may come"


def test_settings_that_a_person_edited_stay(home):
    edited = home / "dagster" / "dagster.yaml"
    edited.write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    prepare_home(home)
    assert edited.read_text(encoding="utf-8") == "telemetry: {enabled: false}\n"
