"""Once the app has asked ahead, no page asks the files anything when it is opened."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from mappings_in_force import take_in

from app import warming
from app.addresses import FIRST_PAGE, PAGES
from app.published import Published

WINDOW = """[acceptance.windows.first_30_days]
first_day = 2011-11-01
[acceptance.limits.value_checked]
limit = 99
agreed_by = "Fay"
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that were not answered from memory."""
    found: list[str] = []
    real = Published._ask

    def ask(self: Published, query: str, parameters: object) -> object:
        found.append(" ".join(query.split()))
        return real(self, query, parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(Published, "_ask", ask)
    return found


def test_what_pages_ask_unasked_was_asked_ahead(deciding_home, open_page, asked, monkeypatch, tmp_path):
    take_in(deciding_home, tmp_path / "mappings")
    with (deciding_home / "tillproof.toml").open("a", encoding="utf-8") as file:
        file.write(WINDOW)
    monkeypatch.setenv("TILLPROOF_HOME", str(deciding_home))
    warming.ask_ahead(Published(deciding_home / "published"))
    assert asked, "nothing was asked ahead"
    for view in (Path(FIRST_PAGE).stem, *PAGES):
        asked.clear()
        open_page(deciding_home, view)
        assert asked == [], f"{view} asks what warming does not"


def test_small_tables_are_held_in_memory_and_answer_as_before(deciding_home):
    published = Published(deciding_home / "published")
    query = "select * from store_days order by all"
    before = published.rows(query)
    published.settle_down()
    for file in (deciding_home / "published" / "store_days").rglob("*.parquet"):
        file.unlink()
    assert published.rows(f"{query} limit 1000") == before
    published.settle_down()


def test_what_the_views_import_can_be_imported_and_a_chart_drawn_before_anybody_comes(monkeypatch):
    drawn, imported = [], []
    draw, load = warming.charts.debt, warming.importlib.import_module
    monkeypatch.setattr(warming.charts, "debt", lambda rows: drawn.append(rows) or draw(rows))
    monkeypatch.setattr(warming.importlib, "import_module", lambda name: imported.append(name) or load(name))
    gc.unfreeze()
    try:
        warming.warm_up()
        assert gc.get_freeze_count() > 100_000, "a run of a page would look through every module for garbage"
    finally:
        gc.unfreeze()
    assert drawn
    assert {"app.money", "app.published"} <= set(imported)
