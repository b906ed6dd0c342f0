"""The OData subset Sage answers: $filter, $select, $orderby, $top, $skip, $expand, $count (sage200.md §2).

A `$filter` becomes a parameterised WHERE clause; nothing a client sends reaches SQL as text. Whatever is not
in the subset is refused with 400.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from sandbox.catalogue import FILTERABLE, Column, Resource
from sandbox.refusals import Refused

TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<mark>[(),]))"
)
OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
FUNCTIONS = ("contains", "startswith", "endswith")
DEEPEST = 40
SCALES = {"money": 100, "rate": 100, "quantity": 1000}
LAST_LETTER = "\U0010ffff"
NARROWING = {"reference", "urn"}  # indexed, and few rows share one

Token = tuple[str, str]
Condition = tuple[str, list[Any]]


def bad_query(message: str) -> Refused:
    return Refused(400, "ODataException", message)


@dataclass(frozen=True)
class Query:
    """What a GET asks of one resource, ready for SQL."""

    columns: list[Column]
    where: str
    parameters: list[Any]
    order: str
    top: int
    skip: int
    wants_count: bool


def parse_query(
    resource: Resource, options: Mapping[str, str], *, default_top: int, greatest_top: int
) -> Query:
    """Read the `$` options of a URL. Raises Refused (400) for anything outside the subset."""
    where = ""
    parameters: list[Any] = []
    order = _order(resource, options.get("$orderby", ""))
    if options.get("$filter", "").strip():
        asked = Filter(resource, options["$filter"])
        where, parameters = asked.compile()
        if asked.names <= NARROWING and order == f"{resource.key} asc":
            order = f"+{order}"  # else SQLite walks the whole table in the order of its key
    top = _whole_number("$top", options.get("$top", str(default_top)))
    return Query(
        columns=_selected(resource, options.get("$select", ""), options.get("$expand", "")),
        where=where,
        parameters=parameters,
        order=order,
        top=min(top, greatest_top),
        skip=_whole_number("$skip", options.get("$skip", "0")),
        wants_count=options.get("$count", "").lower() == "true",
    )


def _whole_number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise bad_query(f"{name} must be a whole number, not '{text}'.")
    return int(text)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _column(resource: Resource, name: str) -> Column:
    column = resource.columns.get(name)
    if column is None:
        raise bad_query(f"Could not find a property named '{name}' on '{resource.name}'.")
    return column


def _selected(resource: Resource, select: str, expand: str) -> list[Column]:
    expanded = [_column(resource, name) for name in _names(expand)]
    if _names(select):
        chosen = [_column(resource, name) for name in dict.fromkeys(_names(select))]
        chosen = [column for column in chosen if not column.is_expanded_only]
    else:
        chosen = [column for column in resource.columns.values() if not column.is_expanded_only]
    return chosen + [column for column in expanded if column not in chosen]


def _order(resource: Resource, text: str) -> str:
    terms = []
    for term in _names(text):
        name, _, direction = term.partition(" ")
        direction = direction.strip().lower() or "asc"
        column = _column(resource, name)
        if direction not in ("asc", "desc") or column.kind not in FILTERABLE:
            raise bad_query(f"$orderby cannot use '{term}'.")
        terms.append(f"{column.sql} {direction}")
    if not terms:
        return resource.order
    if all(term.split(" ")[0] != resource.key for term in terms):
        terms.append(f"{resource.key} asc")  # ties in a settled order, so that pages neither repeat nor lose
    return ", ".join(terms)


class Filter:
    """A recursive descent over `$filter`: or < and < comparison, function or brackets."""

    def __init__(self, resource: Resource, text: str) -> None:
        self.resource = resource
        self.tokens = self._tokens(text)
        self.at = 0
        self.names: set[str] = set()

    @staticmethod
    def _tokens(text: str) -> list[Token]:
        tokens: list[Token] = []
        position = 0
        while position < len(text.rstrip()):
            match = TOKEN.match(text, position)
            if match is None:
                raise bad_query(f"Syntax error at position {position} in '{text}'.")
            assert match.lastgroup is not None
            tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        return tokens

    def compile(self) -> Condition:
        condition = self._either(0)
        if self.at < len(self.tokens):
            raise bad_query(f"Unexpected '{self.tokens[self.at][1]}' in $filter.")
        return condition

    def _take(self, *wanted: str) -> Token:
        if self.at >= len(self.tokens):
            raise bad_query("$filter ends too early.")
        token = self.tokens[self.at]
        if wanted and token[1].lower() not in wanted:
            raise bad_query(f"Expected {' or '.join(wanted)} but found '{token[1]}' in $filter.")
        self.at += 1
        return token

    def _next_is(self, word: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][1].lower() == word

    def _either(self, depth: int) -> Condition:
        sql, parameters = self._both(depth)
        while self._next_is("or"):
            self._take()
            right, more = self._both(depth)
            sql, parameters = f"({sql} or {right})", parameters + more
        return sql, parameters

    def _both(self, depth: int) -> Condition:
        sql, parameters = self._one(depth)
        while self._next_is("and"):
            self._take()
            right, more = self._one(depth)
            sql, parameters = f"({sql} and {right})", parameters + more
        return sql, parameters

    def _one(self, depth: int) -> Condition:
        if depth > DEEPEST:
            raise bad_query("$filter is nested too deeply.")
        if self._next_is("("):
            self._take()
            condition = self._either(depth + 1)
            self._take(")")
            return condition
        kind, word = self._take()
        if kind != "word":
            raise bad_query(f"Expected a property but found '{word}' in $filter.")
        if word.lower() in FUNCTIONS and self._next_is("("):
            return self._function(word.lower())
        column = self._filterable(word)
        operator = OPERATORS[self._take(*OPERATORS)[1].lower()]
        return compare(column, operator, self._take())

    def _filterable(self, name: str) -> Column:
        column = _column(self.resource, name)
        if column.kind not in FILTERABLE:
            raise bad_query(f"$filter cannot use '{name}'.")
        self.names.add(name)
        return column

    def _function(self, name: str) -> Condition:
        self._take("(")
        column = self._filterable(self._take()[1])
        self._take(",")
        kind, literal = self._take()
        self._take(")")
        if column.kind != "text" or kind != "string":
            raise bad_query(f"{name} works on text only.")
        text = unquoted(literal)
        if name == "contains":
            return f"instr({column.sql}, ?) > 0", [text]
        if name == "endswith":
            return f"substr({column.sql}, -max(length(?), 1)) = ?", [text, text]
        return f"({column.sql} >= ? and {column.sql} < ?)", [
            text,
            text + LAST_LETTER,
        ]  # an index can serve it


def unquoted(literal: str) -> str:
    return literal[1:-1].replace("''", "'")


def compare(column: Column, operator: str, token: Token) -> Condition:
    """One comparison in stored units. Raises Refused when the literal is not of the column's type."""
    kind, literal = token
    if column.kind == "text" and kind == "string":
        return f"{column.sql} {operator} ?", [_enum_string(column, unquoted(literal))]
    if column.kind == "int" and kind == "number" and "." not in literal:
        return f"{column.sql} {operator} ?", [int(literal)]
    if column.kind in SCALES and kind == "number":
        return _compare_scaled(column, operator, Decimal(literal) * SCALES[column.kind])
    if column.kind == "bool" and literal.lower() in ("true", "false"):
        return f"{column.sql} {operator} ?", [int(literal.lower() == "true")]
    if column.kind in ("date", "time") and kind == "time":
        return f"{column.sql} {operator} ?", [_moment(column, literal)]
    raise bad_query(f"'{literal}' cannot be compared with '{column.name}'.")


def _enum_string(column: Column, text: str) -> str:
    """An enum may be named by its string or by its integer, both in quotes (§2)."""
    if column.values and text.isdecimal() and int(text) < len(column.values):
        return column.values[int(text)]
    return text


def _compare_scaled(column: Column, operator: str, value: Decimal) -> Condition:
    """Compare with a bound that may lie between two pence."""
    whole = value.to_integral_value()
    if whole == value:
        return f"{column.sql} {operator} ?", [int(whole)]
    if operator in ("=", "<>"):
        return ("0", []) if operator == "=" else (f"{column.sql} is not null", [])
    if operator.startswith(">"):
        return f"{column.sql} > ?", [int(value.to_integral_value(ROUND_FLOOR))]
    return f"{column.sql} < ?", [int(value.to_integral_value(ROUND_CEILING))]


def _moment(column: Column, literal: str) -> str:
    """A literal date, or time in UTC ending in Z, as text that compares with what is stored."""
    try:
        if "T" not in literal:
            day = date.fromisoformat(literal).isoformat()
            return day if column.kind == "date" else f"{day}T00:00:00.000"
        if not literal.endswith("Z"):
            raise bad_query(f"The time '{literal}' must be in UTC and end in Z.")
        moment = datetime.fromisoformat(literal[:-1]).isoformat(timespec="milliseconds")
    except ValueError as error:
        raise bad_query(f"'{literal}' is not a date.") from error
    return moment.removesuffix("T00:00:00.000") if column.kind == "date" else moment
