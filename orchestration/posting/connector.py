"""What the connector would have called a receipt: its pattern, run backwards.

The pattern reads store, receipt number and ordinal out of a reference. Written backwards it makes the
reference of a receipt, which the poster looks for just before sending. Only plain patterns can be run
backwards: fixed text, three groups, and optional non-capturing parts; and what comes out must be read back
to what went in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestration.posting.documents import Payload

CUSTOMER_DOCUMENTS = ("invoice", "credit_note")
TOKEN = re.compile(r"\\[.\-/_:#]|\(\?:|\(|\)\??|[A-Za-z0-9_:#/ \-]|[\^$]|.", re.DOTALL)


class NotPlainError(ValueError):
    """The pattern cannot be run backwards."""


def references(pattern: str, store_id: str, receipt_no: str, ordinal: int | None) -> list[str]:
    """Every reference the pattern reads as this receipt (and tender, if given); empty when it can make none.

    An ordinal of None stands for the document of the goods, which carries no tender number.
    """
    values = [store_id, receipt_no, None if ordinal is None else str(ordinal)]
    try:
        made = "".join(_written(_tokens(pattern), values))
    except NotPlainError:
        return []
    read = re.fullmatch(pattern, made)
    if read is None or [read.group(1), read.group(2), read.group(3)] != values:
        return []
    return [made]


def _tokens(pattern: str) -> list[str]:
    return TOKEN.findall(pattern)


def _written(tokens: list[str], values: list[str | None]) -> Iterator[str]:
    """The text of the tokens, groups filled with their values in order; a part without its value left out."""
    remaining = list(values)
    place = 0
    while place < len(tokens):
        part = tokens[place]
        if part == "(":
            end = _closing(tokens, place)
            if not remaining:
                raise NotPlainError("more than three groups")
            value = remaining.pop(0)
            if value is None and tokens[end] != ")?":
                raise NotPlainError("a group without a value")
            yield value or ""
            place = end
        elif part == "(?:":
            end = _closing(tokens, place)
            inner = tokens[place + 1 : end]
            groups = inner.count("(")
            if tokens[end] == ")?" and groups and remaining[:groups] == [None] * groups:
                del remaining[:groups]
            else:
                yield from _written(inner, remaining[:groups])
                del remaining[:groups]
            place = end
        elif part.startswith("\\"):
            yield part[1:]
        elif part not in "^$":
            if re.escape(part) != part and part not in "-#/ ":
                raise NotPlainError(f"'{part}' has no one text")
            yield part
        place += 1


def _closing(tokens: list[str], opening: int) -> int:
    """Where the bracket opened here is closed."""
    depth = 0
    for place in range(opening, len(tokens)):
        if tokens[place] in ("(", "(?:"):
            depth += 1
        elif tokens[place] in (")", ")?"):
            depth -= 1
            if depth == 0:
                return place
    raise NotPlainError("a bracket is never closed")


def connector_references(patterns: list[str], payload: Payload, store_id: str, receipt_no: str) -> list[str]:
    """Every reference a connector could have given this document."""
    kind, key = payload.document.document_kind, payload.document.posting_key
    ordinal = None if kind in CUSTOMER_DOCUMENTS else int(key[16:18])
    return [made for pattern in patterns for made in references(pattern, store_id, receipt_no, ordinal)]
