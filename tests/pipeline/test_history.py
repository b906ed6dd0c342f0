"""History is evidence: a pass is written once, and judging it again must find the same."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from orchestration.history import JUDGEMENT_COLUMNS, History, HistoryError

MONDAY = datetime(2011, 8, 29, 23)  # noqa: DTZ001  clocks here are UTC without a zone
TUESDAY = datetime(2011, 8, 30, 23)  # noqa: DTZ001


@pytest.fixture
def history(tmp_path) -> History:
    history = History(tmp_path / "history")
    history.ensure()
    return history


@pytest.fixture
def warehouse():
    """A warehouse that holds what its newest pass judged."""
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} {kind}" for name, kind in JUDGEMENT_COLUMNS.items())
        connection.execute(f"create schema exceptions; create table exceptions.verdict_history ({columns})")
        yield connection


def judge(warehouse, subject: str, verdict: str, pass_number: int, pence: int = 1200) -> None:
    warehouse.execute(
        """insert into exceptions.verdict_history
           (company_id, subject_id, verdict, pass_number, as_of, expected_gross_pence)
           values ('DGS', ?, ?, ?, ?, ?)""",
        [subject, verdict, pass_number, MONDAY, pence],
    )


def kept(history: History) -> list[tuple]:
    place = (history.root / "judgements" / "*.parquet").as_posix()
    with duckdb.connect() as connection:
        return connection.execute(
            f"select pass_number, subject_id, verdict from read_parquet('{place}') order by all"
        ).fetchall()


def test_before_the_first_pass_history_can_be_read_and_says_nothing(history):
    assert history.last() is None
    assert kept(history) == []


def test_a_pass_keeps_its_own_judgements_and_not_those_of_others(history, warehouse):
    judge(warehouse, "A", "pending", 1)
    judge(warehouse, "A", "matched", 2)
    judge(warehouse, "B", "matched", 2)
    assert history.record(warehouse, 2, TUESDAY) == 2
    assert kept(history) == [(2, "A", "matched"), (2, "B", "matched")]
    assert history.last() is not None
    assert (history.last().pass_number, history.last().as_of) == (2, TUESDAY)


def test_a_pass_keeps_its_judgements_day_by_day_so_that_few_days_are_read_quickly(history, warehouse):
    for subject, day in (("A", "2011-08-03"), ("B", "2011-08-01"), ("C", "2011-08-03"), ("D", "2011-08-02")):
        judge(warehouse, subject, "matched", 1)
        warehouse.execute(
            "update exceptions.verdict_history set business_date = $1 where subject_id = $2", [day, subject]
        )
    history.record(warehouse, 1, MONDAY)
    with duckdb.connect() as connection:
        place = (history.root / "judgements" / "pass_000001.parquet").as_posix()
        found = connection.execute(f"select subject_id from read_parquet('{place}')").fetchall()
    assert "".join(subject for (subject,) in found) == "BDAC"


def test_a_pass_that_changed_nothing_is_still_a_pass(history, warehouse):
    assert history.record(warehouse, 3, MONDAY) == 0
    assert history.last().pass_number == 3


def test_the_same_pass_judged_the_same_leaves_the_file_as_it_was(history, warehouse):
    judge(warehouse, "A", "matched", 1)
    judge(warehouse, "A", "matched", 1)
    history.record(warehouse, 1, MONDAY)
    place = history.root / "judgements" / "pass_000001.parquet"
    before = (place.stat().st_mtime_ns, place.read_bytes())
    assert history.record(warehouse, 1, MONDAY) == 2
    assert (place.stat().st_mtime_ns, place.read_bytes()) == before


@pytest.mark.parametrize(
    "second",
    [
        [("A", "drifted", 1200)],
        [("A", "matched", 1201)],
        [("A", "matched", 1200), ("B", "matched", 1200)],
        [("A", "matched", 1200), ("A", "matched", 1200)],
        [],
    ],
    ids=["another verdict", "another penny", "one more", "one twice", "none"],
)
def test_other_judgements_for_the_same_pass_are_refused(history, warehouse, second):
    judge(warehouse, "A", "matched", 1)
    history.record(warehouse, 1, MONDAY)
    warehouse.execute("delete from exceptions.verdict_history")
    for subject, verdict, pence in second:
        judge(warehouse, subject, verdict, 1, pence)
    with pytest.raises(HistoryError, match="pass 1 was judged otherwise"):
        history.record(warehouse, 1, MONDAY)
    assert kept(history) == [(1, "A", "matched")]


def test_the_last_pass_is_the_greatest_number_not_the_newest_file(history, warehouse):
    history.record(warehouse, 10, TUESDAY)
    history.record(warehouse, 9, MONDAY)
    assert history.last().pass_number == 10
