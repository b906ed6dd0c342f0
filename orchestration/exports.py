"""The one way text leaves for CSV or Excel: a cell that a spreadsheet would run as a formula is made plain.

A SKU, a description or a customer's name is somebody else's text. `=HYPERLINK(...)` in a till's description
would be run by the spreadsheet of whoever opens the export. Such text gets an apostrophe in front, as
spreadsheets themselves do. Every export of Tillproof goes through here.
"""

from __future__ import annotations

import csv
import os
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

# for xlsxwriter.Workbook(path, EXCEL_OPTIONS): text stays text whoever writes it
EXCEL_OPTIONS: Final[Mapping[str, bool]] = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_LONGEST_CELL = 32_767
# also the full-width forms, which spreadsheets fold, and blanks that they skip before they look
_STARTS_A_FORMULA = re.compile(r"^[\s\u00a0\u200b\ufeff]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]")
_BEGINS_WITH_CONTROL = re.compile(r"^[\t\r\n]")
_NUMBER = re.compile(r"^[+-]?\d{1,15}(\.\d+)?%?$")
_NEVER_PRINTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def neutralised(value: Any) -> Any:
    """The value as it may leave: text that would run as a formula gets an apostrophe, all else stays.

    A plain signed number written as text (`-20.40`) is no formula. Control characters are left out.
    """
    if not isinstance(value, str):
        return value
    text = _NEVER_PRINTED.sub("", value)
    if _NUMBER.match(text):
        return text
    return f"'{text}" if _STARTS_A_FORMULA.match(text) or _BEGINS_WITH_CONTROL.match(text) else text


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a CSV that spreadsheets open safely (UTF-8 BOM, CRLF), whole or not at all; count its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    count = 0
    try:
        with unfinished.open("w", encoding="utf-8-sig", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow([neutralised(cell) for cell in header])
            for row in rows:
                writer.writerow([neutralised(_printed(cell)) for cell in row])
                count += 1
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def write_cell(worksheet: Any, row: int, column: int, value: Any, cell_format: Any = None) -> None:
    """Write one cell of an XlsxWriter worksheet by its type; text is always a string, never a formula."""
    if value is None:
        worksheet.write_blank(row, column, None, cell_format)
    elif isinstance(value, bool):
        worksheet.write_boolean(row, column, value, cell_format)
    elif isinstance(value, int | float | Decimal):
        worksheet.write_number(row, column, value, cell_format)
    elif isinstance(value, datetime | date):
        worksheet.write_datetime(row, column, value, cell_format)
    else:
        worksheet.write_string(row, column, neutralised(str(value))[:_LONGEST_CELL], cell_format)


def _printed(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return "" if value is None else value
