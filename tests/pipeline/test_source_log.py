"""Each read of a source is kept with how it went, and Dagster understands what the app asks it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.schedules import QUERY
from orchestration import receiving, source_log
from orchestration.receiving import NotReceivedError


@pytest.fixture
def current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A pass whose three sources are told by the test."""
    given = SimpleNamespace(settings=SimpleNamespace(home=tmp_path), pass_number=7, asked={})
    for name in ("_tills", "_decisions"):
        monkeypatch.setattr(receiving, name, lambda _: None)

    def sage(each: SimpleNamespace) -> None:
        each.asked["Sage"] = (12, 6)
        raise OSError("the tunnel is down")

    monkeypatch.setattr(receiving, "_ledger_of", lambda _: sage)
    return given


def test_a_pass_that_fails_still_says_which_source_failed_and_what_it_was_asked(current):
    with pytest.raises(NotReceivedError, match="Sage: the tunnel is down"):
        receiving.receive(current)
    lines = source_log.read_log(current.settings.home)
    told = {row["source"]: row for row in source_log.summed_up(lines, 20)}
    assert set(told) == {"till exports", "Sage", "decisions"}
    assert (told["Sage"]["failed"], told["Sage"]["requests"], told["Sage"]["tries_failed"]) == (1, 12, 6)
    assert told["Sage"]["is_failing"] and told["Sage"]["last_good_at"] is None
    assert told["decisions"]["failed"] == 0 and told["decisions"]["last_good_at"] is not None


def test_only_the_newest_reads_count_and_a_failure_before_them_is_forgotten():
    line = {"source": "Sage", "pass_number": 1, "milliseconds": 1, "requests": 1, "tries_failed": 0}
    days = [
        {**line, "began_at": datetime.fromisoformat(f"2011-11-0{day}"), "failure": "down" * (day == 1)}
        for day in (1, 2, 3)
    ]
    assert [row["failed"] for row in source_log.summed_up(days, 3)] == [1]
    assert [row["failed"] for row in source_log.summed_up(days, 2)] == [0]


def test_a_log_that_has_grown_loses_its_older_half(tmp_path, monkeypatch):
    monkeypatch.setattr(source_log, "LARGEST_BYTES", 500)
    for number in range(20):
        line = {"source": "Sage", "pass_number": number, "milliseconds": 1, "requests": 0, "tries_failed": 0}
        source_log._keep(
            source_log.place_of(tmp_path), {**line, "began_at": "2011-11-30T20:00:00", "failure": ""}
        )
    kept = [line["pass_number"] for line in source_log.read_log(tmp_path)]
    assert kept[-1] == 19 and 0 < len(kept) < 10 and kept == sorted(kept)


def test_dagster_understands_what_the_app_asks_it():
    from dagster_graphql.schema import create_schema
    from graphql import parse, validate

    assert validate(create_schema().graphql_schema, parse(QUERY)) == []
