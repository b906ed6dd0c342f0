"""Readable by everyone, and quiet: contrast to WCAG AA, no colour without a sign, nothing sent anywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from app import words
from app.charts import INK, SLOT_COLOURS, VALUE_COLOURS, VALUE_INKS
from app.shown import SIGNS, SLOT_SIGNS, headings_in_cells, verdict_badge

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
THEME = CONFIG["theme"]
AA = 4.5
FADED = 0.6
"""How much of the text colour Streamlit leaves in captions and table headings."""


def channels(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def luminance(rgb: list[float]) -> float:
    """Relative luminance, WCAG 2.1."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: list[float], paper: list[float]) -> float:
    lighter, darker = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("paper", ["backgroundColor", "secondaryBackgroundColor"])
@pytest.mark.parametrize("ink", ["textColor", "primaryColor", "linkColor"])
def test_text_stands_out_from_its_background(ink: str, paper: str) -> None:
    assert contrast(channels(THEME[ink]), channels(THEME[paper])) >= AA


def test_captions_stand_out_though_streamlit_fades_them() -> None:
    paper = channels(THEME["backgroundColor"])
    faded = [FADED * c + (1 - FADED) * p for c, p in zip(channels(THEME["textColor"]), paper, strict=True)]
    assert contrast(faded, paper) >= AA


@pytest.mark.parametrize("tone", ["red", "green", "blue", "orange", "gray"])
def test_badges_stand_out(tone: str) -> None:
    assert contrast(channels(THEME[f"{tone}TextColor"]), channels(THEME[f"{tone}BackgroundColor"])) >= AA


def test_on_a_phone_each_cell_bears_its_heading_and_a_short_first_one_too():
    held = pd.DataFrame({"Pass": ["**3**", "12"], 'What "it" is': ["a", "b"]})
    first, second = headings_in_cells(held)
    assert first == {
        "selector": "td.col0",
        "props": [("--heading", '"Pass"'), ("--first-heading", '"Pass "')],
    }
    assert second == {"selector": "td.col1", "props": [("--heading", r'"What \"it\" is"')]}
    long = pd.DataFrame({"Item": ["Every store-day is checked", "No"]})
    assert [name for name, _ in headings_in_cells(long)[0]["props"]] == ["--heading"]
    named = pd.DataFrame({"Till": ["Till 1", "Till 2"]})
    assert [name for name, _ in headings_in_cells(named)[0]["props"]] == ["--heading"], "it says so already"


@pytest.mark.parametrize("verdict", SLOT_COLOURS)
def test_the_sign_in_a_cell_stands_out(verdict: str) -> None:
    assert contrast(channels(INK.get(verdict, "#ffffff")), channels(SLOT_COLOURS[verdict])) >= AA


@pytest.mark.parametrize("place", range(len(VALUE_COLOURS)))
def test_the_number_of_a_value_step_stands_out(place: int) -> None:
    assert contrast(channels(VALUE_INKS[place]), channels(VALUE_COLOURS[place])) >= AA


def test_no_two_tones_share_a_sign_so_colour_is_never_alone() -> None:
    assert len(set(SIGNS.values())) == len(SIGNS)
    assert len(set(SLOT_SIGNS.values())) == len(SLOT_SIGNS) == len(words.SLOTS)


def test_what_was_not_checked_is_grey_never_green() -> None:
    assert verdict_badge("not_checked").startswith(":gray-badge[?")
    assert [code for code in words.VERDICTS if words.tone(code) == "green"] == ["matched"]


def test_every_verdict_of_the_closed_set_has_a_word() -> None:
    macro = (ROOT / "dbt_project" / "macros" / "verdicts.sql").read_text(encoding="utf-8")
    listed = re.search(r"return\(\[(.*?)\]\)", macro, re.DOTALL)
    assert listed
    assert set(re.findall(r"'(\w+)'", listed[1])) <= set(words.VERDICTS)


def test_streamlit_sends_nothing_and_listens_only_here() -> None:
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["server"]["headless"] is True
    assert "http" not in (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")


def test_a_page_holds_no_sql() -> None:
    for page in (ROOT / "app" / "views").glob("*.py"):
        assert not re.search(r"\bselect\b.*\bfrom\b", page.read_text(encoding="utf-8"), re.IGNORECASE), (
            page.name
        )
