"""A published table as a file for a spreadsheet: money in pounds and pence, days as DD/MM/YYYY, no cell that runs.

Columns keep their names but for two: `…_pence` leaves as `…_pounds`, and a moment `…_at` as `…_at_utc`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.published import Published
from app.reports import Report, stamp
from orchestration.exports import MOST_SHEET_ROWS, write_csv, write_xlsx

PENNY = Decimal("0.01")
KINDS = (".csv", ".xlsx")


class ExportRefusedError(Exception):
    """The table cannot leave as asked; the message says why and how it can."""


def export(published: Published, table: str, place: Path, *, overwrite: bool = False) -> Report:
    """Write one table of a publication to a .csv or .xlsx file. Raises ExportRefusedError; then nothing was written."""
    if table not in published.models:
        raise ExportRefusedError(f"there is no table '{table}'; there are: {', '.join(published.models)}")
    kind = place.suffix.lower()
    if kind not in KINDS:
        raise ExportRefusedError(f"{place} must end in {' or '.join(KINDS)}: that says what to write")
    if place.is_dir():
        raise ExportRefusedError(f"{place} is a folder: name a file in it")
    if place.exists() and not overwrite:
        raise ExportRefusedError(f"{place} is there already: name another file, or overwrite it with --force")
    count = published.count(table)
    if kind == ".xlsx" and count > MOST_SHEET_ROWS:
        raise ExportRefusedError(
            f"{table} has {count:,} rows and a sheet of Excel holds {MOST_SHEET_ROWS:,}: write a .csv"
        )
    names, rows = published.table(table)
    header = [heading(name) for name in names]
    moneys = [is_pence(name) for name in names]
    cells = _cells(rows, moneys)
    try:
        if kind == ".csv":
            written = write_csv(place, header, cells)
        else:
            pounds = {told for told, money in zip(header, moneys, strict=True) if money}
            written = write_xlsx(place, table, header, cells, is_money=pounds.__contains__)
    except OSError as error:
        raise ExportRefusedError(f"{place} cannot be written: {error.strerror or error}") from error
    return {**stamp(published), "table": table, "file": str(place), "rows": written, "columns": header}


def is_pence(name: str) -> bool:
    """Whether a column is whole pence, or pence times days."""
    return name.endswith("_pence") or "_pence_" in name


def heading(name: str) -> str:
    """The column's name in the file."""
    if is_pence(name):
        return name.replace("_pence", "_pounds")
    return f"{name}_utc" if name.endswith("_at") else name


def _cells(rows: Iterator[tuple[Any, ...]], moneys: list[bool]) -> Iterator[list[Any]]:
    for row in rows:
        yield [
            value * PENNY
            if money and value is not None
            else ", ".join(map(str, value))
            if isinstance(value, list)
            else value
            for value, money in zip(row, moneys, strict=True)
        ]
