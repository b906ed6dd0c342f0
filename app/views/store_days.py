"""Store-days: a month at a glance, then one store-day from its bridge down to the lines of a receipt.

An address that names a store-day shows that one, and its month on asking: who was sent here has chosen already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import streamlit as st

from app import charts, slots, totals, words
from app.bridge_bars import bridge_bars
from app.finding import is_closure
from app.money import NONE, counted, day, month, pounds, units
from app.opening import open_published
from app.published import Published, Row, Rows
from app.shown import Figures, count, pence, plain, slot_badges, table, verdict_badge
from app.slots import NO_TILL, TOTALS, Slot

RECEIPT_PAGE = "views/receipt.py"
MONTH_ASKED = "the month of the store-day"
ON_A_PAGE = 25
SHADES = {"verdict": "By verdict", "value": "By open value"}
MEASURES = {"sales": "Sales", "takings": "Takings"}
CLOSURES = {
    "agrees": ":green-badge[✓ Agrees]",
    "unequal": ":red-badge[! Differs]",
    "missing": ":red-badge[! Missing]",
    "pending": ":blue-badge[≈ Not yet due]",
}


def asked_day() -> tuple[str, date | None]:
    """Store and day that the address names, where it names any."""
    try:
        return st.query_params.get("store", ""), date.fromisoformat(st.query_params.get("date", ""))
    except ValueError:
        return "", None


def choose_month(periods: Rows) -> Row:
    """The month the address names, else the newest with something open."""
    _, wanted = asked_day()
    blocked = [place for place, row in enumerate(periods) if row["open_store_days"]]
    first = blocked[0] if blocked else 0
    if wanted:
        first = next(
            (place for place, row in enumerate(periods) if row["period"] == wanted.replace(day=1)), first
        )
    several = len({row["company_id"] for row in periods}) > 1
    chosen: Row = st.selectbox(
        "Month",
        periods,
        index=first,
        format_func=lambda row: (f"{row['company_id']} " if several else "") + month(row["period"]),
        width=200,
        key="month",
    )
    return chosen


def choose_shade() -> str:
    """What the colours of the month tell."""
    return (
        st.segmented_control(
            "Colour",
            list(SHADES),
            default="verdict",
            format_func=SHADES.__getitem__,
            key="shade",
            required=True,
            width="content",
        )
        or "verdict"
    )


def heat_map(published: Published, period: Row, shade: str) -> Slot | None:
    """Stores by days; gives the store-day chosen, by a click or from the list."""
    store, wanted = asked_day()
    days = totals.store_days(published, period["company_id"], period["period"], asked_store=store)
    listed = f"slot {period['company_id']} {period['period']}"
    by_value = shade == "value"
    legend = (
        charts.value_legend() if by_value else f"{slot_badges()} :small[Pale: under 5% of the day's value.]"
    )
    st.markdown(legend)
    drawn = f"drawn {listed} {shade}"
    named = {f"{row['store_id']} {row['business_date']}": row for row in sorted(days, key=_worst)}
    if f"{store} {wanted}" in named:
        st.session_state.setdefault(listed, f"{store} {wanted}")
    st.altair_chart(
        charts.store_days(days, by_value=by_value),
        width="stretch",
        key=drawn,
        on_select=lambda: take_click(drawn, listed),
        alt=f"Stores by days of {month(period['period'])}: "
        f"{sum(row['slot_verdict'] == 'open' for row in days)} of {len(days)} store-days open, "
        f"{sum(row['slot_verdict'] == 'not_checked' for row in days)} not checked. "
        "Every one can be chosen in the list below.",
    )
    stores = totals.stores_in(published, period["company_id"], period["period"])
    shown = len({row["store_id"] for row in days})
    if shown < stores:
        st.caption(f"The {shown} stores with most open value, of {stores:,}.")
    chosen = st.selectbox(
        "Store-day",
        list(named),
        index=None,
        placeholder="Choose one, or click a cell above",
        format_func=lambda name: (
            f"{named[name]['store_id']}, {day(named[name]['business_date'])}: "
            f"{words.SLOTS[named[name]['slot_verdict']].lower()}, {pounds(named[name]['open_pence'])} open"
        ),
        key=listed,
        width=460,
    )
    if chosen is None:
        return None
    row = named[chosen]
    return Slot(row["company_id"], row["store_id"], row["business_date"])


def _worst(row: Row) -> tuple[int, int, str, date]:
    return -row["open_pence"], -row["not_checked_pence"], row["store_id"], row["business_date"]


def take_click(drawn: str, listed: str) -> None:
    """A click on a cell chooses that store-day in the list."""
    chosen = st.session_state[drawn].selection.get("slot") or []
    if chosen:
        st.session_state[listed] = f"{chosen[0]['store_id']} {chosen[0]['business_date']}"


def bridge(published: Published, slot: Slot) -> None:
    """How the tills' total becomes Sage's, every difference named, nothing left over."""
    measure = st.segmented_control(
        "Bridge of",
        list(MEASURES),
        default="sales",
        format_func=MEASURES.__getitem__,
        key="measure",
        required=True,
    )
    rows = slots.bridge(published, slot, measure or "sales")
    if not rows:
        st.info("No bridge was published for this store-day: nothing of it is money.")
        return
    st.html(bridge_bars(rows))
    residual = sum(row["amount_pence"] for row in rows if row["line_kind"] == "residual")
    table(
        rows,
        {
            "Line": lambda row: _line(row, residual),
            "Documents": Figures(
                lambda row: row["document_count"] if row["line_kind"] != "residual" else None
            ),
            "Amount": pence("amount_pence"),
        },
        alt="The bridge line by line: tills, each difference by its verdict, Sage, and what is left over",
    )


def _line(row: Mapping[str, Any], residual: int) -> str:
    if row["line_kind"] == "residual":
        sign = ":green-badge[✓ Nothing left over]" if not residual else ":red-badge[! Left over]"
        return f"Residual {sign}"
    told = words.bridge_line(row["line_kind"])
    if row["line_kind"] in TOTALS:
        return f"**{told}**"
    return verdict_badge(row["line_kind"]) if row["line_kind"] in words.VERDICTS else told


def choose_till(published: Published, slot: Slot) -> str | None:
    """The tills of the day and which of them to open."""
    found = slots.tills(published, slot)
    if not found:
        st.info("No till delivered a receipt for this store-day, and Sage holds nothing of it.")
        return None
    table(
        found,
        {
            "Till": lambda row: till_name(row["till_id"]),
            "Receipts": count("receipts"),
            "Sold": pence("gross_pence"),
            "Open documents": count("open_documents"),
            "Open": pence("open_pence"),
            "Closure": lambda row: (
                CLOSURES.get(row["closure_verdict"], ":gray-badge[? Not checked]")
                if row["closure_verdict"]
                else NONE
            ),
        },
        alt="Tills of the store-day with their money receipts, what is open, and their closure",
    )
    chosen: str | None = st.segmented_control(
        "Open a till", [row["till_id"] for row in found], format_func=till_name, key=f"till {slot}"
    )
    return chosen


def till_name(till_id: str | None) -> str:
    return "In Sage, no receipt" if till_id == NO_TILL else f"Till {plain(till_id)}"


def choose_receipt(published: Published, slot: Slot, till_id: str) -> str | None:
    """The receipts of a till as buttons, the worst first; gives the one pressed."""
    kept = f"receipt {slot} {till_id}"
    place = f"from {kept}"
    start = st.session_state.get(place, 0)
    found = slots.receipts(published, slot, till_id, ON_A_PAGE + 1, start)
    st.caption("What is open comes first. Choose one to see its lines.")
    with st.container(gap="xxsmall"):
        for row in found[:ON_A_PAGE]:
            at = f"{row['sold_at_local']:%H:%M} " if row["sold_at_local"] else ""
            st.button(
                f"{at}**{plain(row['receipt_no'])}** {pounds(row['gross_pence'])} {verdict_badge(row['verdict'])}",
                key=f"{kept} {row['subject']}",
                type="tertiary",
                on_click=st.session_state.__setitem__,
                args=[kept, row["subject"]],
            )
    with st.container(horizontal=True):
        if start:
            st.button("Earlier in the list", on_click=_move, args=[place, start - ON_A_PAGE])
        if len(found) > ON_A_PAGE:
            st.button("Further down the list", on_click=_move, args=[place, start + ON_A_PAGE])
    chosen = st.session_state.get(kept)
    return str(chosen) if chosen else None


def _move(place: str, to: int) -> None:
    st.session_state[place] = max(to, 0)


def receipt(published: Published, slot: Slot, subject: str) -> None:
    """One receipt: its documents by verdict, and every line."""
    judged = slots.documents(published, slot, subject)
    lines = slots.lines(published, slot, subject)
    name = next((row["receipt_no"] for row in judged if row["receipt_no"]), subject)
    with st.container(horizontal=True, vertical_alignment="center"):
        what = "Closure" if is_closure(subject) else "Receipt"
        st.subheader(f"{what} {plain(name)}", anchor=False, width="content")
        st.page_link(
            RECEIPT_PAGE,
            label=f"Open the {what.lower()}",
            icon=":material/arrow_forward:",
            query_params={"find": subject},
        )
    table(
        judged,
        {
            "Document": lambda row: words.kind(row["document_kind"]),
            "Expected": Figures(
                lambda row: row["expected_gross_pence"] if row["posting_key"] else None, pounds
            ),
            "In Sage": pence("ledger_gross_pence"),
            "Verdict": lambda row: verdict_badge(row["verdict"]),
        },
        alt="Documents of the receipt with their verdicts",
    )
    if not lines:
        st.caption("No till printed a line behind it.")
        return
    st.caption(counted(len(lines), "line"))
    table(
        lines,
        {
            "SKU": lambda row: plain(row["sku_as_sent"]),
            "What was sold": lambda row: plain(row["description"]),
            "Category": lambda row: plain(row["category"]) if row["category"] else ":red-badge[! Not mapped]",
            "Units": lambda row: units(row["quantity"]),
            "Net": pence("net_pence"),
            "VAT": pence("tax_pence"),
        },
        alt="Lines of the receipt",
    )


@st.fragment  # a click in here leaves the month above as it is
def look_into(published: Published, slot: Slot) -> None:
    row = slots.day_of(published, slot)
    st.header(f"Store {plain(slot.store_id)}, {day(slot.business_date)}", anchor=False)
    if row:
        st.markdown(
            f"Tills took **{pounds(row['till_sales_pence'])}** in {counted(row['money_receipts'], 'money receipt')}; "
            f"Sage holds **{pounds(row['sage_sales_pence'])}** of sales. {pounds(row['open_pence'])} open in "
            f"{counted(row['open_documents'], 'document')}, {pounds(row['not_checked_pence'])} not checked."
        )
    left, right = st.columns(2, gap="large")
    with left:
        bridge(published, slot)
    with right:
        till_id = choose_till(published, slot)
        chosen = choose_receipt(published, slot, till_id) if till_id is not None else None
    if chosen:
        receipt(published, slot, chosen)


def named_by_address(published: Published, periods: Rows) -> Slot | None:
    """The store-day that the address names, until its month is asked for; None where it names none that is known."""
    store, wanted = asked_day()
    if not store or wanted is None or st.session_state.get(MONTH_ASKED):
        return None
    companies = {row["company_id"] for row in periods if row["period"] == wanted.replace(day=1)}
    asked = [Slot(company, store, wanted) for company in sorted(companies)]
    return next((slot for slot in asked if slots.day_of(published, slot)), None)


def page() -> None:
    published = open_published("Store-days")
    periods = totals.periods(published)
    if not periods:
        st.info("No store-day has been checked yet. Put a till's files in its inbox, then run: tillproof run")
        st.stop()
    if named := named_by_address(published, periods):
        st.button(
            f"All store-days of {month(named.business_date)}",
            icon=":material/calendar_view_month:",
            on_click=st.session_state.__setitem__,
            args=[MONTH_ASKED, True],
        )
        look_into(published, named)
        return
    with st.container(horizontal=True, vertical_alignment="top"):
        period = choose_month(periods)
        shade = choose_shade()
    slot = heat_map(published, period, shade)
    if slot is None:
        st.caption("Choose a store-day to see its bridge, its tills, their receipts and lines.")
        return
    look_into(published, slot)


page()
