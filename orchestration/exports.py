"""The one way tables leave for CSV or Excel: a cell that a spreadsheet would run as a formula is made plain.

A SKU, a description or a customer's name is somebody else's text. `=HYPERLINK(...)` in a till's description
would be run by the spreadsheet of whoever opens the export. Such text gets an apostrophe in front, as
spreadsheets themselves do. Every export of Tillproof goes through here. Dates are written DD/MM/YYYY. A file is written
whole or not at all, row by row, however many there are.
"""

from __future__ import annotations

import csv
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
MOST_SHEET_ROWS: Final = 1_048_575
"""What a sheet of Excel holds below its heading."""
_LONGEST_CELL = 32_767
_LONGEST_SHEET_NAME = 31
_FIRST_INEXACT = 10**15  # Excel keeps fifteen digits and makes the rest noughts
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
    if value[:1].isalnum() and value.isprintable():
        return value  # most cells: nothing below can touch them
    text = _NEVER_PRINTED.sub("", value)
    if _NUMBER.match(text):
        return text
    return f"'{text}" if _STARTS_A_FORMULA.match(text) or _BEGINS_WITH_CONTROL.match(text) else text


def guarded(text: str) -> str:
    """Text that comes back: like `neutralised`, but `released` gives exactly what was there, apostrophes included."""
    return f"'{text}" if _would_run(text.lstrip("'")) else text


def released(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and _would_run(text.lstrip("'")) else text


def _would_run(text: str) -> bool:
    seen = _NEVER_PRINTED.sub("", text)
    return bool(neutralised(seen) != seen)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a CSV that spreadsheets open safely (UTF-8 BOM, CRLF), whole or not at all; count its rows."""
    cells = ([neutralised(printed(cell)) for cell in row] for row in rows)
    return write_plain_csv(path, [neutralised(cell) for cell in header], cells)


def write_plain_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """The same of text that is safe already."""
    count = 0
    with _whole(path) as unfinished, unfinished.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def write_xlsx(
    path: Path,
    sheet: str,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    is_money: Callable[[str], bool] = lambda _: False,
) -> int:
    """Write a workbook of one sheet, whole or not at all; count its rows. At most MOST_SHEET_ROWS fit.

    Columns whose heading `is_money` says so show two places.
    """
    import xlsxwriter

    count = 0
    # constant_memory: a row is on disk before the next is begun
    options = {**EXCEL_OPTIONS, "constant_memory": True}
    with _whole(path) as unfinished, xlsxwriter.Workbook(str(unfinished), options) as workbook:
        day, moment = (workbook.add_format({"num_format": f"dd/mm/yyyy{time}"}) for time in ("", " hh:mm:ss"))
        money, bold = workbook.add_format({"num_format": "#,##0.00"}), workbook.add_format({"bold": True})
        worksheet = workbook.add_worksheet(sheet[:_LONGEST_SHEET_NAME])
        worksheet.freeze_panes(1, 0)
        worksheet.set_column(0, max(len(header) - 1, 0), 18)
        for column, heading in enumerate(header):
            write_cell(worksheet, 0, column, heading, bold)
        moneys = [is_money(heading) for heading in header]
        for row in rows:
            count += 1
            for column, value in enumerate(row):
                shape = moment if isinstance(value, datetime) else day if isinstance(value, date) else None
                write_cell(worksheet, count, column, value, money if moneys[column] else shape)
    return count


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with _whole(path) as unfinished:
        unfinished.write_bytes(content)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A place beside the file to write it to; it takes the file's place only when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_cell(worksheet: Any, row: int, column: int, value: Any, cell_format: Any = None) -> None:
    """Write one cell of an XlsxWriter worksheet by its type; text is always a string, never a formula."""
    if value is None:
        worksheet.write_blank(row, column, None, cell_format)
    elif isinstance(value, bool):
        worksheet.write_boolean(row, column, value, cell_format)
    elif isinstance(value, int) and abs(value) >= _FIRST_INEXACT:
        worksheet.write_string(row, column, str(value), cell_format)
    elif isinstance(value, int | float | Decimal):
        worksheet.write_number(row, column, value, cell_format)
    elif isinstance(value, datetime | date):
        worksheet.write_datetime(row, column, value, cell_format)
    else:
        worksheet.write_string(row, column, neutralised(str(value))[:_LONGEST_CELL], cell_format)


def printed(value: Any) -> Any:
    """A value as a UK reader writes it in a file: 31/08/2011, 31/08/2011 23:00:00, TRUE; nothing is empty."""
    if type(value) in (str, int):
        return value
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime():
            return value.strftime("%d/%m/%Y %H:%M:%S")
        case date():
            return value.strftime("%d/%m/%Y")
        case Decimal():
            return f"{value:f}"
    return value
