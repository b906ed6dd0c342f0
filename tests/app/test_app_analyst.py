"""One read-only query over what was published: bounded, and its file safe to open."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import analysis, contracts
from app.analysis import EXAMPLES, QueryRefusedError, answer, as_file
from app.published import Published


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.markdown, *page.caption, *page.info, *page.error, *page.header]
    return "\n".join(str(each.value) for each in parts)


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_example_is_answered(published: Published, title: str) -> None:
    assert answer(published, EXAMPLES[title]).names


@pytest.mark.parametrize(
    "query",
    [
        "copy receipts to 'stolen.csv'",
        "create table mine as select 1",
        "delete from receipts",
        "set enable_external_access = true",
        "attach 'other.db'",
        "install httpfs",
        "select 1; select 2",
        "",
        "select 1 as " + "x" * 20_000,
    ],
)
def test_only_one_select_is_answered(published: Published, query: str) -> None:
    with pytest.raises(QueryRefusedError, match=r"select|longer"):
        answer(published, query)


def test_a_query_reaches_no_other_file(published: Published, home: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("token\nabc\n", encoding="utf-8")
    inside = (home / "published" / ".." / "tillproof.toml").as_posix()
    (home / "tillproof.toml").write_text('company_id = "DGS"\n', encoding="utf-8")
    try:
        for query in (
            f"select * from read_csv('{secret.as_posix()}')",
            f"select * from '{secret.as_posix()}'",
            f"select * from read_text('{inside}')",
            f"select * from glob('{tmp_path.as_posix()}/*')",
        ):
            with pytest.raises(QueryRefusedError, match=r"Permission|disabled|Cannot access"):
                answer(published, query)
    finally:
        (home / "tillproof.toml").unlink()


def test_a_query_without_an_end_is_stopped(published: Published) -> None:
    with pytest.raises(QueryRefusedError, match=r"longer than 0\.2 seconds"):
        answer(
            published,
            "select count(*) from range(10000000000) as a, range(1000) as b where a.range < b.range",
            seconds=0.2,
        )


def test_a_wrong_name_is_told_as_the_database_tells_it(published: Published) -> None:
    with pytest.raises(QueryRefusedError, match="stock_days"):
        answer(published, "select * from stock_days")


def test_what_is_cut_says_so(published: Published) -> None:
    assert answer(published, "select * from receipts", most=3).is_cut
    assert not answer(published, "select 1 as one", most=3).is_cut


def test_a_file_has_pounds_uk_days_and_no_formula(published: Published) -> None:
    found = answer(
        published,
        "select 12345 as gross_pence, date '2011-11-03' as day, '=1+1' as text, ['a', 'b'] as list, 1 as day",
    )
    rows = list(csv.reader(io.StringIO(as_file(found, ".csv").decode("utf-8-sig"))))
    assert rows == [
        ["gross_pounds", "day", "text", "list", "day"],
        ["123.45", "03/11/2011", "'=1+1", "a, b", "1"],
    ]
    assert found.shown() == {
        "gross_pounds": ["123.45"],
        "day": ["03/11/2011"],
        "text": ["=1+1"],
        "list": ["a, b"],
        "day (4)": ["1"],
    }
    with zipfile.ZipFile(io.BytesIO(as_file(found, ".xlsx"))) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_the_page_answers_and_lists_the_tables(home: Path, open_page) -> None:
    page = open_page(home, "analyst")
    assert "6 rows." in told(page)
    assert page.dataframe[0].value["sales_pounds"].tolist()[0] == "3,720.00"
    assert "store_days" in page.table[1].value["Table"].str.replace("\\", "").tolist()
    page.selectbox(key="example").set_value("My own question").run()
    assert "Write a select" in told(page)
    page.text_area(key="query My own question").set_value("drop table receipts").run()
    assert "That was not answered" in page.error[0].value


def test_nothing_found_is_said(home: Path, open_page) -> None:
    page = open_page(home, "analyst")
    page.selectbox(key="example").set_value("What a person must look up in Sage").run()
    assert "No row answers to that." in told(page)
    assert analysis.MOST_SHOWN < analysis.MOST_DOWNLOADED


def test_numbers_stand_to_the_right_and_money_has_its_thousands_apart(published: Published) -> None:
    found = answer(
        published,
        "select 'S01' as store_id, 123456789 as open_pence, 7 as units, null::bigint as none, 1.5 as rate",
    )
    assert found.numbers() == ["open_pounds", "units", "rate"]
    assert found.shown()["open_pounds"] == ["1,234,567.89"]


def test_every_published_table_tells_what_its_columns_mean(
    home: Path, published: Published, open_page
) -> None:
    told_of = contracts.published_tables()
    for model in published.models:
        about, columns = told_of[model]
        assert about
        there = {row["column_name"] for row in published.rows(f'describe "{model}"')}
        assert {row["column"] for row in columns} >= there, model
    page = open_page(home, "analyst")
    page.selectbox(key="columns of").set_value("store_days").run()
    listed = next(each.value for each in page.table if "Meaning" in each.value)
    assert r"**open\_pence**" in listed["Column"].tolist()
