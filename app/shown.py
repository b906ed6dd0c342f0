"""How rows become what a page shows: texts that Markdown leaves alone, verdicts as badges with a sign,
tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from app import words
from app.money import NONE

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|$~<>:&])")

SIGNS = {"green": "✓", "blue": "≈", "red": "!", "gray": "?"}
SLOT_SIGNS = {"agrees": "✓", "explained": "≈", "open": "!", "not_checked": "?", "nothing_to_check": "·"}


def plain(text: object) -> str:
    """A text as it stands: nothing in it is taken for Markdown, a formula, an icon or a link."""
    if text is None or text == "":
        return NONE
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


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


def table(
    rows: Iterable[Mapping[str, Any]], columns: Mapping[str, Callable[[Mapping[str, Any]], str]], alt: str
) -> None:
    """A still table, readable by a screen reader and with the keyboard: heading -> the cell's Markdown."""
    shown = [{heading: cell(row) for heading, cell in columns.items()} for row in rows]
    st.table(shown, border="horizontal", hide_index=True, hide_header=False, alt=alt)
