"""The bridge of a store-day as bars in HTML alone: its address opens without Vega, which would be read anew."""

from __future__ import annotations

from html import escape

from app import words
from app.money import counted, pounds
from app.published import Row, Rows
from app.slots import TOTALS

COLOURS = {"total": "#0b5c8a", "up": "#9a5b00", "down": "#b3261e", "residual": "#1c7443"}
PARTS = 10_000
"""Of the axis: a bar begins and ends at so many."""
TOLD = "Bridge from tills to Sage; the table has the same figures"
_STYLE = """<style>
.bridge {display: grid; grid-template-columns: fit-content(45%) 1fr max-content; gap: 8px; align-items: center;
  font-size: 12px; color: #4a535d}
.bridge > :nth-child(3n+1) {text-align: right}
.bridge > :nth-child(3n) {color: #0f1720; text-align: right; font-variant-numeric: tabular-nums}
.bridge .track {position: relative; height: 16px}
.bridge .bar {position: absolute; top: 0; bottom: 0; min-width: 2px}
</style>"""


def bridge_bars(rows: Rows) -> str:
    """A bar a line from the top down: totals on the axis, each difference where the last one ended.

    `rows` are those of `slots.bridge`. The axis begins near the smallest figure, so that a small difference is seen:
    the figures stand beside.
    """
    floor, top = _axis(rows)
    lines = "".join(_line(row, floor, top) for row in rows)
    return f'{_STYLE}<div class="bridge" role="img" aria-label="{TOLD}">{lines}</div>'


def _line(row: Row, floor: int, top: int) -> str:
    starts, ends = sorted((floor if row["line_kind"] in TOTALS else row["starts_pence"], row["ends_pence"]))
    left, right = (min(max(_place(pence, floor, top), 0), PARTS) for pence in (starts, ends))
    name, amount = escape(words.bridge_line(row["line_kind"])), pounds(row["amount_pence"])
    told = f"{name}: {amount} in {counted(row['document_count'] or 0, 'document')}"
    bar = f"left: {left / 100:.2f}%; width: {(right - left) / 100:.2f}%; background: {COLOURS[_kind(row)]}"
    return (
        f'<div>{name}</div><div class="track" title="{told}"><div class="bar" style="{bar}"></div></div>'
        f"<div>{amount}</div>"
    )


def _place(pence: int, floor: int, top: int) -> int:
    return (pence - floor) * PARTS // (top - floor)


def _axis(rows: Rows) -> tuple[int, int]:
    """Where it begins and ends, in pence: a third of what there is to see below the smallest, but not across nought."""
    ends = [row["ends_pence"] for row in rows if row["line_kind"] != "residual"] or [0]
    low, high = min(ends), max(ends)
    room = max((high - low) * 35 // 100 if high > low else abs(high) // 10, 1)
    floor = 0 if 0 <= low < room else low - room
    return floor, max(high, floor + 1)


def _kind(row: Row) -> str:
    if row["line_kind"] in TOTALS:
        return "total"
    if row["line_kind"] == "residual":
        return "residual"
    return "up" if row["amount_pence"] > 0 else "down"
