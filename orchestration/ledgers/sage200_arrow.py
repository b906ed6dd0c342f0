"""Rows as Sage sends them become Arrow columns: decimals stay exact, stamps become naive UTC.

Columns are cut from a page of rows at once: no row is worked on by itself beyond its JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ledgers.sage200_wire import Row


class UnreadableColumnError(ValueError):
    """Sage sent a value that the column's type cannot hold exactly."""


def arrow_type(duckdb_type: str) -> pa.DataType:
    """The Arrow type of a DuckDB type that a ledger table uses; KeyError for any other."""
    name = duckdb_type.replace(" ", "").lower()
    if name.startswith("decimal("):
        precision, scale = name[len("decimal(") : -1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return {
        "bigint": pa.int64(),
        "integer": pa.int32(),
        "varchar": pa.string(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }[name]


def arrow_columns(
    rows: Sequence[Row], columns: Mapping[str, str], fields: Mapping[str, str]
) -> dict[str, Any]:
    """A column per entry of `columns` (name to DuckDB type), from the field that `fields` renames or its own.

    A field that a row lacks is null. Raises UnreadableColumnError naming the column.
    """
    names = [fields.get(name, name) for name in columns]
    return {
        column: arrow_array(values, arrow_type(type_), column)
        for (column, type_), values in zip(columns.items(), _turned(rows, names), strict=True)
    }


def _turned(rows: Sequence[Row], names: list[str]) -> Sequence[Sequence[Any]]:
    """The values of each name over all rows."""
    if not rows:
        return [() for _ in names]
    try:
        return list(zip(*map(itemgetter(*names, names[0]), rows), strict=True))[: len(names)]
    except KeyError:
        return [[row.get(name) for row in rows] for name in names]


def arrow_array(values: Sequence[Any], type_: pa.DataType, name: str) -> Any:
    """JSON values as one Arrow array of the type; UnreadableColumnError when one does not fit exactly."""
    try:
        if pa.types.is_date(type_):
            return pc.utf8_slice_codeunits(pa.array(values, pa.string()), 0, 10).cast(type_)
        if pa.types.is_timestamp(type_):
            return _stamps(values, type_)
        try:
            return pa.array(values, type_)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.array([_plain(value, type_) for value in values], type_)
    except (ValueError, TypeError, ArithmeticError) as odd:
        raise UnreadableColumnError(f"{name} cannot be read as {type_}: {odd}") from None


def _plain(value: Any, type_: pa.DataType) -> Any:
    """The same value in the kind the type wants: 4000 for "4000", 12.00 for 12.000. Never through a float."""
    if value is None:
        return None
    if pa.types.is_string(type_):
        return str(value)
    if pa.types.is_integer(type_):
        number = Decimal(str(value))
        if number != number.to_integral_value():
            raise ValueError(f"{value} is not whole")
        return int(number)
    if pa.types.is_decimal(type_):
        number = Decimal(str(value))
        exact = round(number, type_.scale)
        if exact != number:
            raise ValueError(f"{value} has more than {type_.scale} decimal places")
        return exact
    return value


def _stamps(values: Sequence[Any], type_: pa.DataType) -> Any:
    """ISO 8601 texts, with or without Z, with 0 to 7 fraction digits; an offset moves them to UTC."""
    texts = pc.utf8_rtrim(pa.array(values, pa.string()), characters="Z")
    try:
        return pc.replace_substring_regex(texts, r"(\.\d{6})\d+$", r"\1").cast(type_)
    except pa.ArrowInvalid:
        return pa.array([_naive_utc(value) for value in values], type_)


def _naive_utc(value: str | None) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
