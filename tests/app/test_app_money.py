"""Money on a screen is the pence that were published, to the penny, in UK form."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from synthetic_published import Shop, publish

from app import shop_clock
from app.addresses import FIRST_PAGE, PAGES
from app.money import day, jsonable, moment, plain_pounds, pounds, share, units, whole_pounds
from app.published import Published

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
    assert moment(datetime.fromisoformat("2011-12-09T20:05")) == "9 Dec 2011, 20:05 GMT"
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


def test_a_moment_is_shown_by_the_shops_clock_and_its_day_is_the_shops() -> None:
    late = datetime.fromisoformat("2011-08-31T23:30")
    assert (moment(late), day(late)) == ("1 Sep 2011, 00:30 BST", "1 Sep 2011")
    shop_clock.keep_to("America/New_York")
    try:
        assert (moment(late), day(late)) == ("31 Aug 2011, 19:30 EDT", "31 Aug 2011")
        shop_clock.keep_to("Nowhere/Atall")
        assert moment(late) == "1 Sep 2011, 00:30 BST"
    finally:
        shop_clock.keep_to(None)


def test_the_shops_clock_is_that_of_most_of_its_receipts(
    published: Published, home: Path, tmp_path: Path
) -> None:
    assert shop_clock.zone_of(published) == "Europe/London"
    story = Shop()
    for number, zone in enumerate(["Europe/Dublin", "Europe/Paris", "Europe/Paris", None]):
        story.add("receipts", event_id=str(number), zone=zone)
    found = Published(publish(tmp_path, story) / "published")
    assert shop_clock.zone_of(found) == "Europe/Paris"
    assert shop_clock.zone_of(Published(publish(tmp_path / "none", Shop()) / "published")) == "Europe/London"


@pytest.mark.parametrize("view", sorted({Path(FIRST_PAGE).stem, *PAGES} - {"analyst", "runbook"}))
def test_no_page_shows_utc_to_a_reader(home: Path, deciding_home: Path, open_page, view: str) -> None:
    page = open_page(deciding_home, view)
    texts = [each.value for each in [*page.markdown, *page.caption, *page.header, *page.title, *page.info]]
    cells = [str(cell) for each in page.table for cell in each.value.to_numpy().ravel()]
    assert any("30 Nov 2011, 20:00 GMT" in text for text in texts), "how old the figures are"
    assert [text for text in [*texts, *cells] if "UTC" in text] == []
