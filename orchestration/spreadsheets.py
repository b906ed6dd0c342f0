"""Read a workbook that people edited in Excel: every sheet as rows of text, days as YYYY-MM-DD.

Only what a mapping file needs of the format (ECMA-376): shared and inline text, numbers, dates by their cell
style, TRUE and FALSE. A formula gives its kept result. A file too large when unpacked is refused before it is read.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

MOST_BYTES = 50_000_000
MOST_COLUMNS = 200
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
# numFmtId of the built-in formats that show a day (ECMA-376 part 1, 18.8.30)
DAY_FORMATS = {14, 15, 16, 17, 22, 27, 30, 36, 50, 57}
_SHOWS_A_DAY = re.compile(r"[dy]", re.IGNORECASE)
_NOT_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_CELL = re.compile(r"^([A-Z]{1,3})([0-9]+)$")
Rows = list[list[str]]


class WorkbookError(Exception):
    """The file is no workbook that can be read; the message says why."""


def read_workbook(content: bytes, *, most_bytes: int = MOST_BYTES, formulas: bool = False) -> dict[str, Rows]:
    """Sheet name -> its rows; rows that are empty are left out. Raises WorkbookError.

    `formulas` gives `=SUM(A1:A2)` and, after a tab, its kept result where a cell has one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > most_bytes:
                raise WorkbookError(f"the workbook is larger than {most_bytes // 1_000_000} MB when unpacked")
            return _sheets(parts, formulas)
    except (zipfile.BadZipFile, KeyError, ParseError, DefusedXmlException, ValueError) as error:
        raise WorkbookError(f"this is no workbook that can be read (.xlsx): {error}") from error


def _sheets(parts: zipfile.ZipFile, formulas: bool) -> dict[str, Rows]:
    workbook = fromstring(parts.read("xl/workbook.xml"))
    properties = workbook.find(f"{MAIN}workbookPr")
    from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    first_day = date(1904, 1, 1) if from_1904 else date(1899, 12, 30)
    targets = {
        each.get("Id"): each.get("Target", "")
        for each in fromstring(parts.read("xl/_rels/workbook.xml.rels"))
    }
    shared, days = _shared(parts), _day_styles(parts)
    found = {}
    for sheet in workbook.iter(f"{MAIN}sheet"):
        target = targets[sheet.get(RELATION)]
        place = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        rows = _rows(fromstring(parts.read(place)), shared, days, first_day, formulas)
        found[sheet.get("name", "")] = list(rows)
    return found


def _shared(parts: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in parts.namelist():
        return []
    return [
        "".join(text.text or "" for text in each.iter(f"{MAIN}t"))
        for each in fromstring(parts.read("xl/sharedStrings.xml")).iter(f"{MAIN}si")
    ]


def _day_styles(parts: zipfile.ZipFile) -> set[int]:
    """The cell styles whose number is a day."""
    if "xl/styles.xml" not in parts.namelist():
        return set()
    styles = fromstring(parts.read("xl/styles.xml"))
    own = {
        int(each.get("numFmtId", "0"))
        for each in styles.iter(f"{MAIN}numFmt")
        if _SHOWS_A_DAY.search(_NOT_FORMAT.sub("", each.get("formatCode", "")))
    }
    formats = styles.find(f"{MAIN}cellXfs")
    shapes = [int(each.get("numFmtId", "0")) for each in formats] if formats is not None else []
    return {place for place, number in enumerate(shapes) if number in DAY_FORMATS | own}


def _rows(
    sheet: Any, shared: list[str], days: set[int], first_day: date, formulas: bool
) -> Iterator[list[str]]:
    for row in sheet.iter(f"{MAIN}row"):
        cells: list[str] = []
        for cell in row.iter(f"{MAIN}c"):
            place = _column(cell.get("r", ""), len(cells))
            cells += [""] * (place - len(cells))
            text = _text(cell, shared, days, first_day)
            formula = cell.find(f"{MAIN}f") if formulas else None
            cells.append(text if formula is None else f"={formula.text or ''}\t{text}")
        if any(cells):
            yield cells


def _column(name: str, otherwise: int) -> int:
    """The place of a cell named B7, from 0."""
    match = _CELL.match(name)
    if match is None:
        return otherwise
    place = 0
    for letter in match[1]:
        place = place * 26 + ord(letter) - ord("A") + 1
    if place > MOST_COLUMNS:
        raise ValueError(f"cell {name} lies beyond column {MOST_COLUMNS}")
    return place - 1


def _text(cell: Any, shared: list[str], days: set[int], first_day: date) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{MAIN}t"))
    value = cell.find(f"{MAIN}v")
    if value is None or value.text is None:
        return ""
    if kind == "s":
        place = int(value.text)
        if not 0 <= place < len(shared):
            raise ValueError(f"cell {cell.get('r')} points at a text that is not there")
        return shared[place]
    if kind == "b":
        return "true" if value.text == "1" else "false"
    if kind in ("str", "e", "d"):
        return str(value.text)
    try:
        number = Decimal(value.text)
    except InvalidOperation:
        raise ValueError(f"cell {cell.get('r')} holds '{value.text}', which is no number") from None
    if int(cell.get("s", "0")) in days and 0 < number < 3_000_000:
        return (first_day + timedelta(days=int(number))).isoformat()
    return _plain(number)


def _plain(number: Decimal) -> str:
    """A number as a person writes it: 20 and not 20.0; Excel keeps fifteen digits, the rest is binary noise."""
    told = f"{number:.15g}"
    told = f"{Decimal(told):f}"
    return told.rstrip("0").rstrip(".") if "." in told else told
