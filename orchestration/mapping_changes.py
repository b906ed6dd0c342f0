"""Mappings changed from a page: in a grid, or by a CSV or Excel file that went out and came back.

Whatever it came from, it is written as the CSV files of `tillproof mappings import`, and that import tries it or
takes it: the page has no opinion of its own on what a mapping may be.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.exports import EXCEL_OPTIONS, guarded, released
from orchestration.mappings_report import take_in
from orchestration.operations import Operations, OperationsError
from orchestration.operations.mapping_columns import MAPPING_FILES, MappingFile
from orchestration.operations.signing import check_signature
from orchestration.spreadsheets import WorkbookError, read_workbook

Report = dict[str, Any]
Files = dict[str, str]
FILES = {file.name: file for file in MAPPING_FILES}


def in_force(operations: Operations) -> dict[str, list[dict[str, str]]]:
    """Every mapping by table, each row as the text of its cells."""
    with tempfile.TemporaryDirectory() as folder:
        operations.export_mappings(Path(folder))
        return {
            name: [
                {column: released(cell) for column, cell in row.items()}
                for row in csv.DictReader(
                    io.StringIO((Path(folder) / f"{name}.csv").read_text(encoding="utf-8-sig"))
                )
            ]
            for name in FILES
        }


def csv_file(operations: Operations, table: str) -> bytes:
    """One mapping file, as `tillproof mappings export` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        operations.export_mappings(Path(folder))
        return (Path(folder) / f"{table}.csv").read_bytes()


def workbook(operations: Operations) -> bytes:
    """Every mapping file as a sheet of one workbook; all cells are text, so that Excel changes none by itself."""
    import xlsxwriter

    content = io.BytesIO()
    options = {**EXCEL_OPTIONS, "in_memory": True}
    with xlsxwriter.Workbook(content, options) as book:
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        for name, rows in in_force(operations).items():
            sheet = book.add_worksheet(name)
            header = list(FILES[name].readers)
            sheet.freeze_panes(1, 0)
            # rows still to come are text too: Excel would make days and leading noughts its own
            sheet.set_column(0, len(header) - 1, 20, text)
            for column, heading in enumerate(header):
                sheet.write_string(0, column, heading, bold)
            for place, row in enumerate(rows, start=1):
                for column, heading in enumerate(header):
                    sheet.write_string(place, column, guarded(row[heading]), text)
    return content.getvalue()


def read_upload(name: str, content: bytes) -> Files:
    """An uploaded .csv (one table, by its name) or .xlsx (a table a sheet) as CSV texts. Raises OperationsError."""
    stem, kind = Path(name).stem, Path(name).suffix.lower()
    if kind == ".csv":
        if stem not in FILES:
            raise OperationsError(f"{name} is not one of {', '.join(f'{table}.csv' for table in FILES)}")
        try:
            return {stem: content.decode("utf-8-sig")}
        except UnicodeDecodeError as error:
            raise OperationsError(
                f"{name} is not UTF-8 text (byte {error.start}): save it as CSV UTF-8"
            ) from error
    if kind != ".xlsx":
        raise OperationsError(f"{name} is neither .csv nor .xlsx")
    try:
        sheets = read_workbook(content)
    except WorkbookError as error:
        raise OperationsError(f"{name}: {error}") from error
    strangers = sorted(set(sheets) - set(FILES))
    if strangers:
        raise OperationsError(
            f"{name}: sheet {strangers[0]} is no mapping table; there are: {', '.join(FILES)}"
        )
    return {table: _csv(_squared(rows)) for table, rows in sheets.items() if len(rows) > 1}


def from_grid(table: str, rows: Sequence[Mapping[str, Any]]) -> Files:
    """The rows of an edited grid as a CSV text; a row whose cells are all empty is left out."""
    header = list(_file(table).readers)
    told = [[_cell(row.get(column)) for column in header] for row in rows]
    return {table: _csv([header, *([guarded(cell) for cell in row] for row in told if any(row))])}


def try_out(operations: Operations, files: Files) -> Report:
    """What taking them would change and everything wrong with them, by the import's own dry run."""
    return _through_the_import(operations, files, apply=False)


def take(operations: Operations, files: Files, shown: Sequence[Report], *, by: str, reason: str) -> str:
    """Take them, all or nothing, where they still do exactly what was `shown`. Raises OperationsError."""
    check_signature(by, reason)
    now = try_out(operations, files)
    if now["refused"]:
        raise OperationsError(_sentence(now["refused"][0]))
    if now["changes"] != list(shown):
        raise OperationsError("somebody changed these mappings meanwhile: look at what would change again")
    if not now["changes"]:
        raise OperationsError("nothing would change")
    done = _through_the_import(operations, files, apply=True, author=by.strip(), reason=reason.strip())
    if not done["applied"]:
        raise OperationsError(_sentence(done["refused"][0]))
    rows = len(done["changes"])
    return f"{'1 row' if rows == 1 else f'{rows:,} rows'} taken. The next pass goes by it: tillproof run"


def _through_the_import(
    operations: Operations, files: Files, *, apply: bool, author: str = "", reason: str = ""
) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        for table, text in files.items():
            (Path(folder) / f"{_file(table).name}.csv").write_text(text, encoding="utf-8", newline="")
        return take_in(operations, Path(folder), apply=apply, author=author, reason=reason)


def _file(table: str) -> MappingFile:
    if table not in FILES:
        raise OperationsError(f"there is no mapping table '{table}'; there are: {', '.join(FILES)}")
    return FILES[table]


def _sentence(told: Report) -> str:
    where = told["file"] + (f" row {told['row']}" if told["row"] else "")
    where += f", column {told['column']}" if told["column"] else ""
    return f"{where}: {told['reason']}"


def _cell(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()  # noqa: PLR0124  NaN of an empty cell


def _squared(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Rows as long as their heading: a workbook leaves empty cells at the end out."""
    wide = len(rows[0])
    return [[*row, *[""] * (wide - len(row))] for row in rows]


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
