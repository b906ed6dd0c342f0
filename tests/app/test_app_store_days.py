"""One store-day from its bridge down to the lines of a receipt, in three clicks."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from synthetic_published import Shop, publish, shop
from synthetic_story import MISSING, TWICE

from app import charts, slots
from app.published import Published
from app.slots import NO_TILL, Slot

LOST = Slot("DGS", "S01", date(2011, 11, 3))
DOUBLED = Slot("DGS", "S03", date(2011, 11, 11))


def told(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(
        str(each.value) for each in [*page.markdown, *page.caption, *page.header, *page.subheader]
    )


@pytest.mark.parametrize("measure", ["sales", "takings"])
@pytest.mark.parametrize("slot", [LOST, DOUBLED])
def test_every_bar_begins_where_the_last_ended_and_sage_is_where_they_lead(
    published: Published, slot: Slot, measure: str
) -> None:
    rows = slots.bridge(published, slot, measure)
    assert [rows[0]["line_kind"], rows[-2]["line_kind"], rows[-1]["line_kind"]] == [
        "tills",
        "sage",
        "residual",
    ]
    for above, row in pairwise(rows[:-2]):
        assert row["starts_pence"] == above["ends_pence"]
    assert rows[-3]["ends_pence"] == rows[-2]["ends_pence"] == rows[-2]["amount_pence"]
    assert rows[-1]["amount_pence"] == 0


def test_a_till_tells_its_receipts_and_what_is_open_of_them(published: Published) -> None:
    assert slots.tills(published, LOST) == [
        {
            "till_id": "1",
            "receipts": 1,
            "gross_pence": 12000,
            "documents": 2,
            "open_documents": 2,
            "open_pence": 24000,
            "closure_verdict": "agrees",
        }
    ]


def test_what_sage_holds_without_a_receipt_is_not_lost_among_the_tills(tmp_path: Path) -> None:
    story = shop()
    for row in story.tables["document_verdicts"]:
        if row["verdict"] == "duplicate_in_ledger":
            row["event_id"] = None
    published = Published(publish(tmp_path, story) / "published")
    found = {row["till_id"]: row for row in slots.tills(published, DOUBLED)}
    assert (found[NO_TILL]["open_documents"], found[NO_TILL]["open_pence"]) == (1, 12000)
    assert found["1"]["open_documents"] == 0
    assert [row["verdict"] for row in slots.receipts(published, DOUBLED, NO_TILL, 10)] == [
        "duplicate_in_ledger"
    ]


def test_receipts_come_the_worst_first_and_stay_inside_their_till(tmp_path: Path) -> None:
    story = Shop()
    day = date(2011, 11, 3)
    for number in (570001, 570002, 570003):
        lost = {"sales": {"verdict": "missing_in_ledger"}} if number == 570002 else {}
        story.receipt(number, "S01", day, **lost)
    story.tables["receipts"][2]["till_id"] = "2"
    published = Published(publish(tmp_path, story) / "published")
    found = slots.receipts(published, LOST, "1", 10)
    assert [(row["receipt_no"], row["is_open"]) for row in found] == [("570002", True), ("570001", False)]
    assert [row["receipt_no"] for row in slots.receipts(published, LOST, "1", 1, 1)] == ["570001"]


def test_three_clicks_lead_from_a_store_day_to_the_lines_of_a_receipt(home: Path, open_page) -> None:
    page = open_page(home, "store_days")
    listed = next(box for box in page.selectbox if box.label == "Store-day")
    listed.select_index(0).run()
    assert "Store S01, 3 Nov 2011" in told(page)
    assert "Residual :green-badge[✓ Nothing left over]" in page.table[0].value["Line"].iloc[-1]
    next(group for group in page.button_group if group.label == "Open a till").set_value("1").run()
    next(button for button in page.button if str(MISSING) in button.label).click().run()
    assert f"Receipt {MISSING}" in told(page)
    assert page.table[-1].value["What was sold"].iloc[0] == "Party bag"


def test_the_address_names_the_store_day(home: Path, open_page) -> None:
    page = open_page(home, "store_days", store="S03", date="2011-11-11")
    assert "Store S03, 11 Nov 2011" in told(page)
    bridge = page.table[0].value
    assert [line for line in bridge["Line"] if "Twice in Sage" in line]
    assert str(TWICE) not in told(page), "no receipt is listed before a till is opened"
    assert not page.selectbox, "who names a day has chosen"


def test_the_month_of_a_named_store_day_is_shown_on_asking(home: Path, open_page) -> None:
    page = open_page(home, "store_days", store="S03", date="2011-11-11")
    next(button for button in page.button if button.label == "All store-days of November 2011").click().run()
    chosen = {box.label: box.value for box in page.selectbox}
    assert chosen["Month"]["period"] == date(2011, 11, 1)
    assert chosen["Store-day"] == "S03 2011-11-11"
    assert "Store S03, 11 Nov 2011" in told(page)
    next(box for box in page.selectbox if box.label == "Store-day").select("S01 2011-11-03").run()
    assert "Store S01, 3 Nov 2011" in told(page)


@pytest.mark.parametrize(
    "wanted", [{"store": "S99", "date": "2011-11-11"}, {"date": "yesterday"}, {"store": "S01"}]
)
def test_an_address_that_names_nothing_begins_without_a_choice(home: Path, open_page, wanted) -> None:
    assert "Choose a store-day to see its bridge" in told(open_page(home, "store_days", **wanted))


def test_the_darker_a_cell_the_more_is_open_and_what_was_not_checked_stays_grey() -> None:
    steps = [
        charts.value_step({"slot_verdict": "open", "open_pence": pence})
        for pence in (1, 999, 1_000, 9_999, 10_000, 99_999, 100_000)
    ]
    assert steps == [0, 0, 1, 1, 2, 2, 3]
    for verdict in ("not_checked", "agrees", "explained"):
        assert charts.value_step({"slot_verdict": verdict, "open_pence": 0}) is None
    assert len(charts.VALUE_COLOURS) == len(charts.VALUE_INKS) == len(charts.VALUE_STEPS)
