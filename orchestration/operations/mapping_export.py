"""Write the mappings as the CSV files that an import reads: taking them in again changes nothing.

Text that a spreadsheet would run gets an apostrophe, which the import takes off again; dates stay YYYY-MM-DD, so that
no spreadsheet can swap day and month.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from orchestration.exports import guarded, write_plain_csv
from orchestration.operations.base import table_of
from orchestration.operations.mapping_columns import MAPPING_FILES, MappingFile


def write_folder(connection: Connection, folder: Path) -> dict[str, int]:
    """One file per table, tables without rows too; how many rows of each."""
    return {
        file.name: write_plain_csv(folder / f"{file.name}.csv", list(file.readers), _rows(connection, file))
        for file in MAPPING_FILES
    }


def _rows(connection: Connection, file: MappingFile) -> list[list[str]]:
    table = table_of(file.model)
    key = ["company_id", *file.key] + (["valid_from"] if file.has_validity else [])
    query = select(*(table.c[name] for name in file.readers)).order_by(*(table.c[name] for name in key))
    return [[guarded(_written(value)) for value in row] for row in connection.execute(query)]


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            told = f"{value:f}"
            return told.rstrip("0").rstrip(".") if "." in told else told
        case date():
            return value.isoformat()
    return str(value)
