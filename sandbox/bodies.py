"""What a POST body must look like before its accounting is considered (sage200.md §2, §6.2, §7, §10.5-6).

`read_body` turns a JSON object into plain values: money as whole pence, dates as `YYYY-MM-DD`, rates as
Decimal. The first fault met is refused, as Sage does. Fields Sage does not know are passed over; whether Sage
refuses them is not documented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sandbox.refusals import invalid, missing

DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d{1,7})?Z?")
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body: `kind` is money, rate, integer, flag, text, date or items."""

    kind: str
    is_required: bool = False
    longest: int = 0
    items: Shape | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one body or of one item in it, and which of them must be there."""

    fields: dict[str, Field]
    required: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "required", tuple(n for n, f in self.fields.items() if f.is_required))


def read_body(shape: Shape, body: Mapping[str, Any], *, where: str = "") -> dict[str, Any]:
    """Check a body against its shape; returns known fields only. Raises Refused."""
    values: dict[str, Any] = {}
    fields = shape.fields
    for name, value in body.items():
        if value is None:
            raise missing(where + name)
        known = fields.get(name)
        if known is not None:
            values[name] = READERS[known.kind](known, value, where + name)
    for name in shape.required:
        if name not in values:
            raise missing(where + name)
    return values


def pence(value: object, name: str) -> int:
    """A JSON number of pounds with at most two decimals, as whole pence."""
    if type(value) is int:
        return value * 100
    if isinstance(value, Decimal) and value.is_finite():
        hundredfold = value * HUNDRED
        whole = int(hundredfold)
        if whole == hundredfold:
            return whole
        raise invalid(f"The field {name} has more than two decimal places.")
    raise invalid(f"The field {name} is not a number.")


@lru_cache(maxsize=4096)
def document_date(value: str) -> str | None:
    """`2011-01-31T00:00:00Z` as `2011-01-31`; None for a bare date or for nonsense."""
    match = DATETIME.fullmatch(value)
    if match is None:
        return None
    try:
        date.fromisoformat(match[1])
    except ValueError:
        return None
    return match[1]


def _money(_: Field, value: object, name: str) -> int:
    return pence(value, name)


def _rate(_: Field, value: object, name: str) -> Decimal:
    if type(value) is int or isinstance(value, Decimal):
        return Decimal(value)
    raise invalid(f"The field {name} is not a number.")


def _integer(_: Field, value: object, name: str) -> int:
    if type(value) is int:
        return value
    raise invalid(f"The field {name} is not a whole number.")


def _flag(_: Field, value: object, name: str) -> bool:
    if isinstance(value, bool):
        return value
    raise invalid(f"The field {name} is not true or false.")


def _text(known: Field, value: object, name: str) -> str:
    if not isinstance(value, str):
        raise invalid(f"The field {name} is not a string.")
    if len(value) > known.longest:
        raise invalid(f"The field {name} must be a string with a maximum length of {known.longest}.")
    return value


def _date(_: Field, value: object, name: str) -> str:
    read = document_date(value) if isinstance(value, str) else None
    if read is None:
        raise invalid(f"The field {name} is not a valid date and time; send it as YYYY-MM-DDT00:00:00Z.")
    return read


def _items(known: Field, value: object, name: str) -> list[dict[str, Any]]:
    assert known.items is not None
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise invalid(f"The field {name} is not a list.")
    items = []
    for item in value:
        if not isinstance(item, Mapping):
            raise invalid(f"The field {name} holds something that is not an object.")
        items.append(read_body(known.items, item, where=name + "."))
    return items


READERS = {
    "money": _money,
    "rate": _rate,
    "integer": _integer,
    "flag": _flag,
    "text": _text,
    "date": _date,
    "items": _items,
}


def money(*, required: bool = False) -> Field:
    return Field("money", required)


def text(longest: int, *, required: bool = False) -> Field:
    return Field("text", required, longest)


def integer(*, required: bool = False) -> Field:
    return Field("integer", required)


def items(shape: Shape, *, required: bool = False) -> Field:
    return Field("items", required, items=shape)


DATE = Field("date")
FLAG = Field("flag")
RATE = Field("rate")
