"""The index by which a receipt or document is found by its number among millions: one more published table.

A name is what a person has in hand: a receipt number, a URN, a posting key, a Sage reference. A row says in which store
and on which day something bears it; which table has it, and whether it is that very name, is asked of the rows of that
day. A file a month, sorted by name, so that a name is in one small part of each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import duckdb

TABLE = "name_index"
COLUMNS = (
    (
        "name",
        "varchar",
        "What a person has in hand, in capitals: receipt number, URN, reference, posting key's stem.",
    ),
    ("store_id", "varchar", "The store in whose rows it is found."),
    ("day", "date", "Their business date; in `ledger_documents` the document date."),
)
ROW_GROUP = 16_384
"""Rows that a question reads of each month."""

OUR_KEY = re.compile("TP[0-9A-Z]{18}")
STEM_LENGTH = 15
"""Of a posting key what all documents of an event share, which is what is listed of it."""
LEDGER_DOCUMENT = re.compile(r"(?!pos:|tranche:|closure:)(?:[^:]+:)+(\d+)")
"""A ledger document's id ends in its URN, which is what is listed of it; an event's ends in a count."""


def _urn_of(text: str) -> str:
    """SQL: the URN that a ledger document's id ends in; any other text as it is."""
    return (
        f"case when regexp_matches({text}, ':[0-9]+$') and not regexp_matches({text}, '^(pos|tranche|closure):') "
        f"then regexp_extract({text}, '[0-9]+$') else {text} end"
    )


NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "receipts": ("business_date", ("receipt_no",)),
    "document_verdicts": (
        "business_date",
        (
            f"left(posting_key, {STEM_LENGTH})",
            "cast(ledger_urn as varchar)",
            f"case when document_id <> coalesce(posting_key, '') then {_urn_of('document_id')} end",
            # a closure has no row in receipts: its number is a document's alone
            "case when coalesce(starts_with(event_id, 'closure:'), true) then receipt_no end",
            f"unnest(case when event_id is null then "
            f"[{_urn_of('each')} for each in string_split(partner_id, ',')] end)",
            "case when not starts_with(event_id, 'pos:') then event_id end",
        ),
    ),
    "ledger_documents": (
        "document_date",
        (
            "cast(urn as varchar)",
            "case when not ends_with(ledger_document_id, ':' || coalesce(urn, 0)) then ledger_document_id end",
            f"case when starts_with(reference, 'TP') and length(reference) = 20 then left(reference, {STEM_LENGTH}) "
            "else reference end",
            "second_reference",
        ),
    ),
}
"""Model -> the column of its day, and the names that its rows bear."""


def listed_as(name: str) -> str:
    """What a name is listed as: a posting key as its stem, a ledger document's id as its URN, all else in capitals."""
    if OUR_KEY.fullmatch(name.upper()):
        return name.upper()[:STEM_LENGTH]
    found = LEDGER_DOCUMENT.fullmatch(name)
    return found[1] if found else name.upper()


def sources(connection: duckdb.DuckDBPyConnection, models: Mapping[str, str]) -> list[str]:
    """Of the models that are published, each that bears names."""
    found = []
    for model in NAMES:
        if model in models:
            described = connection.execute(f"describe {models[model]}").fetchall()
            if {"store_id", NAMES[model][0]} <= {str(row[0]) for row in described}:
                found.append(model)
    return found


def rows_of(files: Mapping[str, str]) -> str:
    """SQL: the index of what these published files hold (model -> path), without an order."""
    named = " union all ".join(
        f"select {name} as name, store_id, {NAMES[model][0]} as day from read_parquet('{path}')"
        for model, path in files.items()
        for name in NAMES[model][1]
    )
    return f"""
        select distinct upper(name) as name, store_id, day from ({named}) where name <> ''
    """
