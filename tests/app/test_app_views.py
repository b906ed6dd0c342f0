"""The pages, run without a browser: what they say to the reader in each situation."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from synthetic_published import AS_OF, Shop, publish, shop
from synthetic_story import HOSTILE_RECEIPT, MISSING, NO_TRACE, TWICE

from app import totals
from app.published import Published

APP = Path(__file__).parents[2] / "app"


@pytest.fixture
def page(home: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    return AppTest.from_file(str(APP / "navigation.py"), default_timeout=30)


def receipt_page(find: str) -> AppTest:
    opened = AppTest.from_file(str(APP / "views" / "receipt.py"), default_timeout=30)
    opened.query_params["find"] = find
    return opened.run()


def texts(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(str(element.value) for element in [*page.header, *page.markdown, *page.caption])


def test_the_first_page_answers_before_anything_else(page: AppTest) -> None:
    page.run()
    assert page.title[0].value == "Can I close?"
    assert (
        "**Not yet.** 1 of 2 periods blocked by 6 open exceptions, **£620.00** at risk."
        in page.error[0].value
    )
    assert "30 Nov 2011, 20:00 GMT" in page.caption[0].value


def test_why_more_is_open_than_keeps_a_period_open_is_said(page: AppTest) -> None:
    page.run()
    owners = next(table.value for table in page.table if "Open" in table.value and "At risk" in table.value)
    assert owners["Open"].sum() == 7
    assert "7 exceptions in all: 6 of them keep a period open, 1 none: £0.00 at risk" in texts(page)


def test_every_pound_is_reconciled_explained_open_or_not_checked(page: AppTest) -> None:
    page.run()
    assert {metric.label: metric.value for metric in page.metric} == {
        "Reconciled": "£43,080",
        "Explained": "£360",
        "Open": "£600",
        "Not checked": "£240",
    }
    assert (
        "183 money receipts with sales of £21,960.00; 1 receipt with nothing to post counted apart"
        in texts(page)
    )


def test_a_file_that_could_not_be_read_is_said_on_the_first_page(page: AppTest) -> None:
    assert "1 file not read, or only in part" in page.run().warning[0].value


def test_the_first_page_says_what_changed_since_yesterday_and_how_old_its_sources_are(
    page: AppTest, published: Published
) -> None:
    seen = texts(page.run())
    assert (
        "**0 exceptions came, 1 cleared**: £120.00 less at risk than the day before. 1 document judged anew, 1 with"
        in seen
    )
    table = next(each.value for each in page.table if "Cleared" in each.value)
    assert (table["Came"].tolist(), table["Cleared"].tolist()) == ([0], [1])
    assert "tills to 30 Nov 2011; Sage to 30 Nov 2011" in seen
    long_ago = totals.changed(published, AS_OF - timedelta(days=400))
    assert sum(row["came"] for row in long_ago) == len(published.rows("select 1 from exceptions"))
    assert [row["came_pence"] for row in long_ago] == sorted(
        (row["came_pence"] for row in long_ago), reverse=True
    )
    assert totals.judged_since(published, AS_OF - timedelta(days=3))["has_before"] is False
    assert totals.changed(published, AS_OF) == [], "a moment itself is not after it"


def test_figures_that_no_pass_renewed_are_said_to_be_old(deciding_home: Path, open_page) -> None:
    assert "no pass has published anything since" in open_page(deciding_home, "decide").warning[0].value
    with (deciding_home / "tillproof.toml").open("a", encoding="utf-8") as file:
        file.write("as_of = 2011-11-30T20:00:00Z\n")
    assert not open_page(deciding_home, "decide").warning


def test_a_store_day_is_looked_into_and_leads_to_its_receipts(page: AppTest) -> None:
    page.run()
    store_days = page.selectbox[1]
    assert store_days.label == "Look into a store-day"
    assert store_days.options[0] == "S01, 3 Nov 2011: open", "the most open value comes first"
    store_days.select_index(0).run()
    told = texts(page)
    assert "**Store S01, 3 Nov 2011**: tills took £120.00 in 1 receipt; Sage holds £0.00 of sales." in told
    assert told.count("Said to be sent, not in Sage · ") == 2


def test_another_month_shows_its_own_store_days(page: AppTest) -> None:
    page.run()
    page.selectbox[0].select_index(1).run()
    assert "S02, 5 Oct 2011: explained" in page.selectbox[1].options
    assert not page.exception


def test_causes_can_be_kept_to_the_month(page: AppTest) -> None:
    page.run()
    assert "File that could not be read" in texts(page)
    page.toggle[0].set_value(True).run()
    assert "File that could not be read" not in texts(page)


def test_where_nothing_is_published_the_page_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(tmp_path))
    page = AppTest.from_file(str(APP / "navigation.py"), default_timeout=30).run()
    assert not page.exception
    assert "Run a pass first: tillproof run" in page.info[0].value


def test_where_no_store_day_is_checked_the_page_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(publish(tmp_path)))
    page = AppTest.from_file(str(APP / "navigation.py"), default_timeout=30).run()
    assert not page.exception
    assert "Put a till's files in its inbox" in page.info[0].value


def test_a_visit_keeps_its_publication_until_the_reader_takes_the_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(publish(tmp_path, shop())))
    page = AppTest.from_file(str(APP / "navigation.py"), default_timeout=30).run()
    publish(tmp_path, Shop())
    page.toggle[0].set_value(True).run()
    assert page.metric[0].value == "£43,080", "a click must not mix two publications"
    assert "Newer figures are ready (publication 2)" in texts(page)
    page.button[0].click().run()
    assert "No store-day has been checked yet" in page.info[0].value


def test_a_receipt_is_told_on_one_screen(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    page = receipt_page(str(TWICE))
    told = texts(page)
    assert f"Receipt {TWICE}, store S03, 11 Nov 2011" in told
    assert [metric.value for metric in page.metric] == ["£120.00", "£240.00", "\N{MINUS SIGN}£120.00"]
    assert ":red-badge[! Twice in Sage]" in told
    assert "**Posted twice**" in told
    assert [heading.value for heading in page.subheader][:3] == [
        "At the till",
        "What Sage should hold, and does",
        "Leg by leg: what should be there, and what Sage has",
    ]


def test_what_the_connector_claimed_and_how_far_a_posting_came_are_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    page = receipt_page(str(MISSING))
    assert "The connector's log on the invoice and the money in: accepted at 3 Nov 2011, 12:05 GMT" in texts(
        page
    )
    assert "Sage holds nothing for it." in texts(page)
    assert "Postings, by the five truths" in [heading.value for heading in page.subheader]


def test_of_a_receipt_that_leaves_no_trace_it_is_said_what_should_be_in_sage_not_what_the_till_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    page = receipt_page(str(NO_TRACE))
    assert [metric.label for metric in page.metric] == [
        "Should be in Sage",
        "Sage holds",
        "Should be less Sage",
    ]
    assert receipt_page(str(MISSING)).metric[0].label == "Till says"


def test_what_is_not_known_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    assert "Nothing is known as 999999" in receipt_page("999999").warning[0].value
    assert "Type the number" in receipt_page("").info[0].value


def test_text_from_a_till_stays_text(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    page = receipt_page(str(HOSTILE_RECEIPT))
    assert not page.exception
    sold = page.table[0].value["What was sold"].iloc[0]
    assert sold.startswith(r"\*BIG\* \$5 bag \$6 \[free\]\(javascript\:alert\(1\)\) \<img src=x")
