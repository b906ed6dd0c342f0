"""What is wrong with a receipt in itself is told in words, and in the life of its receipt."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType
from synthetic_published import publish, shop

from app import render, render_trace, reports
from app.published import Published

DAY = date(2011, 11, 24)
DETAIL = "Till 1 of S01 does not keep to tax_rounded_half_up_by_line"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shops = shop()
    event = shops.receipt(570001, "S01", DAY)
    shops.exception(
        "EX00000000R1",
        f"receipt:{event}:till_rounding_broken",
        "till_rounding_broken",
        "finance",
        1,
        verdict="drifted",
        store_id="S01",
        till_id="1",
        business_date=DAY,
        event_id=event,
        receipt_no="570001",
        document_kind="till_receipt",
        cause_detail=DETAIL,
        suggested_remedy="Set the till's VAT rounding right, or declare the one it uses.",
    )
    back = shops.receipt(570002, "S01", DAY)
    (receipt,) = (row for row in shops.tables["receipts"] if row["event_id"] == back)
    receipt |= {"original_receipt_no": "570001", "original_event_id": event}
    (tender,) = (row for row in shops.tables["receipt_tenders"] if row["event_id"] == back)
    tender["tip_pence"] = 150
    return publish(tmp_path_factory.mktemp("till_receipts"), shops)


def read(rendered: RenderableType) -> str:
    console = Console(width=250, file=StringIO())
    with console.capture() as shown:
        console.print(rendered)
    return " ".join(shown.get().split())


def test_the_list_says_which_till_and_which_rounding(home: Path) -> None:
    told = read(render.exceptions(reports.exceptions(Published(home / "published"), owner="finance")))
    assert f"Till does not keep to its rounding: {DETAIL}" in told


def test_the_receipts_life_has_it_although_its_documents_agree(home: Path) -> None:
    told = reports.trace(Published(home / "published"), "570001")
    assert {document["verdict"] for life in told["lives"] for document in life["documents"]} == {"matched"}
    assert "Till does not keep to its rounding" in read(render_trace.trace(told))


def test_a_life_tells_the_tip_in_what_was_paid_and_the_sale_that_came_back(home: Path) -> None:
    told = read(render_trace.trace(reports.trace(Published(home / "published"), "570002")))
    assert "of it a tip)" in told and "CARD £" in told
    assert "brings back what receipt 570001 sold: pos:" in told
