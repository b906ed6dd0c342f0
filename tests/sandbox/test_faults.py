"""Faults strike a settled number of times, where they are told to, in order."""

from __future__ import annotations

import pytest

from sandbox.faults import LOCK_WORDINGS, BadFault, FaultBoard, Request, read_fault

POST = Request("POST", "sales_invoices", True, ("TILL01", "CASH01"), "POS-S01-1")
GET = Request("GET", "customers")


def struck(board, request=POST):
    ending = board.strike(request).ending
    return ending and ending.kind


def test_a_counted_fault_strikes_that_often_and_then_no_more():
    board = FaultBoard([read_fault("lock:count=2")])
    assert [struck(board) for _ in range(3)] == ["lock", "lock", None]


def test_an_uncounted_fault_strikes_until_it_is_removed():
    board = FaultBoard([read_fault("server_error")])
    assert [struck(board) for _ in range(5)] == ["server_error"] * 5
    board.replace([])
    assert struck(board) is None


def test_a_fault_can_let_requests_pass_first():
    board = FaultBoard([read_fault("lock:after=2,count=1")])
    assert [struck(board) for _ in range(4)] == [None, None, "lock", None]


@pytest.mark.parametrize(
    ("text", "strikes"),
    [
        ("lock:account=TILL01", True),
        ("lock:account=CASH01", True),
        ("lock:account=TILL02", False),
        ("lock:resource=sales_receipts", False),
        ("lock:reference=POS-S01", True),
        ("lock:reference=TP", False),
        ("slow:method=GET", False),
    ],
)
def test_a_fault_waits_for_the_requests_it_names(text, strikes):
    found = FaultBoard([read_fault(text)]).strike(POST)
    assert bool(found.ending or found.going_on) is strikes


def test_faults_of_posting_leave_reading_alone_and_the_others_do_not():
    assert struck(FaultBoard([read_fault("lock")]), GET) is None
    assert struck(FaultBoard([read_fault("throttled")]), GET) == "throttled"


def test_whoever_is_first_must_be_told_apart():
    with pytest.raises(BadFault, match="their_reference"):
        read_fault("another_was_first")
    board = FaultBoard([read_fault("another_was_first:their_reference=POS-S01-1,count=1")])
    assert board.strike(GET).going_on == []
    (fault,) = board.strike(POST).going_on
    assert (fault.kind, fault.their_reference, fault.their_name) == (
        "another_was_first",
        "POS-S01-1",
        "CONNECTOR",
    )


def test_a_request_that_is_ended_uses_up_no_later_fault():
    board = FaultBoard([read_fault("lock:count=1"), read_fault("server_error:count=1")])
    assert [struck(board) for _ in range(3)] == ["lock", "server_error", None]


def test_faults_that_go_on_are_met_together():
    board = FaultBoard([read_fault("slow:delay_ms=0"), read_fault("to_suspense"), read_fault("lost_reply")])
    found = board.strike(POST)
    assert [fault.kind for fault in found.going_on] == ["slow", "to_suspense"]
    assert found.ending.kind == "lost_reply"


def test_locks_come_with_several_statuses_and_wordings():
    fault = read_fault("lock")
    board = FaultBoard([fault])
    said = []
    for _ in LOCK_WORDINGS:
        board.strike(POST)
        said.append(fault.refusal())
    assert {refusal.status for refusal in said} == {400, 409, 423}
    assert {refusal.message for refusal in said} == set(LOCK_WORDINGS)


@pytest.mark.parametrize(
    "text", ["explode", "lock:count", "lock:colour=red", '{"count": 1}', "lock:body=xml"]
)
def test_a_fault_that_cannot_be_understood_is_refused(text):
    with pytest.raises(BadFault):
        read_fault(text)
