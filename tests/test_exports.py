"""What leaves for a spreadsheet cannot run there."""

from __future__ import annotations

import csv
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter

from orchestration.exports import EXCEL_OPTIONS, neutralised, write_cell, write_csv

EVIL = [
    '=HYPERLINK("x","y")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\u00a0=1",
    "\uff1d1+1",
    "%0A=1",
    "|calc",
]


@pytest.mark.parametrize("text", EVIL)
def test_a_formula_leaves_as_text(text: str) -> None:
    assert neutralised(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["85123A", "-20.40", "+5", "12.5%", "POPPY'S PLAYHOUSE", "", "a=b", 7, Decimal("-1.20"), None]
)
def test_what_is_no_formula_is_unchanged(value: object) -> None:
    assert neutralised(value) == value


def test_control_characters_do_not_hide_a_formula() -> None:
    assert neutralised("\x00=1") == "'=1"


def test_a_csv_is_written_whole_with_every_text_made_plain(tmp_path: Path) -> None:
    place = tmp_path / "out" / "receipts.csv"
    assert write_csv(place, ["=sku", "net"], [[text, Decimal("-1.20")] for text in EVIL]) == len(EVIL)
    with place.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows[0] == ["'=sku", "net"]
    assert all(cell.startswith("'") for cell, _ in rows[1:])
    assert {money for _, money in rows[1:]} == {"-1.20"}


def test_a_csv_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "receipts.csv"
    write_csv(place, ["a"], [["before"]])

    def broken():  # type: ignore[no-untyped-def]
        yield ["after"]
        raise OSError

    with pytest.raises(OSError):
        write_csv(place, ["a"], broken())
    assert "before" in place.read_text("utf-8-sig")
    assert [found.name for found in tmp_path.iterdir()] == ["receipts.csv"]


def test_a_workbook_holds_no_formula(tmp_path: Path) -> None:
    place = tmp_path / "receipts.xlsx"
    with xlsxwriter.Workbook(place, dict(EXCEL_OPTIONS)) as workbook:
        sheet = workbook.add_worksheet()
        for row, value in enumerate([*EVIL, Decimal("1.20"), 3, True, None, date(2011, 8, 18)]):
            write_cell(sheet, row, 0, value)
    with zipfile.ZipFile(place) as opened:
        cells = opened.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in cells
    assert "<v>1.2" in cells
