"""What people say of exceptions is kept, all or nothing, and every word stays on record."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.operations import OperationsError, Standing


def test_the_newest_word_says_whose_it_is_and_until_when_it_waits(operations, clock):
    operations.assign("DGS", ["X1", "X2"], assignee="Ann", author="Fay", reason="her store")
    clock.advance(60)
    operations.assign("DGS", ["X1"], assignee="Bob", author="Fay", reason="Ann is away")
    operations.snooze("DGS", ["X2"], wakes_on=date(2011, 10, 7), author="Ann", reason="credit note comes")
    operations.note("DGS", ["X2"], text="rang them", author="Ann")
    standings = operations.standings("DGS")
    assert standings["X1"] == Standing(assignee="Bob")
    assert standings["X2"] == Standing("Ann", date(2011, 10, 7), "Ann", "credit note comes", notes=1)
    assert operations.standings("OTHER") == {}


def test_a_snooze_ends_on_its_day_or_when_somebody_wakes_it(operations):
    operations.snooze("DGS", ["X1"], wakes_on=date(2011, 10, 7), author="Ann", reason="waits")
    standing = operations.standings("DGS")["X1"]
    assert standing.sleeps(date(2011, 10, 6))
    assert not standing.sleeps(date(2011, 10, 7))
    operations.snooze("DGS", ["X1"], wakes_on=None, author="Ann", reason="it came")
    assert not operations.standings("DGS")["X1"].sleeps(date(2011, 10, 1))


def test_every_word_is_told_with_who_and_why_the_newest_first(operations, clock):
    operations.assign("DGS", ["X1"], assignee="Ann", author="Fay", reason="her store")
    clock.advance(60)
    operations.note("DGS", ["X1"], text="rang them", author="Ann")
    clock.advance(60)
    operations.snooze("DGS", ["X1"], wakes_on=date(2011, 10, 7), author="Ann", reason="waits")
    clock.advance(60)
    operations.snooze("DGS", ["X1"], wakes_on=None, author="Bob", reason="it came")
    assert [(said.what, said.to, said.author, said.text) for said in operations.said("DGS", "X1")] == [
        ("woken", "", "Bob", "it came"),
        ("snoozed", "2011-10-07", "Ann", "waits"),
        ("note", "", "Ann", "rang them"),
        ("assigned", "Ann", "Fay", "her store"),
    ]
    logged = [(row["action"], row["table_name"], row["row_key"]) for row in operations.audit_log("DGS")]
    assert logged == [
        ("assign", "assignments", "X1"),
        ("add note", "notes", "X1"),
        ("snooze", "snoozes", "X1"),
        ("wake", "snoozes", "X1"),
    ]


def test_many_are_written_together_or_not_at_all(operations, monkeypatch):
    real, calls = operations._add, []

    def third_fails(*given, **named):
        calls.append(named["row_key"])
        if len(calls) == 3:
            raise RuntimeError("the disk is full")
        real(*given, **named)

    monkeypatch.setattr(operations, "_add", third_fails)
    with pytest.raises(RuntimeError):
        operations.assign("DGS", ["X1", "X2", "X3"], assignee="Ann", author="Fay", reason="hers")
    assert operations.standings("DGS") == {}
    assert operations.audit_log("DGS") == []


@pytest.mark.parametrize(("author", "reason"), [("", "why"), ("Ann", " ")])
def test_nothing_is_written_without_a_name_and_a_reason(operations, author, reason):
    with pytest.raises(OperationsError, match="name of whoever"):
        operations.snooze("DGS", ["X1"], wakes_on=date(2011, 10, 7), author=author, reason=reason)
    assert operations.standings("DGS") == {}
