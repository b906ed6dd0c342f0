"""What a closure was over or short is told as that: on the store-day, on its own page and in a trace."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from streamlit.testing.v1 import AppTest
from synthetic_published import publish, shop

from app import finding, render_trace, reports, slots
from app.money import pounds
from app.published import Published
from app.slots import Slot

APP = Path(__file__).parents[2] / "app"
EVENT = "closure:S01:2:118:2011-11-24:1"
KEY = "TPAAAAAAAAAAAAAY011P"
DAY = date(2011, 11, 24)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in which till 2 of S01 was five pounds short, and Sage lacks it."""
    shops = shop()
    shops.add(
        "document_verdicts",
        document_id=KEY,
        posting_key=KEY,
        event_id=EVENT,
        store_id="S01",
        till_id="2",
        receipt_no="2Z118",
        business_date=DAY,
        document_date=DAY,
        document_kind="bank_payment",
        ordinal=1,
        verdict="missing_in_ledger",
        drift_kinds="",
        is_money=True,
        is_sales=False,
        is_open=True,
        direction=-1,
        expected_gross_pence=500,
        expected_net_pence=500,
        expected_tax_pence=0,
        outside_pence=0,
        variance_pence=500,
    )
    for line_order, line_kind, pence in (
        (1, "tills", 12000),
        (2, "missing_in_ledger", 500),
        (17, "cash_over_short", -500),
        (98, "sage", 12000),
        (99, "residual", 0),
    ):
        shops.add(
            "bridge_lines",
            store_id="S01",
            business_date=DAY,
            measure="takings",
            line_order=line_order,
            line_kind=line_kind,
            amount_pence=pence,
            document_count=1,
        )
    return publish(tmp_path_factory.mktemp("over_short"), shops)


@pytest.fixture
def published(home: Path) -> Published:
    return Published(home / "published")


@pytest.mark.parametrize("asked", ["2Z118", "2z118", KEY, EVENT])
def test_it_is_found_by_the_closures_number_by_its_event_and_by_its_key(
    published: Published, asked: str
) -> None:
    assert [subject.event_id for subject in finding.find(published, asked)] == [EVENT]


def test_a_trace_is_headed_by_it(published: Published) -> None:
    console = Console(width=250, file=StringIO())
    with console.capture() as shown:
        console.print(render_trace.trace(reports.trace(published, "2Z118")))
    told = " ".join(shown.get().split())
    assert "Cash over or short, closure 2Z118, store S01, 24 Nov 2011" in told
    assert "Bank payment" in told


def test_its_page_says_what_it_is_and_what_sage_lacks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    page = AppTest.from_file(str(APP / "views" / "receipt.py"), default_timeout=30)
    page.query_params["find"] = "2Z118"
    page.run()
    assert not page.exception
    assert page.header[0].value == "Cash over or short, closure 2Z118, store S01, 24 Nov 2011"
    assert [(metric.label, metric.value) for metric in page.metric] == [
        ("Till says", pounds(-500)),
        ("Sage holds", "£0.00"),
        ("Tills less Sage", pounds(-500)),
    ]


def test_it_is_among_what_its_till_has_of_the_day_and_on_a_line_of_the_bridge(published: Published) -> None:
    slot = Slot("DGS", "S01", DAY)
    listed = {row["subject"]: row for row in slots.receipts(published, slot, "2", 50)}
    assert (listed[EVENT]["receipt_no"], listed[EVENT]["gross_pence"]) == ("2Z118", -500)
    assert (listed[EVENT]["verdict"], listed[EVENT]["open_pence"]) == ("missing_in_ledger", 500)
    assert EVENT not in {row["subject"] for row in slots.receipts(published, slot, "1", 50)}
    bridge = slots.bridge(published, slot, "takings")
    assert [row["line_kind"] for row in bridge][-3:] == ["cash_over_short", "sage", "residual"]
    over_short = bridge[-3]
    assert over_short["starts_pence"] - over_short["ends_pence"] == 500


def test_the_store_day_leads_to_it_in_words(home: Path, open_page) -> None:
    page = open_page(home, "store_days", store="S01", date="2011-11-24")
    next(group for group in page.button_group if group.label == "Bridge of").set_value("takings").run()
    lines = list(page.table[0].value["Line"])
    assert "Cash over or short" in lines
    next(group for group in page.button_group if group.label == "Open a till").set_value("2").run()
    next(button for button in page.button if "2Z118" in button.label).click().run()
    assert not page.exception
    assert "Closure 2Z118" in [heading.value for heading in page.subheader]
    assert list(page.table[-1].value["Document"]) == ["Bank payment"]
