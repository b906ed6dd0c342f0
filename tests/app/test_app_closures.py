"""What is wrong with a till's closure is told with its till, its day and both values, and as no file or document."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType
from streamlit.testing.v1 import AppTest
from synthetic_published import publish, shop

from app import render, render_trace, reports
from app.published import Published

APP = Path(__file__).parents[2] / "app"
EXCEPTION = "EX00000000C1"
DETAIL = "Till 2 on 2011-11-24, closure against receipts: sales 38.02 and 34.52, card 38.02 and 34.52"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shops = shop()
    shops.exception(
        EXCEPTION,
        "closure:S01:2:2011-11-24:closure_unequal",
        "closure_unequal",
        "operations",
        350,
        verdict="drifted",
        severity=2,
        store_id="S01",
        till_id="2",
        business_date=date(2011, 11, 24),
        document_kind="closure",
        cause_detail=DETAIL,
        suggested_remedy="Compare the till's journal with the receipts delivered; send what is missing.",
    )
    return publish(tmp_path_factory.mktemp("closures"), shops)


def read(rendered: RenderableType) -> str:
    console = Console(width=250, file=StringIO())
    with console.capture() as shown:
        console.print(rendered)
    return " ".join(shown.get().split())


def test_the_list_names_the_till_the_day_and_both_values(home: Path) -> None:
    told = read(render.exceptions(reports.exceptions(Published(home / "published"), owner="operations")))
    assert "Till closure differs from its receipts: Till 2 on 2011-11-24" in told
    assert "sales 38.02 and 34.52" in told


def test_a_trace_is_headed_by_it(home: Path) -> None:
    told = reports.trace(Published(home / "published"), EXCEPTION)
    assert told["found"] == 1
    assert DETAIL in read(render_trace.trace(told))


def test_the_page_calls_it_by_its_name_and_not_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    page = AppTest.from_file(str(APP / "views" / "receipt.py"), default_timeout=30)
    page.query_params["find"] = EXCEPTION
    page.run()
    assert not page.exception
    assert page.header[0].value == "Till closure differs from its receipts"
    assert "sales 38" in "".join(element.value for element in page.markdown)
