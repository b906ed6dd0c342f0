"""Sage 200 on the wire: JSON without floats, OData literals, and what an answer to a POST proves.

Sources: Sage's query-parameter guide for the literals; the error body and most wordings are not published, so
every form seen in the wild is read and none is relied on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from orchestration.ledgers.ledger import Reply

Row = dict[str, Any]

# a 4xx that proves the document was turned away; any other status leaves it unknown
REFUSALS = frozenset({400, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 422, 423, 428, 431})
LOCKABLE = frozenset({400, 409, 423})
LOCK_WORDS = re.compile(
    r"(?<![bc])lock|in use|another user|already open|being used|being edited", re.IGNORECASE
)
MESSAGE_KEYS = (
    "message",
    "error_description",
    "description",
    "detail",
    "exceptionmessage",
    "exception_message",
    "title",
    "error",
    "errors",
    "exception",
    "exceptiontype",
    "exception_type",
    "type",
)
LONGEST_MESSAGE = 500
URN_SEQUENCE_DIGITS = 7


def text_literal(text: str) -> str:
    """A string as OData writes it: in single quotes, an embedded one doubled."""
    return "'" + text.replace("'", "''") + "'"


def date_literal(day: date) -> str:
    """A date as OData filters take it: 2016-02-23."""
    return day.isoformat()


def stamp_literal(moment: datetime | str) -> str:
    """A UTC moment as OData filters take it, ending in Z; Sage's own text is kept to the digit."""
    if isinstance(moment, str):
        return moment if moment.endswith("Z") else f"{moment}Z"
    naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return f"{naive.isoformat(timespec='milliseconds')}Z"


def both(*conditions: str | None) -> str | None:
    """The conditions joined by `and`, those given; None when there is none."""
    given = [condition for condition in conditions if condition]
    if len(given) < 2:
        return given[0] if given else None
    return " and ".join(f"({condition})" if " or " in condition else condition for condition in given)


def from_json(content: bytes) -> Any:
    """Parse JSON with every fraction as Decimal; ValueError when it is not JSON."""
    return json.loads(content.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def to_json(value: object) -> str:
    """Write JSON with decimals as plain numbers; the standard encoder would need a float for that."""
    match value:
        case Decimal():
            return format(value, "f")
        case None | bool() | int() | str():
            return json.dumps(value)
        case Mapping():
            return (
                "{" + ",".join(f"{json.dumps(str(key))}:{to_json(item)}" for key, item in value.items()) + "}"
            )
        case Sequence():
            return "[" + ",".join(to_json(item) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} has no place in a Sage body")


def rows_of(body: Any) -> list[Row]:
    """The rows of a collection, bare or wrapped in `value`; ValueError for anything else."""
    rows = body.get("value") if isinstance(body, dict) else body
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("neither an array of rows nor one wrapped in value")
    return rows


def message_of(content: bytes) -> str:
    """Whatever an error body says, in one line: object, list, bare string, plain text, or '' for nothing."""
    try:
        words = _words_in(from_json(content))
    except ValueError:
        words = [content.decode("utf-8-sig", errors="replace")]
    line = " ".join(" | ".join(dict.fromkeys(words)).split())
    return line[:LONGEST_MESSAGE]


def _words_in(body: Any) -> list[str]:
    match body:
        case str():
            return [body] if body.strip() else []
        case list():
            return [word for item in body for word in _words_in(item)]
        case dict():
            known = {str(key).lower(): item for key, item in body.items()}
            found = [word for key in MESSAGE_KEYS if key in known for word in _words_in(known[key])]
            return found or ([json.dumps(body, default=str)] if body else [])
    return []


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds a Retry-After asks for, given as seconds or as a date; None when absent or unreadable."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def urn_of(value: object) -> int | None:
    """The URN as the posted views give it: a 12-digit text carries user and module before the sequence."""
    text = str(value).strip()
    if not text.isdigit():
        return None
    return int(text[-URN_SEQUENCE_DIGITS:]) if len(text) >= 12 else int(text)


def reply_of(
    status: int, content: bytes, retry_after: float | None = None, *, is_order: bool = False
) -> Reply:
    """What one answer to a document POST proves; a server error or a strange answer proves nothing.

    An order has no URN: Sage answers with the order itself.
    """
    if 200 <= status < 300:
        return _reply_of_success(status, content, "id" if is_order else "urn")
    message = message_of(content) or f"HTTP {status} with no message"
    if status in {423, 429} or (status in LOCKABLE and LOCK_WORDS.search(message)):
        return Reply("locked", status, None, message, retry_after)
    if status in REFUSALS:
        return Reply("refused", status, None, message, retry_after)
    return Reply("unknown", status, None, message, retry_after)


def _reply_of_success(status: int, content: bytes, number: str) -> Reply:
    try:
        body = from_json(content)
    except ValueError:
        return Reply("unknown", status, None, "accepted, but the answer is not readable")
    given = urn_of(body.get(number)) if isinstance(body, dict) else None
    if given is None:
        named = "a URN" if number == "urn" else "an order"
        return Reply("unknown", status, None, message_of(content) or f"accepted, but without {named}")
    return Reply("accepted", status, given if number == "urn" else None, "")
