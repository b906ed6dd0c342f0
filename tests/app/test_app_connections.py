"""How old each source is, which files were refused, and a look at all of it on request."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from streamlit.testing.v1 import AppTest
from synthetic_published import publish, shop

from app import sources
from app.published import Published


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.markdown, *page.caption, *page.info, *page.success, *page.error, *page.header]
    return "\n".join(str(each.value) for each in parts)


def test_a_store_that_fell_behind_comes_first_with_its_days(tmp_path: Path) -> None:
    story = shop()
    story.tables["store_days"] = [
        row
        for row in story.tables["store_days"]
        if row["store_id"] != "S02" or row["business_date"] <= date(2011, 11, 20)
    ]
    published = Published(publish(tmp_path, story) / "published")
    found = sources.tills(published)
    assert [(row["store_id"], row["days_behind"]) for row in found] == [("S02", 10), ("S01", 0), ("S03", 0)]
    assert [row["refused"] for row in found] == [1, 0, 0]


def test_a_document_dated_ahead_does_not_make_sage_look_fresh(tmp_path: Path) -> None:
    story = shop()
    for row in story.tables["ledger_documents"]:
        row["document_date"] = min(row["document_date"], date(2011, 11, 10))
    story.tables["ledger_documents"][0]["document_date"] = date(2012, 3, 1)
    found = sources.sage(Published(publish(tmp_path, story) / "published"))
    assert (found["newest_day"], found["days_behind"], found["dated_ahead"]) == (date(2011, 11, 10), 20, 1)


def test_refused_files_say_why_and_whether_somebody_has_to_act(home: Path, open_page) -> None:
    page = open_page(home, "connections")
    files = page.table[1].value
    assert files["File"].tolist() == [r"**broken\.csv**"]
    assert files["Still open?"].tolist() == [":red-badge[! Open]"]
    assert files["Why"].tolist() == ["the file is empty"]
    assert "GB free of" in told(page)


def test_a_look_now_tells_what_is_wrong_and_how_to_mend_it(home: Path, open_page) -> None:
    page = open_page(home, "connections")
    page.button[0].click().run()
    found = next(table.value for table in page.table if "To mend it" in table.value)
    assert found["Well?"].iloc[0] == ":red-badge[! Mend]"
    assert "play the demo" in found["To mend it"].iloc[0]


def test_where_nothing_arrived_the_page_says_what_to_do(tmp_path: Path, open_page) -> None:
    page = open_page(publish(tmp_path), "connections")
    assert "Put a till's files in its inbox" in told(page)
    assert "Every file was read whole." in told(page)
