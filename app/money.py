"""Pence, moments and days as a reader in the UK writes them. Money is whole pence; no float comes near it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.shop_clock import local

HUNDRED = 100
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
"""What stands where there is no value."""


def pounds(pence: int | None) -> str:
    """£1,234.56 from 123456; a minus stands before the pound sign."""
    if pence is None:
        return NONE
    whole, rest = divmod(abs(pence), HUNDRED)
    return f"{MINUS if pence < 0 else ''}£{whole:,}.{rest:02d}"


def whole_pounds(pence: int | None) -> str:
    """£1,235 from 123456, half away from zero: for totals where pennies only hide the size."""
    if pence is None:
        return NONE
    rounded = (abs(pence) + HUNDRED // 2) // HUNDRED
    return f"{MINUS if pence < 0 and rounded else ''}£{rounded:,}"


def plain_pounds(pence: int | None) -> str | None:
    """1234.56 from 123456: text that a program can read as a decimal."""
    if pence is None:
        return None
    whole, rest = divmod(abs(pence), HUNDRED)
    return f"{'-' if pence < 0 else ''}{whole}.{rest:02d}"


def pounds_to_draw(pence: int) -> float:
    """Pounds for the length of a bar. Only a drawing may use it: it is no longer money."""
    return float(Decimal(pence) / HUNDRED)


def share(part: int, whole: int) -> str:
    """98.4% by whole-number arithmetic; never 100.0% unless it is all of it, never 0.0% unless it is
    nothing."""
    if whole == 0:
        return NONE
    tenths = part * 1000 // whole
    if part and not tenths:
        return "<0.1%"
    return f"{tenths // 10}.{tenths % 10}%"


def day(value: date | None) -> str:
    """9 Dec 2011; of a moment the day that it was in the shop."""
    value = local(value) if isinstance(value, datetime) else value
    return NONE if value is None else f"{value.day} {value:%b %Y}"


def month(value: date | None) -> str:
    """December 2011, from any day in it."""
    return NONE if value is None else f"{value:%B %Y}"


def moment(value: datetime | None) -> str:
    """9 Dec 2011, 20:00 GMT: by the shop's clock. Every timestamp that is kept is UTC without a zone."""
    return NONE if value is None else f"{day(value)}, {local(value):%H:%M %Z}"


def units(value: Decimal | str | None) -> str:
    """12 or 0.5: a quantity without the zeros that only fill its decimals."""
    if value is None:
        return NONE
    told = f"{value:f}" if isinstance(value, Decimal) else value
    return told.rstrip("0").rstrip(".") if "." in told else told


def counted(number: int, one: str, many: str | None = None) -> str:
    """1 receipt, 1,234 receipts."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def jsonable(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for JSON: pence stay whole numbers and gain a text in pounds beside them, dates become ISO text.

    `gross_pence: 123456` is followed by `gross: "1234.56"`; timestamps are UTC and end in Z, but for a
    `…_local` one, which is what the till's own clock said.
    """
    told: dict[str, Any] = {}
    for name, value in row.items():
        told[name] = value.isoformat() if name.endswith("_local") and value else _plain(value)
        if name.endswith("_pence") and (value is None or isinstance(value, int)):
            told[name.removesuffix("_pence")] = plain_pounds(value)
        elif name == "debt_pence_days":
            told["debt_pounds_days"] = plain_pounds(value)
    return told


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat() + "Z"
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case Mapping():
            return jsonable(value)
        case list() | tuple():
            return [_plain(each) for each in value]
    return value
