"""Reading ahead changes nothing but the waiting."""

import threading

import pytest

from orchestration.ledgers.ahead import read_ahead


def test_items_come_in_order_and_a_failure_after_those_before_it():
    def items():
        yield from (1, 2, 3)
        raise OSError("lost")

    seen = []
    with pytest.raises(OSError, match="lost"):
        for item in read_ahead(items(), depth=1):
            seen.append(item)
    assert seen == [1, 2, 3]
    assert list(read_ahead([])) == []


def test_fetching_stops_when_nobody_wants_more():
    fetched = []

    def endless():
        while True:
            fetched.append(1)
            yield len(fetched)

    reading = read_ahead(endless(), depth=2)
    assert next(reading) == 1
    reading.close()
    assert len(fetched) <= 4
    assert "read-ahead" not in [thread.name for thread in threading.enumerate()]
