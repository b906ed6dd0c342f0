"""Drawings. They take rows as totals give them; pence become pounds only here, for the length of a bar."""

from __future__ import annotations

import altair as alt

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
AXIS = 28
TOLD = ("Store", "Day", "Judged", "Open", "Not checked", "Tills took", "Sage holds", "Receipts")
Drawing = alt.Chart | alt.LayerChart | alt.FacetChart
INK = {"nothing_to_check": "#4a535d", "open_slightly": "#8c1d18"}
"""The colour of the sign in a cell; white unless the cell is pale."""


_PLAIN_AXIS = alt.Axis(
    ticks=False, domain=False, labelLimit=120, labelPadding=6, labelColor="#4a535d", labelFontSize=12
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


def store_days(rows: Rows) -> Drawing:
    """A month as stores by days: colour and sign by verdict, figures on pointing. `slot` is what a click
    chose."""
    values = [
        {
            "store_id": row["store_id"],
            "business_date": row["business_date"].isoformat(),
            "day": row["business_date"].day,
            "shade": shade(row),
            "sign": SLOT_SIGNS[row["slot_verdict"]],
            "ink": INK.get(shade(row), "#ffffff"),
            "Store": row["store_id"],
            "Day": day(row["business_date"]),
            "Judged": words.SLOTS[row["slot_verdict"]],
            "Open": f"{pounds(row['open_pence'])} in {counted(row['open_documents'], 'document')}",
            "Not checked": pounds(row["not_checked_pence"]),
            "Tills took": pounds(row["till_sales_pence"]),
            "Sage holds": pounds(row["sage_sales_pence"]),
            "Receipts": f"{row['money_receipts']:,}",
        }
        for row in rows
    ]
    stores = len({row["store_id"] for row in rows})
    chosen = alt.selection_point(name="slot", fields=["store_id", "business_date"], empty=False)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("day:O", title=None, axis=_DAY_AXIS),
        y=alt.Y("store_id:N", title=None, axis=_PLAIN_AXIS),
    )
    cells = base.mark_rect(cornerRadius=3, strokeWidth=2).encode(
        color=alt.Color(
            "shade:N",
            legend=None,
            scale=alt.Scale(domain=list(SLOT_COLOURS), range=list(SLOT_COLOURS.values())),
        ),
        stroke=alt.condition(chosen, alt.value("#0f1720"), alt.value("#ffffff")),
    )
    signs = base.mark_text(fontWeight="bold", fontSize=alt.expr("max(8, min(14, width / 62))")).encode(
        text="sign:N", color=alt.Color("ink:N", scale=None, legend=None)
    )
    # on top of the signs, so that pointing and clicking meet the whole cell
    touched = base.mark_rect(opacity=0).encode(tooltip=[alt.Tooltip(f"{name}:N") for name in TOLD])
    return _bare(alt.layer(cells, signs, touched.add_params(chosen)), height=AXIS + 30 * stores)


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


def _bare(chart: Drawing, height: int) -> Drawing:
    """Without a frame, at a height in pixels that holds the axis too."""
    bare: Drawing = chart.properties(height=height, padding=0).configure_view(strokeWidth=0)
    return bare
