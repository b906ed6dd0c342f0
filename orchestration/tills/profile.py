"""Profiles: how a till writes its files, in TOML that a person who does not program can write.

`profiles/comma_till.toml` is the worked example, with a comment on every setting. A profile of the same
name in `<home>/profiles` takes the place of the one given here.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from orchestration.landing_tables import DELIVERIES, SET_ASIDE_ROWS, SYNC_LOG, TILL_TABLES, TableSpec

GIVEN = Path(__file__).parent / "profiles"
RECEIVED_TABLES: Mapping[str, TableSpec] = {spec.name: spec for spec in (*TILL_TABLES, SYNC_LOG)}
# set by intake itself, never by a column of a file
_OWN = {"profile", "occurrence", "line_occurrence"}
# a row without these cannot be kept as what it claims to be
MUST_BE_FILLED: Mapping[str, frozenset[str]] = {
    "pos/receipt_lines": frozenset(
        {"store_code", "till_code", "receipt_no", "receipt_kind", "sold_at_local", "sku", "quantity"}
        | {"unit_price", "net_amount", "tax_amount", "gross_amount", "tax_code"}
    ),
    "pos/tenders": frozenset(
        {
            "store_code",
            "till_code",
            "receipt_no",
            "taken_at_local",
            "tender_no",
            "tender_type",
            "tender_amount",
        }
    ),
    "pos/till_closures": frozenset({"store_code", "till_code", "closure_no", "business_date"}),
    "pos/products": frozenset({"store_code", "sku"}),
    "connector/sync_log": frozenset(
        {"connector", "run_id", "ended_at", "reference", "attempt", "record_status"}
    ),
}
# where the file need not say the document date: it is the date printed in this column
DATED_BY = {"pos/receipt_lines": "sold_at_local", "pos/tenders": "taken_at_local"}


class ProfileError(Exception):
    """A profile cannot be used; says which file, which setting and why."""


def _in_order(value: object) -> object:
    """What JSON has no form for: a set as a sorted list, anything else as its text."""
    return sorted(value, key=str) if isinstance(value, (set, frozenset)) else str(value)


@dataclass(frozen=True)
class TableMap:
    """How the rows of one landed table are found in a file.

    `columns` maps our column to the file's header (CSV) or place (XML). `fixed` gives a column one value for
    all rows. `element` is the XML element that is one row.
    """

    table: str
    columns: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    fixed: Mapping[str, str] = field(default_factory=dict)
    element: str = ""

    @property
    def spec(self) -> TableSpec:
        """The landed table."""
        return RECEIVED_TABLES[self.table]

    @property
    def headers(self) -> list[str]:
        """The headers a file must have."""
        return [header for name, header in self.columns.items() if name not in self.optional]


@dataclass(frozen=True)
class Profile:
    """One kind of file a till writes."""

    name: str
    file_format: Literal["csv", "xml"]
    folders: tuple[str, ...]
    files: tuple[str, ...]
    tables: tuple[TableMap, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    timestamp_formats: tuple[str, ...] = ("%Y-%m-%d %H:%M:%S",)
    date_formats: tuple[str, ...] = ("%Y-%m-%d",)
    receipt_kinds: Mapping[str, str] = field(default_factory=dict)
    settle_seconds: float = 2.0
    ends_with_newline: bool = True
    unit: str = ""

    @cached_property
    def version(self) -> str:
        """Name and a digest of every setting: another one means that the profile was mended."""
        # sorted, for a set's own order is another one in every process
        settings = json.dumps(asdict(self), sort_keys=True, default=_in_order)
        return f"{self.name}@{hashlib.sha256(settings.encode()).hexdigest()[:8]}"

    def takes(self, source_file: PurePosixPath) -> bool:
        """Whether a file, named from the inbox, is of this kind. Letter case does not matter."""
        folder, name = source_file.parent.as_posix().casefold(), source_file.name.casefold()
        return any(fnmatchcase(folder, one.casefold()) for one in self.folders) and any(
            fnmatchcase(name, one.casefold()) for one in self.files
        )


def load_profiles(folders: Iterable[Path] = ()) -> list[Profile]:
    """Every profile: those of the given folders first, then the ones that come with Tillproof."""
    found: dict[str, list[Profile]] = {}
    for folder in (*folders, GIVEN):
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            found.setdefault(path.stem, read_profile(path))
    return [profile for profiles in found.values() for profile in profiles]


def choose(profiles: Sequence[Profile], source_file: PurePosixPath) -> Profile | None:
    """The first profile that takes the file."""
    return next((profile for profile in profiles if profile.takes(source_file)), None)


def read_profile(path: Path) -> list[Profile]:
    """The kinds of file one TOML file describes. Raises ProfileError, naming the setting."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path.name}: not a TOML file: {error}") from error
    exports = given.pop("export", [])
    if not exports:
        raise ProfileError(f"{path.name}: has no [[export]]")
    return [_profile(path, given | export) for export in exports]


_SETTINGS = {
    "description", "name", "format", "folders", "files", "table", "columns", "optional_columns", "fixed",
    "tables", "element", "delimiter", "encoding", "decimal", "timestamp_formats", "date_formats",
    "receipt_kinds", "settle_seconds", "ends_with_newline", "unit",
}  # fmt: skip


def _profile(path: Path, given: Mapping[str, Any]) -> Profile:
    def refuse(why: str) -> ProfileError:
        return ProfileError(f"{path.name}: export {given.get('name', '?')!r}: {why}")

    if unknown := sorted(set(given) - _SETTINGS):
        raise refuse(f"unknown setting {', '.join(unknown)}")
    if missing := [name for name in ("name", "folders", "files") if not given.get(name)]:
        raise refuse(f"{', '.join(missing)} must be given")
    file_format = given.get("format", "csv")
    if file_format not in ("csv", "xml"):
        raise refuse(f"format is {file_format!r}; it may be csv or xml")
    if given.get("decimal", ".") not in (".", ","):
        raise refuse("decimal is the sign before the pence: '.' or ','")
    if len(given.get("delimiter", ",")) != 1 or given.get("delimiter", ",") in '"\r\n':
        raise refuse("delimiter is one character")
    try:
        codecs.lookup(given.get("encoding", "utf-8"))
    except LookupError as error:
        raise refuse(f"encoding {given['encoding']!r} is unknown") from error
    maps = given.get("tables") or [given]
    try:
        tables = tuple(_table_map(one) for one in maps)
    except ValueError as error:
        raise refuse(str(error)) from error
    if file_format == "csv" and len(tables) != 1:
        raise refuse("a CSV file holds one table")
    if file_format == "xml" and not (given.get("unit") and all(one.element for one in tables)):
        raise refuse("an XML export needs `unit`, and `element` for each table")
    return Profile(
        name=f"{path.stem}/{given['name']}",
        file_format=file_format,
        folders=_texts(given["folders"]),
        files=_texts(given["files"]),
        tables=tables,
        delimiter=given.get("delimiter", ","),
        encoding=codecs.lookup(given.get("encoding", "utf-8")).name,
        decimal=given.get("decimal", "."),
        timestamp_formats=_texts(given.get("timestamp_formats", ["%Y-%m-%d %H:%M:%S"])),
        date_formats=_texts(given.get("date_formats", ["%Y-%m-%d"])),
        receipt_kinds=dict(given.get("receipt_kinds", {})),
        settle_seconds=float(given.get("settle_seconds", 2.0)),
        ends_with_newline=bool(given.get("ends_with_newline", True)),
        unit=given.get("unit", ""),
    )


def _table_map(given: Mapping[str, Any]) -> TableMap:
    table = given.get("table", "")
    if table not in RECEIVED_TABLES:
        raise ValueError(f"table is {table!r}; it may be {', '.join(RECEIVED_TABLES)}")
    spec = RECEIVED_TABLES[table]
    required, optional = dict(given.get("columns", {})), dict(given.get("optional_columns", {}))
    fixed = {name: str(value) for name, value in given.get("fixed", {}).items()}
    named = [*required, *optional, *fixed]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} is given twice")
    if unknown := [name for name in named if name not in spec.columns or name in _OWN]:
        raise ValueError(f"{table} has no column {', '.join(unknown)} that a file could fill")
    if missing := sorted(MUST_BE_FILLED[table] - set(named)):
        raise ValueError(f"{table} needs {', '.join(missing)}: name its column, or give it under `fixed`")
    return TableMap(table, required | optional, frozenset(optional), fixed, given.get("element", ""))


def _texts(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


INTAKE_TABLES = (*RECEIVED_TABLES.values(), DELIVERIES, SET_ASIDE_ROWS)
