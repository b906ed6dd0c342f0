"""Take mappings from a folder of CSV files: all is checked first, and one error means nothing is taken.

A file holds what should now be true of the keys it names: a row with a new key is added, one whose other
columns differ is changed (the audit log keeps both), one that says what is already there is left alone. A row
is never removed by leaving it out of a file: end it with `valid_to`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from orchestration.operations.audit import Change, Signature, write_audit
from orchestration.operations.base import table_of
from orchestration.operations.errors import MappingError, MappingsRefusedError
from orchestration.operations.mapping_columns import MAPPING_FILES, MappingFile

Row = dict[str, Any]
Identity = tuple[Any, ...]
END_OF_TIME = date.max
ANY_STORE = "*"
STOPS_FILE = "store_stops.csv"  # may stand in the folder with its heading only


@dataclass(frozen=True)
class Imported:
    """How many rows of one table were added, changed, or already so."""

    table: str
    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True)
class FileRow:
    """A row of a file, with the line a spreadsheet shows it on."""

    line: int
    values: Row


def read_folder(folder: Path) -> tuple[dict[str, list[FileRow]], list[MappingError]]:
    """Every mapping file of the folder, read; and everything wrong within single files."""
    known = {f"{file.name}.csv": file for file in MAPPING_FILES}
    errors: list[MappingError] = []
    rows: dict[str, list[FileRow]] = {}
    if not folder.is_dir():
        return {}, [MappingError(folder.name, 0, "", "is not a folder")]
    for path in sorted(folder.glob("*.csv")):
        if path.name == STOPS_FILE:
            if len(path.read_text(encoding="utf-8-sig").splitlines()) > 1:
                errors.append(
                    MappingError(path.name, 2, "", "a store is stopped by its own command, never by a file")
                )
        elif path.name in known:
            rows[known[path.name].name] = list(_rows(path, known[path.name], errors))
        else:
            errors.append(MappingError(path.name, 0, "", f"is not one of {', '.join(sorted(known))}"))
    if not rows and not errors:
        errors.append(MappingError(folder.name, 0, "", f"holds none of {', '.join(sorted(known))}"))
    return rows, errors


def _rows(path: Path, file: MappingFile, errors: list[MappingError]) -> Iterator[FileRow]:
    """The readable rows of one file; whatever is wrong is added to the errors."""
    try:
        cells_of = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True))
    except UnicodeDecodeError as problem:
        errors.append(MappingError(path.name, 0, "", f"is not UTF-8 text (byte {problem.start})"))
        return
    except csv.Error as problem:
        errors.append(MappingError(path.name, 0, "", f"is not a CSV file: {problem}"))
        return
    heading = [cell.strip() for cell in cells_of[0]] if cells_of else []
    allowed = {**file.readers, **file.ignored}
    problems = [f"column '{name}' is missing" for name in file.readers if name not in heading]
    problems += [f"column '{name}' is not known" for name in heading if name not in allowed]
    twice = sorted({name for name in heading if heading.count(name) > 1})
    problems += [f"column '{name}' is there twice" for name in twice]
    errors.extend(MappingError(path.name, 1, "", problem) for problem in problems)
    if problems:
        return
    for line, cells in enumerate(cells_of[1:], start=2):
        if any(cell.strip() for cell in cells):
            before = len(errors)
            row = _row(file, line, heading, cells, errors)
            if len(errors) == before:
                yield FileRow(line, row)


def _row(
    file: MappingFile, line: int, heading: list[str], cells: list[str], errors: list[MappingError]
) -> Row:
    """The values of one row; errors name each bad cell."""
    name = f"{file.name}.csv"
    if len(cells) != len(heading):
        errors.append(MappingError(name, line, "", f"has {len(cells)} cells, the heading has {len(heading)}"))
        return {}
    row: Row = {}
    for column, cell in zip(heading, cells, strict=True):
        reader = file.readers.get(column) or file.ignored[column]
        try:
            value = reader(cell.strip())
        except ValueError as problem:
            errors.append(MappingError(name, line, column, str(problem)))
            continue
        if column in file.readers:
            row[column] = value
    if row.get("valid_to") and row.get("valid_from") and row["valid_to"] < row["valid_from"]:
        errors.append(MappingError(name, line, "valid_to", "is before valid_from"))
    return row


def take(connection: Connection, rows: dict[str, list[FileRow]], by: Signature) -> list[Imported]:
    """Check the rows against each other and the store, then write them in this transaction.

    Raises MappingsRefusedError with every error found; the caller's transaction then holds nothing.
    """
    stored = {file.name: _stored(connection, file) for file in MAPPING_FILES}
    errors: list[MappingError] = []
    for file in MAPPING_FILES:
        errors += _clashes(file, rows.get(file.name, []), stored[file.name])
    errors += _strangers(rows, stored)
    if errors:
        raise MappingsRefusedError(errors)
    given = [file for file in MAPPING_FILES if file.name in rows]
    return [_write(connection, file, rows[file.name], stored[file.name], by=by) for file in given]


def _stored(connection: Connection, file: MappingFile) -> dict[Identity, Row]:
    """What the store has now, by key and first day."""
    table = table_of(file.model)
    columns = [table.c[name] for name in ("id", *file.readers)]
    found = connection.execute(select(*columns)).mappings()
    return {_identity(file, dict(row)): dict(row) for row in found}


def _identity(file: MappingFile, row: Row) -> Identity:
    """What makes a row this row: company, key, and where it has one its first day."""
    parts = ["company_id", *file.key] + (["valid_from"] if file.has_validity else [])
    return tuple(row[part] for part in parts)


def _clashes(file: MappingFile, rows: list[FileRow], stored: dict[Identity, Row]) -> Iterator[MappingError]:
    """Rows given twice, and rows of one key that would hold on the same day."""
    name = f"{file.name}.csv"
    line_of: dict[Identity, int] = {}
    for row in rows:
        identity = _identity(file, row.values)
        if identity in line_of:
            yield MappingError(name, row.line, "", f"says again what row {line_of[identity]} says")
        line_of[identity] = row.line
    if not file.has_validity:
        return
    together = {**stored, **{_identity(file, row.values): row.values for row in rows}}
    by_key: dict[Identity, list[Identity]] = {}
    for identity in sorted(together):
        by_key.setdefault(identity[:-1], []).append(identity)
    for identities in by_key.values():
        for earlier, later in pairwise(identities):
            last_day = together[earlier]["valid_to"] or END_OF_TIME
            if last_day >= later[-1]:
                line = line_of.get(later) or line_of.get(earlier) or 0
                until = "further notice" if last_day == END_OF_TIME else str(last_day)
                key = " ".join(map(str, later[1:-1]))
                reason = f"'{key}' would hold twice: from {earlier[-1]} until {until}, and from {later[-1]}"
                yield MappingError(name, line, "valid_from", reason)


def _strangers(
    rows: dict[str, list[FileRow]], stored: dict[str, dict[Identity, Row]]
) -> Iterator[MappingError]:
    """Rows that name a company or store nobody has described."""

    def named(table: str, *columns: str) -> set[Identity]:
        both = [row.values for row in rows.get(table, [])] + list(stored[table].values())
        return {tuple(row[column] for column in columns) for row in both}

    companies, stores = named("companies", "company_id"), named("stores", "company_id", "store_id")
    for table, table_rows in rows.items():
        name = f"{table}.csv"
        for row in table_rows:
            company_id, store_id = row.values["company_id"], row.values.get("store_id")
            if (company_id,) not in companies:
                yield MappingError(name, row.line, "company_id", f"'{company_id}' is not in companies")
            elif table == "stores" and store_id == ANY_STORE:
                yield MappingError(name, row.line, "store_id", "must be one store")
            elif store_id not in (None, ANY_STORE) and (company_id, store_id) not in stores:
                yield MappingError(name, row.line, "store_id", f"'{store_id}' is not in stores")


def _write(
    connection: Connection,
    file: MappingFile,
    rows: list[FileRow],
    stored: dict[Identity, Row],
    *,
    by: Signature,
) -> Imported:
    """Add what is new, change what differs, and log both."""
    table = table_of(file.model)
    added = changed = 0
    for row in rows:
        identity = _identity(file, row.values)
        before = {name: value for name, value in stored.get(identity, {}).items() if name != "id"}
        if before == row.values:
            continue
        if before:
            changed += 1
            mine = table.c.id == stored[identity]["id"]
            connection.execute(update(table).where(mine).values(**row.values, **by.columns()))
        else:
            added += 1
            off = {"posting_enabled": False} if "posting_enabled" in table.c else {}
            connection.execute(insert(table).values(**row.values, **by.columns(), **off))
        action = "change mapping" if before else "add mapping"
        row_key = "|".join(str(part) for part in identity)
        company_id = row.values["company_id"]
        write_audit(
            connection, by, Change(company_id, action, file.name, row_key, before or None, row.values)
        )
    return Imported(file.name, added, changed, len(rows) - added - changed)
