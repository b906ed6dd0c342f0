"""The SQL words of landing: its own columns, and the digests that keys and checksums are made of."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.landing_tables import TableSpec

META = {
    "company_id": "varchar",
    "source_key": "varchar",
    "row_checksum": "varchar",
    "is_tombstone": "boolean",
    "delivery_id": "varchar",
    "source_file": "varchar",
    "source_row": "bigint",
    "pass_number": "integer",
    "document_date": "date",
}


def content_and_meta(spec: TableSpec) -> dict[str, str]:
    """Every column of a landed file with its type, in order: content first, then meta."""
    return {**spec.columns, **{name: type_ for name, type_ in META.items() if name not in spec.columns}}


def quoted(name: str) -> str:
    """A column name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def digest(columns: Sequence[str], added: Sequence[str] = ()) -> str:
    """SQL for the md5 of columns as text: nulls told from empty, parts kept apart by what text never has.

    An added column is part of it by name, and only where it is filled.
    """
    parts = [f"coalesce(cast({quoted(name)} as varchar), '~')" for name in columns]
    parts += [f"'{name}=' || cast({quoted(name)} as varchar)" for name in added]
    return f"md5(concat_ws(chr(31), {', '.join(parts)}))"


def number(columns: Sequence[str]) -> str:
    """The same digest as a number: half the memory, for comparisons that stay inside one call."""
    return digest(columns).replace("md5(", "md5_number(", 1)
