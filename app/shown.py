"""How rows become what a page shows: texts that Markdown leaves alone, verdicts as badges with a sign,
tables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import words
from app.money import NONE, pounds

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|$~<>:&])")

_BLANKS = re.compile(r"[ \t\r\n\f\v\x1c-\x1f\x85\u2028\u2029]+")
"""Every blank but those that hold words together."""

SIGNS = {"green": "✓", "blue": "≈", "red": "!", "gray": "?"}
SLOT_SIGNS = {"agrees": "✓", "explained": "≈", "open": "!", "not_checked": "?", "nothing_to_check": "·"}


def plain(text: object) -> str:
    """A text as it stands: nothing in it is taken for Markdown, a formula, an icon or a link."""
    if text is None or text == "":
        return NONE
    return _SPECIAL.sub(r"\\\1", _BLANKS.sub(" ", str(text)).strip())


def verdict_badge(code: str | None) -> str:
    """A verdict in its colour, with a sign and a word so that colour is not alone."""
    tone = words.tone(code)
    return f":{tone}-badge[{SIGNS[tone]} {plain(words.verdict(code))}]"


def close_badge(code: str) -> str:
    return ":green-badge[✓ Ready]" if code == "ready" else ":red-badge[! Blocked]"


def slot_badges() -> str:
    """The legend of the heat map."""
    return " ".join(
        f":{words.tone(code)}-badge[{SLOT_SIGNS[code]} {word}]" for code, word in words.SLOTS.items()
    )


@dataclass(frozen=True)
class Figures:
    """A column of whole numbers, to the right of it: which number of a row, and how it is written."""

    value: Callable[[Mapping[str, Any]], int | None]
    written: Callable[[int], str] = "{:,}".format
    nothing: str = NONE


def pence(column: str, nothing: str = NONE) -> Figures:
    """A column of pence, written in pounds; 0 is written as nothing where `nothing` is empty."""
    return Figures(lambda row: row[column] if row[column] or nothing else None, pounds, nothing)


def count(column: str) -> Figures:
    return Figures(lambda row: row[column])


Shown = TypeVar("Shown")
Column = Callable[[Mapping[str, Any]], str] | Figures


STACKED = "[data-testid=stTable]:has(th:nth-child(4))"
"""Tables of four columns and more, which are wider than a phone."""
ON_A_PHONE = f"""@media (max-width: 640px) {{
[data-testid=stTable] td {{min-width: 4rem}}
[data-testid=stTable] td:first-child {{min-width: 7rem}}
{STACKED} thead {{position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden}}
{STACKED} table, {STACKED} tbody {{display: block}}
{STACKED} tr {{display: block; padding: .45rem 0 .5rem; border-bottom: 1px solid #d5dde5}}
{STACKED} td {{display: inline-block; border: none; padding: 0 .9rem .1rem 0; min-width: 0}}
{STACKED} td:first-child {{display: block; padding-bottom: .2rem; font-weight: 600}}
{STACKED} {{--when-empty: none}}
{STACKED} td::before {{content: var(--heading) " "; color: #4a535d; font-size: .8rem}}
{STACKED} td:first-child::before {{content: var(--first-heading, ""); font-size: inherit}}
{STACKED} td div, {STACKED} td p {{display: inline}}
[class*=st-key-at-a-desk] {{display: none}}
}}
@media (min-width: 641px) {{[class*=st-key-on-a-phone] {{display: none}}}}"""
"""On a phone a wide table is a list: a row is its first cell, and below it every other cell after its heading. What
scrolls by itself, `at_a_desk`, is seen only there, and what stands for it `on_a_phone` only there."""


SHORT = 8
"""A row's first cell of no more letters needs its heading to be understood alone: Pass 3, Store S01."""


def empty_cells(held: pd.DataFrame, may_be_empty: Collection[str]) -> list[dict[str, Any]]:
    """What has ON_A_PHONE leave out cells without anything in them: a heading alone would say nothing."""
    empty = [
        f"td.row{row}.col{place}"
        for place, heading in enumerate(held.columns)
        for row, cell in enumerate(held[heading])
        if heading in may_be_empty and (pd.isna(cell) or cell == "")
    ]
    props = [("display", "var(--when-empty, table-cell)")]
    return [{"selector": ", ".join(empty), "props": props}] if empty else []


def headings_in_cells(held: pd.DataFrame) -> list[dict[str, Any]]:
    """Each column's heading as a property of its cells, which ON_A_PHONE writes before them."""
    styles = []
    for place, heading in enumerate(held.columns):
        named = [("--heading", json.dumps(heading, ensure_ascii=False))]
        firsts = [str(each).strip("*") for each in held[heading]] if not place else []
        if firsts and all(len(first) <= SHORT and not first.startswith(heading) for first in firsts):
            named.append(("--first-heading", json.dumps(f"{heading} ", ensure_ascii=False)))
        styles.append({"selector": f"td.col{place}", "props": named})
    return styles


def at_a_desk(name: str) -> DeltaGenerator:
    """A place for a grid, which on a phone would scroll sideways."""
    return st.container(key=f"at-a-desk {name}")


def on_a_phone(name: str) -> DeltaGenerator:
    """A place for what a phone shows instead of it."""
    return st.container(key=f"on-a-phone {name}")


def page_of(rows: Sequence[Shown], most: int, label: str, key: str) -> Sequence[Shown]:
    """So many rows of a long list at a time, those that the reader chooses; all of a short one."""
    if len(rows) <= most:
        return rows
    place = st.selectbox(
        label,
        range(-(-len(rows) // most)),
        format_func=lambda each: f"{each * most + 1} to {min((each + 1) * most, len(rows))} of {len(rows):,}",
        key=key,
        width=180,
    )
    return rows[place * most : (place + 1) * most]


def table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, Column], alt: str) -> None:
    """A still table that a screen reader can read: heading -> the cell's Markdown, or its figure."""
    shown = list(rows)
    figures = {heading: column for heading, column in columns.items() if isinstance(column, Figures)}
    texts = {heading: column for heading, column in columns.items() if not isinstance(column, Figures)}
    # whole numbers, so that nothing between here and the text is a float
    held = pd.DataFrame(
        {
            heading: pd.array([figures[heading].value(row) for row in shown], dtype="Int64")
            if heading in figures
            else [texts[heading](row) for row in shown]
            for heading in columns
        }
    )
    may_be_empty = [*texts, *(heading for heading, column in figures.items() if not column.nothing)]
    styled = held.style.set_table_styles(headings_in_cells(held) + empty_cells(held, may_be_empty))
    for heading, column in figures.items():
        styled = styled.format(column.written, subset=[heading], na_rep=column.nothing)
    st.table(styled, border="horizontal", hide_index=True, hide_header=False, alt=alt)
