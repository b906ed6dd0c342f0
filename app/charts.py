"""Drawings. They take rows as totals give them; pence become pounds only here, for the length of a bar."""

from __future__ import annotations

import altair as alt
import pandas as pd  # type: ignore[import-untyped]

from app import words
from app.money import counted, day, pounds, pounds_to_draw
from app.published import Row, Rows
from app.shown import SLOT_SIGNS

SLIGHT_PERCENT = 5
SLOT_COLOURS = {
    "agrees": "#1c7443",
    "explained": "#2f5fa8",
    "open": "#b3261e",
    "open_slightly": "#f6cdc9",
    "not_checked": "#5b6570",
    "nothing_to_check": "#eceff2",
}
VALUE_STEPS = (
    (1_000, "under £10"),
    (10_000, "under £100"),
    (100_000, "under £1,000"),
    (None, "£1,000 or more"),
)
"""Open value below so many pence, and its name; the last holds all above."""
VALUE_COLOURS = ("#fbe3e0", "#f0aaa4", "#c8433a", "#8c1d18")
VALUE_INKS = ("#8c1d18", "#5f100c", "#ffffff", "#ffffff")
AXIS = 28
TOLD = ("Store", "Day", "Judged", "Open", "Not checked", "Tills took", "Sage holds", "Receipts")
Drawing = alt.Chart | alt.LayerChart | alt.FacetChart
INK = {"nothing_to_check": "#4a535d", "open_slightly": "#8c1d18"}
"""The colour of the sign in a cell; white unless the cell is pale."""


_PLAIN_AXIS = alt.Axis(
    ticks=False, domain=False, labelLimit=120, labelPadding=6, labelColor="#4a535d", labelFontSize=12
)


_WIDE_AXIS = alt.Axis(
    ticks=False, domain=False, labelLimit=220, labelPadding=6, labelColor="#4a535d", labelFontSize=12
)


_DAY_AXIS = alt.Axis(
    labelAngle=0,
    labelOverlap="greedy",
    ticks=False,
    domain=False,
    labelPadding=4,
    labelColor="#4a535d",
    labelFontSize=11,
)


def shade(row: Row) -> str:
    """The colour of a store-day: its verdict, and whether what is open is but little of the day's value."""
    parts = ("matched_pence", "explained_pence", "open_pence", "not_checked_pence")
    whole = sum(row[column] for column in parts)
    is_slight = row["slot_verdict"] == "open" and row["open_pence"] * 100 < SLIGHT_PERCENT * whole
    return "open_slightly" if is_slight else str(row["slot_verdict"])


def value_step(row: Row) -> int | None:
    """Which of VALUE_STEPS a store-day's open value falls in; None where nothing is open."""
    if row["slot_verdict"] != "open" or not row["open_pence"]:
        return None
    return next(
        place for place, (below, _) in enumerate(VALUE_STEPS) if below is None or row["open_pence"] < below
    )


def value_legend() -> str:
    """What the steps mean, in words: the darker the more."""
    steps = " · ".join(f"**{place + 1}** {name}" for place, (_, name) in enumerate(VALUE_STEPS))
    return f"Open value, darker is more: {steps} · **?** not checked (grey) · **✓ ≈** nothing open"


def store_days(rows: Rows, by_value: bool = False) -> Drawing:
    """A month as stores by days: colour and sign by verdict (or open value), figures on pointing. `slot` is what
    a click chose."""
    colours = SLOT_COLOURS | {f"value_{place}": colour for place, colour in enumerate(VALUE_COLOURS)}
    inks = INK | {f"value_{place}": ink for place, ink in enumerate(VALUE_INKS)}
    shades = [
        (_value_shade(row) if by_value else None) or (shade(row), SLOT_SIGNS[row["slot_verdict"]])
        for row in rows
    ]
    values = [
        {
            "store_id": row["store_id"],
            "business_date": row["business_date"].isoformat(),
            "day": row["business_date"].day,
            "shade": shaded,
            "sign": sign,
            "ink": inks.get(shaded, "#ffffff"),
            "Store": row["store_id"],
            "Day": day(row["business_date"]),
            "Judged": words.SLOTS[row["slot_verdict"]],
            "Open": f"{pounds(row['open_pence'])} in {counted(row['open_documents'], 'document')}",
            "Not checked": pounds(row["not_checked_pence"]),
            "Tills took": pounds(row["till_sales_pence"]),
            "Sage holds": pounds(row["sage_sales_pence"]),
            "Receipts": f"{row['money_receipts']:,}",
        }
        for row, (shaded, sign) in zip(rows, shades, strict=True)
    ]
    stores = len({row["store_id"] for row in rows})
    chosen = alt.selection_point(name="slot", fields=["store_id", "business_date"], empty=False)
    # a frame: of a list Altair looks into every cell of every row, a second for a month of thirty stores
    base = alt.Chart(pd.DataFrame(values)).encode(
        x=alt.X("day:O", title=None, axis=_DAY_AXIS),
        y=alt.Y("store_id:N", title=None, axis=_PLAIN_AXIS),
    )
    cells = base.mark_rect(cornerRadius=3, strokeWidth=2).encode(
        color=alt.Color(
            "shade:N",
            legend=None,
            scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        ),
        stroke=alt.condition(chosen, alt.value("#0f1720"), alt.value("#ffffff")),
        tooltip=[alt.Tooltip(f"{name}:N") for name in TOLD],
    )
    # neither pointed at nor read out: pointing and clicking meet the cell below, which says it all
    signs = base.mark_text(
        fontWeight="bold", fontSize=alt.expr("max(8, min(14, width / 62))"), aria=False
    ).encode(text="sign:N", color=alt.Color("ink:N", scale=None, legend=None))
    return _bare(alt.layer(cells.add_params(chosen), signs), height=AXIS + 30 * stores)


def _value_shade(row: Row) -> tuple[str, str] | None:
    """Colour and sign of an open store-day by its value: the step's number, so that colour is not alone."""
    step = value_step(row)
    return None if step is None else (f"value_{step}", str(step + 1))


def funnel(rows: Rows) -> Drawing:
    """The five truths, a bar each from the top down, with how many documents hold it. `rows`: truth, documents."""
    values = [
        {"truth": row["truth"], "documents": row["documents"], "label": f"{row['documents']:,}"}
        for row in rows
    ]
    most = max((row["documents"] for row in rows), default=0) or 1
    base = alt.Chart(alt.Data(values=values)).encode(
        y=alt.Y("truth:N", title=None, sort=None, axis=_WIDE_AXIS)
    )
    scale = alt.Scale(domain=[0, most * 1.2], nice=False)
    bars = base.mark_bar(color="#0b5c8a", height=16, cornerRadiusEnd=3).encode(
        x=alt.X("documents:Q", axis=None, scale=scale),
        tooltip=[alt.Tooltip("truth:N", title="Truth"), alt.Tooltip("label:N", title="Documents")],
    )
    labels = base.mark_text(align="left", dx=5, color="#0f1720", fontSize=12).encode(
        x=alt.X("documents:Q", axis=None, scale=scale), text="label:N"
    )
    return _bare(alt.layer(bars, labels), height=26 * len(values) + 6)


def troubles(rows: Rows) -> Drawing:
    """Accounts by hours of the day: how often Sage was not as it should. `rows`: account, hour, times, told."""
    values = [
        {**row, "ink": VALUE_INKS[3 if row["times"] > 2 else 1], "label": f"{row['times']:,}"} for row in rows
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("hour:O", title=None, scale=alt.Scale(domain=list(range(24))), axis=_DAY_AXIS),
        y=alt.Y("account:N", title=None, axis=_PLAIN_AXIS),
    )
    cells = base.mark_rect(cornerRadius=3).encode(
        color=alt.condition("datum.times > 2", alt.value(VALUE_COLOURS[3]), alt.value(VALUE_COLOURS[1])),
        tooltip=[
            alt.Tooltip("account:N", title="Account"),
            alt.Tooltip("told:N", title="What"),
        ],
    )
    texts = base.mark_text(fontSize=11).encode(
        text="label:N", color=alt.Color("ink:N", scale=None, legend=None)
    )
    return _bare(alt.layer(cells, texts), height=AXIS + 30 * len({row["account"] for row in rows}))


def debt(rows: Rows) -> Drawing:
    """Reconciliation debt by owner, a bar each with its figure at the end."""
    values = [
        {
            "owner": words.owner(row["owner"]),
            "debt": pounds_to_draw(row["debt_pence_days"]),
            "Debt": f"{pounds(row['debt_pence_days'])}-days",
            "Value at risk": pounds(row["value_at_risk_pence"]),
            "Open": counted(row["open_exceptions"], "exception"),
        }
        for row in rows
    ]
    # told outright: Streamlit draws once before the figures are there
    longest = pounds_to_draw(max((row["debt_pence_days"] for row in rows), default=0) or 1)
    bars = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(color="#0b5c8a", cornerRadiusEnd=3)
        .encode(
            x=alt.X("debt:Q", axis=None, stack=None, scale=alt.Scale(domain=[0, longest])),
            y=alt.Y("owner:N", title=None, sort=None, axis=_PLAIN_AXIS),
            tooltip=[alt.Tooltip(f"{name}:N") for name in ("Debt", "Value at risk", "Open")],
        )
    )
    return _bare(bars, height=30 * len(values))


def debt_trend(rows: Rows) -> Drawing:
    """Debt at each pass, a bar each: passes are not evenly spaced in time."""
    values = [
        {
            "pass": str(row["pass_number"]),
            "debt": pounds_to_draw(row["debt_pence_days"]),
            "As of": day(row["as_of"]),
            "Debt": f"{pounds(row['debt_pence_days'])}-days",
            "Value at risk": pounds(row["value_at_risk_pence"]),
            "Open": counted(row["exceptions"], "exception"),
        }
        for row in rows
    ]
    longest = pounds_to_draw(max(row["debt_pence_days"] for row in rows) or 1)
    bars = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(color="#0b5c8a", cornerRadiusEnd=3, size=18)
        .encode(
            x=alt.X("pass:O", title=None, sort=None, axis=_DAY_AXIS),
            y=alt.Y("debt:Q", axis=None, stack=None, scale=alt.Scale(domain=[0, longest])),
            tooltip=[alt.Tooltip(f"{name}:N") for name in ("As of", "Debt", "Value at risk", "Open")],
        )
    )
    return _bare(bars, height=110)


OUTCOMES = {"passed": ("#1c7443", "✓"), "failed": ("#b3261e", "!"), "nothing": ("#4a535d", "·")}


def acceptance(rows: Rows, limit: int, limit_told: str) -> Drawing:
    """One measure over the days of a window: a bar a day with a sign, and its limit as a line.

    `rows`: day, figure (hundredths of a unit; None: nothing to measure), told, outcome; `limit` in hundredths.
    """
    figures = [row["figure"] for row in rows if row["figure"] is not None]
    low, high = min([*figures, limit]), max([*figures, limit])
    # a share is seen near its limit, not over the whole from nought
    floor = max(0, low - max((high - low) // 2, limit // 100)) if limit and low * 2 > limit else 0
    ceiling = high + max((high - floor) // 6, 1)
    values = [
        {
            "day": row["day"].isoformat(),
            "number": f"{row['day'].day} {row['day']:%b}",
            "floor": floor,
            "figure": row["figure"] if row["figure"] is not None else floor,
            "colour": OUTCOMES[row["outcome"]][0],
            "sign": OUTCOMES[row["outcome"]][1],
            "Day": day(row["day"]),
            "Figure": row["told"],
            "Limit": limit_told,
        }
        for row in rows
    ]
    scale = alt.Scale(domain=[floor, ceiling], nice=False, zero=False)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("number:O", title=None, sort=None, axis=_DAY_AXIS),
        tooltip=[alt.Tooltip(f"{name}:N") for name in ("Day", "Figure", "Limit")],
    )
    bars = base.mark_bar(cornerRadiusEnd=2).encode(
        y=alt.Y("floor:Q", axis=None, scale=scale),
        y2="figure:Q",
        color=alt.Color("colour:N", scale=None, legend=None),
    )
    signs = base.mark_text(dy=-8, fontWeight="bold").encode(
        y=alt.Y("figure:Q", axis=None, scale=scale),
        text="sign:N",
        color=alt.Color("colour:N", scale=None, legend=None),
    )
    line = (
        alt.Chart(alt.Data(values=[{"limit": limit, "Limit": limit_told}]))
        .mark_rule(color="#0f1720", strokeDash=[4, 3])
        .encode(y=alt.Y("limit:Q", axis=None, scale=scale), tooltip=[alt.Tooltip("Limit:N")])
    )
    return _bare(alt.layer(bars, signs, line), height=150)


def _bare(chart: Drawing, height: int) -> Drawing:
    """Without a frame, at a height in pixels that holds the axis too."""
    bare: Drawing = chart.properties(height=height, padding=0).configure_view(strokeWidth=0)
    return bare
