"""Mappings on a page: a grid and files that go through the import itself, look-ahead, coverage, log."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from mappings_in_force import FILES, take_in
from streamlit.testing.v1 import AppTest

from app import mapped
from app.published import Published
from orchestration import mapping_changes
from orchestration.operations import Operations, OperationsError
from orchestration.spreadsheets import WorkbookError, read_workbook

SIGNED = {"by": "Fay", "reason": "new rate"}


@pytest.fixture
def mapping_home(deciding_home: Path, tmp_path: Path) -> Path:
    take_in(deciding_home, tmp_path / "mappings")
    return deciding_home


@pytest.fixture
def operations(mapping_home: Path):
    with Operations.open(mapping_home / "operations.sqlite") as opened:
        yield opened


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [
        *page.markdown,
        *page.caption,
        *page.info,
        *page.success,
        *page.error,
        *page.header,
        *page.subheader,
    ]
    return "\n".join(str(each.value) for each in parts)


def book(**sheets: list[list[object]]) -> bytes:
    """A workbook as a person saves it: numbers as numbers, days as days."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as made:
        day = made.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for place, row in enumerate(rows):
                for column, value in enumerate(row):
                    shape = day if isinstance(value, date) else None
                    if isinstance(value, date):
                        sheet.write_datetime(place, column, value, shape)
                    elif value not in (None, ""):
                        sheet.write(place, column, value)
    return content.getvalue()


HEADING = ["company_id", "till_tax_code", "tax_code", "required_rate", "valid_from", "valid_to"]


def test_what_goes_out_changes_nothing_when_it_comes_back(operations: Operations) -> None:
    for files in (
        mapping_changes.read_upload("all.xlsx", mapping_changes.workbook(operations)),
        mapping_changes.read_upload("stores.csv", mapping_changes.csv_file(operations, "stores")),
        mapping_changes.from_grid("stores", mapping_changes.in_force(operations)["stores"]),
    ):
        report = mapping_changes.try_out(operations, files)
        assert (report["changes"], report["refused"]) == ([], [])
        assert files["stores"].count("\n") == FILES["stores"].count("\n")


def test_a_workbook_edited_in_excel_is_read_as_it_was_meant(operations: Operations) -> None:
    content = book(
        tax_mappings=[
            HEADING,
            ["DGS", "R", 5, 17.5, date(2011, 9, 1), ""],
            ["DGS", "S", 1, 20, date(2011, 1, 4)],
        ]
    )
    report = mapping_changes.try_out(operations, mapping_changes.read_upload("mine.xlsx", content))
    assert [(row["kind"], row["key"]) for row in report["changes"]] == [("added", "DGS|R|2011-09-01")]
    assert report["changes"][0]["after"]["required_rate"] == "17.500"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("tax.csv", b"", "tax.csv is not one of companies.csv"),
        ("tax_mappings.csv", b"\xff\xfe", "not UTF-8 text"),
        ("mine.ods", b"", "neither .csv nor .xlsx"),
        ("mine.xlsx", b"not a zip", "no workbook that can be read"),
        ("mine.xlsx", book(Sheet1=[["a"]]), "sheet Sheet1 is no mapping table"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(name: str, content: bytes, words: str) -> None:
    with pytest.raises(OperationsError, match=words):
        mapping_changes.read_upload(name, content)


def test_a_workbook_that_unpacks_to_too_much_or_names_entities_is_not_read() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", b" " * 60_000_000)
    with pytest.raises(WorkbookError, match="larger than 50 MB"):
        read_workbook(bomb.getvalue())
    entity = io.BytesIO()
    with zipfile.ZipFile(entity, "w") as parts:
        parts.writestr(
            "xl/workbook.xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'
        )
    with pytest.raises(WorkbookError, match="no workbook"):
        read_workbook(entity.getvalue())


def test_cells_are_read_by_their_type_and_style() -> None:
    rows = read_workbook(book(a=[["x", 1.10, date(2011, 2, 28), True, -3], [], ["", "", "y"]]))["a"]
    assert rows == [["x", "1.1", "2011-02-28", "true", "-3"], ["", "", "y"]]


def test_what_is_taken_is_what_was_shown(operations: Operations) -> None:
    grid = mapping_changes.in_force(operations)["tax_mappings"]
    grid.append({"company_id": "DGS", "till_tax_code": "R", "tax_code": "5", "required_rate": "5",
                 "valid_from": "2011-09-01", "valid_to": None})  # fmt: skip
    files = mapping_changes.from_grid("tax_mappings", [*grid, dict.fromkeys(HEADING)])
    shown = mapping_changes.try_out(operations, files)["changes"]
    assert len(shown) == 1
    with pytest.raises(OperationsError, match="look at what would change again"):
        mapping_changes.take(operations, files, [], **SIGNED)
    with pytest.raises(OperationsError, match="say who"):
        mapping_changes.take(operations, files, shown, by="", reason="new rate")
    assert "1 row taken" in mapping_changes.take(operations, files, shown, **SIGNED)
    assert operations.required_rates("DGS", 5, date(2011, 9, 2)) == {Decimal("5.000")}
    with pytest.raises(OperationsError, match="look at what would change again"):
        mapping_changes.take(operations, files, shown, **SIGNED)


def test_a_row_that_is_wrong_is_told_and_nothing_is_taken(operations: Operations) -> None:
    files = mapping_changes.from_grid(
        "tax_mappings", [dict(zip(HEADING, ["DGS", "R", "x", "5", "01/09/2011", ""], strict=True))]
    )
    report = mapping_changes.try_out(operations, files)
    assert {error["column"] for error in report["refused"]} == {"tax_code", "valid_from"}
    with pytest.raises(OperationsError, match="column tax_code: 'x' is not a whole number"):
        mapping_changes.take(operations, files, report["changes"], **SIGNED)


def test_the_grid_shows_what_is_in_force_and_says_that_nothing_would_change(
    mapping_home: Path, open_page
) -> None:
    page = open_page(mapping_home, "mappings")
    assert "1 of 1 row. Days are written YYYY-MM-DD" in told(page)
    assert "Nothing would change." in told(page)


def test_a_file_taken_in_is_shown_with_what_it_may_clear_and_is_signed(mapping_home: Path, open_page) -> None:
    page = open_page(mapping_home, "mappings")
    content = book(tax_mappings=[HEADING, ["DGS", "V5", 5, 5, date(2011, 9, 1)]])
    page.file_uploader(key="taken in").upload("mine.xlsx", content, "application/octet-stream").run()
    text = told(page)
    assert "What would change: 1 row" in text
    assert "May clear] Map the till's VAT code V5" in text
    page.text_input(key="mappings name").set_value("Fay")
    page.text_input(key="mappings reason").set_value("new rate")
    page = page.button(key="mappings button").click().run()
    assert "1 row taken" in told(page)
    with Operations.open(mapping_home / "operations.sqlite") as operations:
        newest = operations.mapping_log(limit=1)[0]
    assert (newest["author"], newest["row_key"]) == ("Fay", "DGS|V5|2011-09-01")
    page.button_group(key="part").set_value("log").run()
    assert page.table[0].value["Who"].iloc[0] == "Fay"


def test_a_file_with_an_error_is_refused_by_row_and_column(mapping_home: Path, open_page) -> None:
    page = open_page(mapping_home, "mappings")
    content = (",".join(HEADING) + "\nDGS,V5,five,5,2011-09-01,\n").encode()
    page.file_uploader(key="taken in").upload("tax_mappings.csv", content, "text/csv").run()
    assert r"tax\_mappings\.csv row 2, column tax\_code" in page.error[0].value
    assert not [button for button in page.button if button.key == "mappings button"]


def test_look_ahead_is_a_grid_of_open_missing_and_hidden(home: Path, open_page) -> None:
    page = open_page(home, "mappings", part="ahead")
    assert "**1 of 2** combinations would be refused" in page.error[0].value
    grid = page.table[0].value
    assert grid["S01"].tolist() == [":orange-badge[⊘ Hidden]"]
    page.toggle(key="only closed").set_value(False).run()
    assert sorted(page.table[0].value["S01"]) == [":green-badge[✓ Open]", ":orange-badge[⊘ Hidden]"]


def test_coverage_is_told_by_store_tender_and_day(home: Path, open_page) -> None:
    page = open_page(home, "mappings", part="coverage")
    by_tender, days = page.table[0].value, page.table[1].value
    assert by_tender["Tender"].tolist() == ["CARD", "Sales"], "what was not fully checked comes first"
    assert "was not, in 2 lines of 1 store" in told(page)
    page.toggle(key="only lacking").set_value(False).run()
    by_tender = page.table[0].value
    assert by_tender["Tender"].tolist() == ["CARD", "Sales"] * 3
    assert [told for told in by_tender["Checked"] if "?" in told] == [":gray-badge[? 96.6%]"] * 2
    assert days["Day"].tolist() == ["20 Nov 2011"] * 2


def test_coverage_adds_up_to_the_days_it_is_of(published: Published) -> None:
    rows = mapped.coverage(published, "DGS", date(2011, 11, 1))
    for row in rows:
        parts = ("checked_pence", "pending_pence", "ambiguous_pence", "not_checked_pence")
        assert sum(row[part] for part in parts) == row["value_pence"]


def test_without_settings_the_page_says_why_nothing_can_be_changed(home: Path, open_page) -> None:
    assert "Nothing can be decided here" in told(open_page(home, "mappings"))


def test_a_file_without_a_row_and_a_search_that_finds_none_can_be_filled(
    mapping_home: Path, open_page
) -> None:
    page = open_page(mapping_home, "mappings", table="customer_mappings")
    assert "0 of 0 rows" in told(page)
    page = open_page(mapping_home, "mappings", table="tax_mappings", find="nothing like it")
    assert "No row has nothing like it" in told(page)


def test_one_row_is_changed_or_added_in_its_own_fields(mapping_home: Path, open_page) -> None:
    page = open_page(mapping_home, "mappings", table="tax_mappings")
    field = next(each for each in page.text_input if each.label == "tax_code")
    page = field.set_value("7").run()
    assert "What would change: 1 row" in told(page)
    assert page.table[0].value["What"].tolist() == ["tax\\_code 1 → 7"]
    row = next(each for each in page.selectbox if each.label == "Row")
    page = row.select_index(len(row.options) - 1).run()
    for name, cell in {
        "company_id": "DGS",
        "till_tax_code": "V5",
        "tax_code": "5",
        "required_rate": "5",
    }.items():
        next(each for each in page.text_input if each.label == name).set_value(cell)
    next(each for each in page.text_input if each.label == "valid_from").set_value("2011-09-01")
    assert "What would change: 1 row" in told(page.run())
    assert "May clear] Map the till's VAT code V5" in told(page)
