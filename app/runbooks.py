"""docs/runbooks as the app shows them: the same pages, their links leading to pages of the app."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from app import words

FOLDER = Path(__file__).parents[1] / "docs" / "runbooks"
GENERAL = "README"
GUIDES = {
    "finance_guide": "Guide for finance",
    "store_guide": "Guide for shop operations",
    "integration_guide": "Guide for integration support",
}
"""What each of three people does every morning: pages of their own, which no exception leads to."""
NAME = re.compile(r"^[a-z_]+$|^README$")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def names() -> list[str]:
    """Every page there is: the guides, the general one, then each cause, in the order of what they are called."""
    first = [*GUIDES, GENERAL]
    return [*first, *sorted((page.stem for page in FOLDER.glob("*.md") if page.stem not in first), key=title)]


def title(name: str) -> str:
    """What a page is called in a list."""
    if name == GENERAL:
        return "Looking, mappings, stops"
    return GUIDES.get(name) or words.cause(name)


def runbook(name: str) -> str | None:
    """A page as Markdown under one small heading; None where there is none of that name."""
    page = FOLDER / f"{name}.md"
    if not NAME.match(name) or not page.exists():
        return None
    text = _LINK.sub(_led, page.read_text(encoding="utf-8"))
    return _HEADING.sub(r"**\1**", text).replace("# ", "### ", 1)


def name_of(place: str | None) -> str:
    """`docs/runbooks/never_sent.md` or `never_sent` as the page's name."""
    return Path(place or GENERAL).stem


def show(name: str) -> None:
    """The page, or that there is none."""
    text = runbook(name)
    if text is None:
        st.info(f"There is no runbook called {name}. The general page says where to look.")
        text = runbook(GENERAL) or ""
    st.markdown(text)


def _led(link: re.Match[str]) -> str:
    """A runbook's link leads to the same page here; what the app does not show is left as its words."""
    told, place = link[1], link[2].partition("#")[0]
    name = Path(place).stem
    if place and Path(place).parent == Path() and (FOLDER / f"{name}.md").exists():
        return f"[{told}](/runbook?name={name})"
    return told
