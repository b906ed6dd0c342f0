"""Drawings. They take rows as totals give them; pence become pounds only here, for the length of a bar."""

from __future__ import annotations

import altair as alt

from app import words
from app.money import counted, day, pounds, pounds_to_draw
from app.published import Rows
from app.shown import SLOT_SIGNS

SLOT_COLOURS = {
    "agrees": "#1c7443",
    "explained": "#2f5fa8",
    "open": "#b3261e",
    "not_checked": "#5b6570",
    "nothing_to_check": "#eceff2",
}
INK = {"nothing_to_check": "#4a535d"}
"""The colour of the sign in a cell; white unless the cell is pale."""


def store_days(rows: Rows) -> alt.LayerChart:
    """A month as stores by days: colour and sign by verdict, figures on pointing. `slot` is what a click
    chose."""
    values = [
        {
            "store_id": row["store_id"],
            "business_date": row["business_date"].isoformat(),
            "day": row["business_date"].day,
            "slot_verdict": row["slot_verdict"],
            "sign": SLOT_SIGNS[row["slot_verdict"]],
            "ink": INK.get(row["slot_verdict"], "#ffffff"),
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
        x=alt.X(
            "day:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False, domain=False)
        ),
        y=alt.Y("store_id:N", title=None, axis=alt.Axis(ticks=False, domain=False)),
        tooltip=[
            alt.Tooltip(f"{name}:N")
            for name in (
                "Store",
                "Day",
                "Judged",
                "Open",
                "Not checked",
                "Tills took",
                "Sage holds",
                "Receipts",
            )
        ],
    )
    cells = base.mark_rect(cornerRadius=3, strokeWidth=2).encode(
        color=alt.Color(
            "slot_verdict:N",
            legend=None,
            scale=alt.Scale(domain=list(SLOT_COLOURS), range=list(SLOT_COLOURS.values())),
        ),
        stroke=alt.condition(chosen, alt.value("#1b2733"), alt.value("#ffffff")),
    )
    signs = base.mark_text(fontWeight="bold", fontSize=alt.expr("max(8, min(14, width / 62))")).encode(
        text="sign:N", color=alt.Color("ink:N", scale=None, legend=None)
    )
    layers: alt.LayerChart = alt.layer(cells.add_params(chosen), signs)
    return layers.properties(height=max(60, 32 * stores)).configure_view(strokeWidth=0)


def debt(rows: Rows) -> alt.LayerChart:
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
    base = alt.Chart(alt.Data(values=values)).encode(
        y=alt.Y("owner:N", title=None, sort="-x", axis=alt.Axis(ticks=False, domain=False, labelLimit=120)),
        tooltip=[alt.Tooltip(f"{name}:N") for name in ("Debt", "Value at risk", "Open")],
    )
    bars = base.mark_bar(color="#0b5c8a", cornerRadiusEnd=3).encode(x=alt.X("debt:Q", axis=None))
    layers: alt.LayerChart = alt.layer(bars)
    return layers.properties(height=30 * len(values)).configure_view(strokeWidth=0)
