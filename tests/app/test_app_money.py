"""Money on a screen is the pence that were published, to the penny, in UK form."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest

from app.money import day, jsonable, moment, plain_pounds, pounds, share, units, whole_pounds

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("pence", "shown", "plain"),
    [
        (0, "£0.00", "0.00"),
        (5, "£0.05", "0.05"),
        (123456789, "£1,234,567.89", "1234567.89"),
        (-5, f"{MINUS}£0.05", "-0.05"),
        (-16780094, f"{MINUS}£167,800.94", "-167800.94"),
        # a float would lose this penny
        (9007199254740993, "£90,071,992,547,409.93", "90071992547409.93"),
    ],
)
def test_pence_become_pounds_exactly(pence: int, shown: str, plain: str) -> None:
    assert pounds(pence) == shown
    assert plain_pounds(pence) == plain


def test_whole_pounds_round_half_away_from_zero() -> None:
    assert [whole_pounds(pence) for pence in (49, 50, -50, -49, 123456)] == [
        "£0",
        "£1",
        f"{MINUS}£1",
        "£0",
        "£1,235",
    ]


def test_a_share_never_claims_all_or_nothing_that_is_not() -> None:
    assert share(9999, 10000) == "99.9%"
    assert share(10000, 10000) == "100.0%"
    assert share(1, 10_000_000) == "<0.1%"
    assert share(0, 0) == "\N{EN DASH}"


def test_dates_and_units_read_as_in_the_uk() -> None:
    assert day(date(2011, 12, 9)) == "9 Dec 2011"
    assert moment(datetime.fromisoformat("2011-12-09T20:05")) == "9 Dec 2011, 20:05 UTC"
    assert [units(Decimal("12.000")), units("0.500"), units(Decimal("-1"))] == ["12", "0.5", "-1"]


def test_json_keeps_pence_whole_and_tells_local_time_from_utc() -> None:
    told = jsonable(
        {
            "gross_pence": 120_05,
            "ledger_gross_pence": None,
            "debt_pence_days": 250,
            "sold_at": datetime.fromisoformat("2011-07-01T10:30"),
            "sold_at_local": datetime.fromisoformat("2011-07-01T11:30"),
            "lines": [{"net_pence": 1, "quantity": Decimal("1.500")}],
        }
    )
    assert json.loads(json.dumps(told)) == {
        "gross_pence": 12005,
        "gross": "120.05",
        "ledger_gross_pence": None,
        "ledger_gross": None,
        "debt_pence_days": 250,
        "debt_pounds_days": "2.50",
        "sold_at": "2011-07-01T10:30:00Z",
        "sold_at_local": "2011-07-01T11:30:00",
        "lines": [{"net_pence": 1, "net": "0.01", "quantity": "1.500"}],
    }
