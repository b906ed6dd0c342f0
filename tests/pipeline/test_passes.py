"""A pass: who holds the installation, whether there is anything to judge, and under which number."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow
import pytest

from orchestration import passes
from orchestration.files import put_text
from orchestration.history import JUDGEMENT_COLUMNS
from orchestration.landing_tables import DELIVERIES, TABLES
from orchestration.passes import Pass, PassInProgressError
from orchestration.settings import Settings
from orchestration.warehouse import rules_digest

EVENING = datetime(2011, 8, 31, 18)  # noqa: DTZ001  clocks here are UTC without a zone


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path / "home", company_id="DGS", as_of=EVENING)


@pytest.fixture
def current(settings):
    with passes.begin(settings) as current:
        yield current


def land_product(current: Pass, pass_number: int, description: str = "white hanging heart") -> None:
    spec = TABLES["pos/products"]
    row = dict.fromkeys(spec.columns) | {"store_code": "S01", "sku": "85123A", "description": description}
    row |= {"delivery_id": f"d{pass_number}", "source_file": "products.csv", "source_row": 1}
    current.landing.land(spec, pyarrow.Table.from_pylist([row]), pass_number=pass_number)


def land_delivery(current: Pass, pass_number: int, status: str) -> None:
    row = dict.fromkeys(DELIVERIES.columns) | {"delivery_id": f"d{pass_number}", "status": status}
    row |= {"source_file": f"{pass_number}.csv", "source_row": 0}
    current.landing.land(DELIVERIES, pyarrow.Table.from_pylist([row]), pass_number=pass_number)


def judge(
    current: Pass, pass_number: int, *, pending: int = 0, still_trying: int = 0, publish: bool = True
) -> None:
    """Make a pass that found this many documents pending, as far as its files go."""
    columns = ", ".join(f"{name} {kind}" for name, kind in JUDGEMENT_COLUMNS.items())
    with duckdb.connect() as connection:
        connection.execute(
            f"""create schema exceptions; create table exceptions.verdict_history ({columns});
                create schema marts;
                create table marts.document_verdicts as select 'pending' as verdict from range({pending});
                create table exceptions.posting_proposals as
                    select true as is_connector_still_trying from range({still_trying})"""
        )
        current.history.record(connection, pass_number, EVENING)
        if publish:
            current.publications.publish(
                connection,
                {},
                pass_number=pass_number,
                as_of=EVENING,
                seconds={},
                rules_digest=rules_digest(),
            )


# -- what there is to do


def test_the_first_pass_always_publishes(current):
    assert passes.settle(current) == "nothing is published yet"
    assert (current.pass_number, current.as_of) == (1, EVENING)


def test_something_landed_since_is_a_new_pass(current):
    land_product(current, 1)
    judge(current, 1)
    assert passes.settle(current) is None
    land_product(current, 2, "red hanging heart")
    current.pass_number = 2
    assert passes.settle(current) == "something new was landed"
    assert current.pass_number == 2


def test_what_was_landed_before_is_nothing_to_do(current):
    land_product(current, 1)
    judge(current, 1)
    land_product(current, 2)
    assert passes.settle(current) is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [("duplicate", None), ("refused", "something new was landed"), ("accepted", "something new was landed")],
)
def test_a_mere_copy_of_a_file_changes_nothing_but_a_refused_one_does(current, status, reason):
    judge(current, 1)
    land_delivery(current, 2, status)
    assert passes.settle(current) == reason


def test_a_new_day_moves_ages_but_an_hour_does_not(current):
    judge(current, 1)
    current.as_of = EVENING + timedelta(hours=5, minutes=59)
    assert passes.settle(current) is None
    current.as_of = EVENING + timedelta(hours=6)
    assert passes.settle(current) == "a day has passed: ages move"


def test_an_hour_may_take_a_pending_document_past_its_grace(current):
    judge(current, 1, pending=3)
    assert passes.settle(current) is None
    current.as_of = EVENING + timedelta(hours=1)
    assert passes.settle(current) == "documents in a grace or a retry window may have passed it"


def test_an_hour_may_end_the_connectors_retry_window(current):
    judge(current, 1, still_trying=1)
    assert passes.settle(current) is None
    current.as_of = EVENING + timedelta(hours=1)
    assert passes.settle(current) == "documents in a grace or a retry window may have passed it"


def test_after_an_upgrade_there_is_a_new_pass_by_the_new_models(current, monkeypatch):
    judge(current, 7)
    current.pass_number, current.as_of = 8, EVENING + timedelta(hours=1)
    assert passes.settle(current) is None
    monkeypatch.setattr(passes, "rules_digest", lambda: "of other rules")
    assert passes.settle(current) == "the models are others than they were"
    assert (current.pass_number, current.as_of) == (8, EVENING + timedelta(hours=1))


def test_without_what_was_published_the_last_judged_pass_is_judged_again(current):
    land_product(current, 7)
    judge(current, 7, publish=False)
    current.pass_number, current.as_of = 8, EVENING + timedelta(days=9)
    assert passes.settle(current) == "nothing is published: the last pass is judged again"
    assert (current.pass_number, current.as_of) == (7, EVENING)


def test_without_what_was_published_something_new_is_still_a_new_pass(current):
    judge(current, 7, publish=False)
    land_product(current, 8)
    current.pass_number, current.as_of = 8, EVENING + timedelta(days=9)
    assert passes.settle(current) == "something new was landed"
    assert (current.pass_number, current.as_of) == (8, EVENING + timedelta(days=9))


# -- the pass itself


def test_a_pass_has_the_next_number_and_the_as_of_time_it_was_given(settings):
    with passes.begin(settings) as first:
        assert (first.pass_number, first.as_of) == (1, EVENING)
        land_product(first, 1)
    with passes.begin(settings) as second:
        assert second.pass_number == 2


def test_every_table_can_be_read_before_anything_was_landed(current):
    for spec in TABLES.values():
        place = (Path(current.settings.landing) / spec.name / "*" / "*.parquet").as_posix()
        with duckdb.connect() as connection:
            assert connection.execute(f"select count(*) from read_parquet('{place}')").fetchone() == (0,)


def test_the_models_are_given_the_number_and_the_time_to_the_second(current):
    current.pass_number = 12
    current.as_of = datetime(2011, 8, 31, 18, 30, 5, 999)  # noqa: DTZ001
    place = passes.write_inputs(current)
    with duckdb.connect() as connection:
        told = connection.execute(f"select * from read_parquet('{place.as_posix()}')").fetchall()
    assert told == [(12, datetime(2011, 8, 31, 18, 30, 5))]  # noqa: DTZ001


def test_a_stage_that_is_entered_twice_is_timed_as_one(current):
    with current.timed("intake"):
        pass
    once = current.seconds["intake"]
    with pytest.raises(ZeroDivisionError), current.timed("intake"):
        1 / 0  # noqa: B018
    assert current.seconds["intake"] >= once
    assert list(current.seconds) == ["intake"]


# -- one pass at a time


def test_a_second_pass_is_refused_and_told_who_holds_the_first(settings):
    with passes.begin(settings), pytest.raises(PassInProgressError) as refused, passes.begin(settings):
        pass
    assert f'"process": {os.getpid()}' in str(refused.value)


def test_the_installation_is_free_again_after_a_pass_that_failed(settings):
    with pytest.raises(RuntimeError, match="the till caught fire"), passes.begin(settings):
        raise RuntimeError("the till caught fire")
    with passes.begin(settings) as current:
        assert current.pass_number == 1


def test_a_timeout_inside_a_pass_is_not_taken_for_a_held_lock(settings):
    with pytest.raises(TimeoutError, match="Sage did not answer"), passes.begin(settings):
        raise TimeoutError("Sage did not answer")


def test_a_pass_whose_process_was_killed_holds_nothing(settings):
    holding = """
import sys
from orchestration import passes
from orchestration.settings import Settings
with passes.begin(Settings(home=sys.argv[1], company_id="DGS")):
    print("holding", flush=True)
    sys.stdin.read()
"""
    command = [sys.executable, "-c", holding, str(settings.home)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "holding"
        with pytest.raises(PassInProgressError, match=f'"process": {holder.pid}'), passes.begin(settings):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with passes.begin(settings):
        told = json.loads((settings.home / "pass.holder.json").read_text(encoding="utf-8"))
        assert told["process"] == os.getpid()


def test_a_holder_that_could_not_say_who_it_is_is_told_as_unknown(settings, monkeypatch):
    with passes.begin(settings):
        (settings.home / "pass.holder.json").unlink()
        with pytest.raises(PassInProgressError, match="unknown"), passes.begin(settings):
            pass
    put_text(settings.home / "pass.holder.json", "left behind")
    with passes.begin(settings):
        pass


def test_work_begun_beside_a_step_is_done_once_and_its_failure_is_told_where_it_is_taken_up(settings) -> None:
    done: list[str] = []

    def work() -> str:
        done.append("once")
        return "judged"

    def fail() -> str:
        raise ValueError("the suites could not be judged")

    with passes.begin(settings) as current:
        current.begin_beside("suites", work)
        assert current.outcome("suites", work) == "judged"
        assert done == ["once"]
        assert current.outcome("suites", work) == "judged", "a step that runs alone does the work itself"
        assert done == ["once", "once"]
        current.begin_beside("suites", fail)
        with pytest.raises(ValueError, match="could not be judged"):
            current.outcome("suites", work)
        current.begin_beside("left behind", work)
    assert len(done) == 3, "a pass does not end before what it began"
