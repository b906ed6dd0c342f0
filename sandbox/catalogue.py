"""How a REST resource is described: its fields, the SQL behind each, and how a field is written as JSON.

SQLite itself writes each row's JSON: money goes from whole pence to text without ever being a float, and a
page of 5,000 ledger rows costs one statement. Fields of kind `json` are nested and read only when wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

FILTERABLE = ("int", "text", "money", "quantity", "rate", "bool", "date", "time")


@dataclass(frozen=True, slots=True)
class Column:
    """One field. `sql` is in stored units; `values` are the strings of an enum, by their integer."""

    name: str
    sql: str
    kind: str = "text"
    values: tuple[str, ...] = ()
    is_expanded_only: bool = False

    def as_json(self) -> str:
        """SQL text expression that writes this field's JSON value."""
        return WRITERS[self.kind].replace("$", self.sql)


@dataclass(frozen=True)
class Resource:
    """One readable collection. `source` is a FROM clause, `order` its documented or usual default sort."""

    name: str
    source: str
    columns: dict[str, Column]
    order: str
    key: str = "id"
    where: str = ""
    parents: dict[str, str] = field(default_factory=dict)  # parent resource -> column holding its id


def scaled(digits: int, padding: str = "") -> str:
    """JSON number of an integer scaled by 10^digits; NULL stays null."""
    one = 10**digits
    return (
        f"iif($ is null, 'null', format('%s%d.%0{digits}d{padding}',"
        f" iif($ < 0, '-', ''), abs($) / {one}, abs($) % {one}))"
    )


WRITERS = {
    "int": "coalesce($, 'null')",
    "text": "json_quote($)",
    "money": scaled(2),
    "rate": scaled(2),
    "quantity": scaled(3, "00"),
    "price": scaled(5),
    "bool": "iif($, 'true', 'false')",
    "date": "iif($ is null, 'null', '\"' || $ || 'T00:00:00\"')",
    "time": "'\"' || rtrim(rtrim($, '0'), '.') || 'Z\"'",
    "json": "coalesce($, 'null')",
}


def columns(*groups: Column | Sequence[Column]) -> dict[str, Column]:
    """Columns by name, in the order given."""
    listed: dict[str, Column] = {}
    for group in groups:
        for column in [group] if isinstance(group, Column) else group:
            listed[column.name] = column
    return listed


def named(kind: str, prefix: str, *names: str) -> list[Column]:
    """Columns whose field and SQL names are the same, on one table."""
    return [Column(name, f"{prefix}.{name}", kind) for name in names]


def constant(kind: str, sql: str, *names: str) -> list[Column]:
    """Fields this sandbox does not vary."""
    return [Column(name, sql, kind) for name in names]


def stamps(prefix: str) -> list[Column]:
    return [
        Column("date_time_created", f"{prefix}.created_at", "time"),
        Column("date_time_updated", f"{prefix}.updated_at", "time"),
    ]


def money_json(sql: str) -> str:
    """A money value inside `json_object`."""
    return f"json({WRITERS['money'].replace('$', sql)})"


def date_json(sql: str) -> str:
    return f"iif({sql} is null, null, {sql} || 'T00:00:00')"


def time_json(sql: str) -> str:
    return f"rtrim(rtrim({sql}, '0'), '.') || 'Z'"


def array(pairs: dict[str, str], source: str) -> str:
    """A nested array: JSON field -> SQL, over a FROM clause with its conditions."""
    fields = ", ".join(f"'{name}', {sql}" for name, sql in pairs.items())
    return f"(select json_group_array(json_object({fields})) from {source})"


def single(pairs: dict[str, str], source: str) -> str:
    """A nested object, or null."""
    fields = ", ".join(f"'{name}', {sql}" for name, sql in pairs.items())
    return f"(select json_object({fields}) from {source})"
