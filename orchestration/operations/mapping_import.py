"""Take mappings from CSV files: all is checked first, and one error means nothing is taken.

A file holds what should now be true of the keys it names: a row with a new key is added, one whose other
columns differ is changed (the audit log keeps both), one that says what is already there is left alone. A row
is never removed by leaving it out of a file: end it with `valid_to`.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import Connection, and_, insert, select, update

from orchestration.exports import released
from orchestration.operations.audit import Change, Signature, write_audit
from orchestration.operations.base import table_of
from orchestration.operations.errors import MappingError, MappingsRefusedError
from orchestration.operations.mapping_columns import MAPPING_FILES, OUTSIDE_SCOPE, OVER_SHORT, MappingFile

Row = dict[str, Any]
Identity = tuple[Any, ...]
Kind = Literal["added", "changed", "ended", "unchanged"]
END_OF_TIME = date.max
ANY_STORE = "*"
IN_ANY_CASE = frozenset({"sku", "till_tax_code", "tender_type", "category"})
"""Columns whose letter case the models do not mind: two rows that differ by nothing else are one."""
STOPS_FILE = "store_stops.csv"  # may stand in the folder with its heading only


@dataclass(frozen=True)
class Imported:
    """How many rows of one table were added, changed, or already so."""

    table: str
    added: int
    changed: int
    unchanged: int
    ended: int = 0


@dataclass(frozen=True)
class FileRow:
    """A row of a file, with the line a spreadsheet shows it on."""

    line: int
    values: Row


@dataclass(frozen=True)
class Given:
    """What files say: their readable rows by table, what is wrong in them, and what a person should be told."""

    rows: dict[str, list[FileRow]]
    errors: list[MappingError]
    notes: list[MappingError]

    @property
    def broken(self) -> set[str]:
        """Tables whose file has an error: what it would hold as a whole is not known."""
        return {error.file.removesuffix(".csv") for error in self.errors}


@dataclass(frozen=True)
class RowChange:
    """What one row of a file would do, or did: `kind` is added, changed, ended or unchanged.

    Ended: nothing but the last day is another, and it comes sooner than before.
    """

    table: str
    line: int
    kind: Kind
    company_id: str
    row_key: str
    before: Row | None
    after: Row


def read(place: Path) -> Given:
    """Every mapping file of a folder, or one file alone; and everything wrong within single files."""
    given = Given({}, [], [])
    known = {f"{file.name}.csv": file for file in MAPPING_FILES}
    listed = ", ".join(sorted(known))
    if not place.exists():
        given.errors.append(MappingError(str(place), 0, "", "is not there"))
        return given
    for path in sorted(place.glob("*.csv")) if place.is_dir() else [place]:
        if path.name == STOPS_FILE:
            if len(path.read_bytes().splitlines()) > 1:
                given.errors.append(
                    MappingError(path.name, 2, "", "a store is stopped by its own command, never by a file")
                )
        elif path.name in known:
            given.rows[known[path.name].name] = list(_rows(path, known[path.name], given))
        else:
            given.errors.append(MappingError(path.name, 0, "", f"is not one of {listed}"))
    if not given.rows and not given.errors:
        given.errors.append(MappingError(place.name, 0, "", f"holds none of {listed}"))
    return given


def _rows(path: Path, file: MappingFile, given: Given) -> Iterator[FileRow]:
    """The readable rows of one file; whatever is wrong is added to the errors."""
    errors = given.errors
    try:
        cells_of = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True))
    except UnicodeDecodeError as problem:
        errors.append(MappingError(path.name, 0, "", f"is not UTF-8 text (byte {problem.start})"))
        return
    except (csv.Error, OSError) as problem:
        errors.append(MappingError(path.name, 0, "", f"cannot be read as CSV: {problem}"))
        return
    heading = [cell.strip() for cell in cells_of[0]] if cells_of else []
    allowed = {**file.readers, **file.ignored, **file.retired}
    needed = [name for name in file.readers if name not in file.optional]
    problems = [f"column '{name}' is missing" for name in needed if name not in heading]
    problems += [f"column '{name}' is not known" for name in heading if name not in allowed]
    twice = sorted({name for name in heading if heading.count(name) > 1})
    problems += [f"column '{name}' is there twice" for name in twice]
    errors.extend(MappingError(path.name, 1, "", problem) for problem in problems)
    given.notes.extend(
        MappingError(path.name, 1, name, f"is read by nothing: {file.retired[name]}; leave the column out")
        for name in heading
        if name in file.retired
    )
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
        if column in file.retired:
            continue
        reader = file.readers.get(column) or file.ignored[column]
        try:
            value = reader(released(cell.strip()))
        except ValueError as problem:
            errors.append(MappingError(name, line, column, str(problem)))
            continue
        if column in file.readers:
            row[column] = value
    if row.get("valid_to") and row.get("valid_from") and row["valid_to"] < row["valid_from"]:
        errors.append(MappingError(name, line, "valid_to", "is before valid_from"))
    if row.get("filed_on") and row.get("valid_to") and row["filed_on"] <= row["valid_to"]:
        errors.append(MappingError(name, line, "filed_on", "is not after the period's last day"))
    if row.get("sales_posted_as") == "order" and row.get("ledger_kind") == "sage50":
        told = "is order, and Sage 50 imports no sales order: leave it invoice"
        errors.append(MappingError(name, line, "sales_posted_as", told))
    if (
        file.name in ("sku_mappings", "tender_mappings")
        and str(row.get("category", "")).lower() == OVER_SHORT
    ):
        told = f"is {OVER_SHORT}, which only closures have: map its account in nominal_mappings.csv"
        errors.append(MappingError(name, line, "category", told))
    if file.name == "tender_mappings":
        errors.extend(MappingError(name, line, column, told) for column, told in _unclear_settlement(row))
    errors.extend(MappingError(name, line, column, told) for column, told in _unclear_recipe(row))
    return row


def _unclear_settlement(row: Row) -> Iterator[tuple[str, str]]:
    """A settlement without what it needs, or something given that it does not have: by column, in words."""
    settlement, category = row.get("settlement", "bank"), row.get("category", "")
    if settlement == "bank" and row.get("bank_code") == "":
        yield "bank_code", "is empty, and settlement is neither account nor nominal"
    if settlement != "nominal":
        for column in ("category", "till_tax_code"):
            if row.get(column):
                yield column, "is given, and only settlement nominal has one"
        return
    if row.get("bank_code"):
        yield "bank_code", "is given, and settlement nominal goes through no bank"
    if not category:
        yield "category", "is empty, and settlement nominal gives back what was sold under a category"
    elif category in OUTSIDE_SCOPE and row.get("till_tax_code"):
        yield "till_tax_code", f"is given, and no VAT was due on '{category}' when it was sold"
    elif category not in OUTSIDE_SCOPE and not row.get("till_tax_code"):
        yield "till_tax_code", f"is empty, and VAT was due on '{category}' when it was sold"


def _unclear_recipe(row: Row) -> Iterator[tuple[str, str]]:
    """A recipe without what it needs, or something given that it does not have: by column, in words."""
    clears, bank = row.get("recipe") == "takings_clearing", row.get("clearing_bank_code", "")
    if clears and not bank:
        yield "clearing_bank_code", "is empty, and takings_clearing takes a day through a bank of its own"
    if clears and row.get("grain") == "receipt":
        yield "recipe", "'takings_clearing' is of a day: the grain must be till_day or store_day"
    if bank and not clears:
        yield "clearing_bank_code", "is given, and only takings_clearing has a clearing bank"


def compare(connection: Connection, given: Given) -> tuple[list[RowChange], list[MappingError]]:
    """What taking these rows would change, row by row; and everything wrong with them, in files and between them.

    What a broken file would hold as a whole is not known, so nothing is said of how it fits with others.
    """
    stored = {file.name: _stored(connection, file) for file in MAPPING_FILES}
    errors = list(given.errors)
    for file in MAPPING_FILES:
        if file.name not in given.broken:
            errors += _clashes(file, given.rows.get(file.name, []), stored[file.name])
    if not given.broken & {"companies", "stores"}:
        errors += _strangers(given.rows, stored)
        errors += _one_code_of_two_stores(given.rows.get("stores", []), stored["stores"])
        errors += _without_transfers(given.rows, stored)
    changes = [
        _change(file, row, stored[file.name])
        for file in MAPPING_FILES
        for row in given.rows.get(file.name, [])
    ]
    return changes, errors


def take(connection: Connection, given: Given, by: Signature) -> list[RowChange]:
    """Compare, then write what differs in this transaction and log it.

    Raises MappingsRefusedError with every error found; the caller's transaction then holds nothing.
    """
    changes, errors = compare(connection, given)
    if errors:
        raise MappingsRefusedError(errors)
    for change in changes:
        if change.kind != "unchanged":
            _write(connection, change, by)
    return changes


def counted(changes: list[RowChange]) -> list[Imported]:
    """How many rows of each table were added, changed, ended or already so."""
    tables = list(dict.fromkeys(change.table for change in changes))
    kinds = Counter((change.table, change.kind) for change in changes)
    return [Imported(table, **{kind: kinds[(table, kind)] for kind in get_args(Kind)}) for table in tables]


def _stored(connection: Connection, file: MappingFile) -> dict[Identity, Row]:
    """What the store has now, by key and first day."""
    table = table_of(file.model)
    columns = [table.c[name] for name in ("id", *file.readers)]
    found = connection.execute(select(*columns)).mappings()
    return {_identity(file, dict(row)): dict(row) for row in found}


def _identity(file: MappingFile, row: Row) -> Identity:
    """What makes a row this row: company, key and first day, where it has one; what is read in any case, in one."""
    return tuple(
        value.upper() if part in IN_ANY_CASE and value else value
        for part, value in _key_of(file, row).items()
    )


def _key_of(file: MappingFile, row: Row) -> Row:
    """The same as it was typed, by column."""
    parts = ["company_id", *file.key] + (["valid_from"] if file.has_validity else [])
    return {part: row[part] for part in parts}


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
    together = _together(file, rows, stored)
    by_key: dict[Identity, list[Identity]] = {}
    for identity in sorted(together):
        by_key.setdefault(identity[:-1], []).append(identity)
    for identities in by_key.values():
        for earlier, later in pairwise(identities):
            last_day = together[earlier]["valid_to"] or END_OF_TIME
            if last_day >= later[-1]:
                line = line_of.get(later) or line_of.get(earlier) or 0
                until = "further notice" if last_day == END_OF_TIME else str(last_day)
                key = " ".join(map(str, later[1:-1])) or later[0]
                reason = f"'{key}' would hold twice: from {earlier[-1]} until {until}, and from {later[-1]}"
                yield MappingError(name, line, "valid_from", reason)


def _together(file: MappingFile, rows: list[FileRow], stored: dict[Identity, Row]) -> dict[Identity, Row]:
    """What the store would hold once these rows are taken."""
    return {**stored, **{_identity(file, row.values): row.values for row in rows}}


def _one_code_of_two_stores(rows: list[FileRow], stored: dict[Identity, Row]) -> Iterator[MappingError]:
    """Stores whose tills print one code on the same day: each receipt would be the sale of both."""
    file = next(one for one in MAPPING_FILES if one.name == "stores")
    line_of = {_identity(file, row.values): row.line for row in rows}
    together = _together(file, rows, stored)
    by_code: dict[Identity, list[Identity]] = {}
    for identity, row in together.items():
        by_code.setdefault((row["company_id"], row["store_code"]), []).append(identity)
    for (_, code), identities in sorted(by_code.items()):
        identities.sort(key=lambda identity: identity[-1])
        for earlier, later in combinations(identities, 2):
            last_day = together[earlier]["valid_to"] or END_OF_TIME
            if earlier[:-1] != later[:-1] and last_day >= later[-1]:
                line = line_of.get(later) or line_of.get(earlier) or 0
                other = together[earlier if later in line_of else later]["store_id"]
                reason = f"'{code}' is printed by the tills of store '{other}' too, from {later[-1]}"
                yield MappingError("stores.csv", line, "store_code", reason)


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


def _without_transfers(
    rows: dict[str, list[FileRow]], stored: dict[str, dict[Identity, Row]]
) -> Iterator[MappingError]:
    """Takings through a clearing bank where the ledger is a Sage 50, whose file import is given no transfer."""
    companies = [*stored["companies"].values(), *(row.values for row in rows.get("companies", []))]
    kinds = {company["company_id"]: company["ledger_kind"] for company in companies}
    for row in rows.get("store_grains", []):
        values = row.values
        if values.get("recipe") == "takings_clearing" and kinds.get(values["company_id"]) == "sage50":
            told = "'takings_clearing' needs bank transfers, which are not written for a Sage 50: use till_customer"
            yield MappingError("store_grains.csv", row.line, "recipe", told)


def _change(file: MappingFile, row: FileRow, stored: dict[Identity, Row]) -> RowChange:
    """What one row does to what the store has of its key."""
    identity = _identity(file, row.values)
    before = {name: value for name, value in stored.get(identity, {}).items() if name != "id"} or None
    return RowChange(
        table=file.name,
        line=row.line,
        kind=_kind(before, row.values),
        company_id=row.values["company_id"],
        row_key="|".join(map(str, _key_of(file, row.values).values())),
        before=before,
        after=row.values,
    )


def _kind(before: Row | None, after: Row) -> Kind:
    if before is None:
        return "added"
    differing = {name for name in after if after[name] != before[name]}
    if not differing:
        return "unchanged"
    sooner = (after.get("valid_to") or END_OF_TIME) < (before.get("valid_to") or END_OF_TIME)
    return "ended" if differing == {"valid_to"} and sooner else "changed"


ACTIONS: dict[Kind, str] = {"added": "add mapping", "changed": "change mapping", "ended": "end mapping"}


def _write(connection: Connection, change: RowChange, by: Signature) -> None:
    """Add or change the row of one change, and log it."""
    file = next(file for file in MAPPING_FILES if file.name == change.table)
    table = table_of(file.model)
    if change.before is None:
        off = {"posting_enabled": False} if "posting_enabled" in table.c else {}
        connection.execute(insert(table).values(**change.after, **by.columns(), **off))
    else:
        parts = ["company_id", *file.key] + (["valid_from"] if file.has_validity else [])
        mine = and_(*(table.c[part] == change.after[part] for part in parts))
        connection.execute(update(table).where(mine).values(**change.after, **by.columns()))
    write_audit(
        connection,
        by,
        Change(
            change.company_id,
            ACTIONS[change.kind],
            change.table,
            change.row_key,
            change.before,
            change.after,
        ),
    )
