"""The first page: can I close, how much is proven, whose is the rest, and what to look at first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import streamlit as st

from app import charts, sources, totals, words
from app.money import counted, day, moment, month, pounds, share, whole_pounds
from app.opening import open_published
from app.published import Published, Row, Rows
from app.shown import Figures, close_badge, count, pence, plain, slot_badges, table

SPACE = "\N{NO-BREAK SPACE}"
RECEIPT_PAGE = "views/receipt.py"
CHANGES = 6
DEBT_HELP = (
    "Value at risk times the days it has been open, in £-days. Clear by: when all of it is cleared at the pace at "
    "which exceptions of the same classes were resolved in the last 28 days, if nothing new opens; empty where "
    "nothing of some class was, or history is younger than a week."
)


def answer(periods: Rows) -> None:
    """Yes or no, before anything else."""
    blocked = [row for row in periods if row["close_verdict"] != "ready"]
    if not blocked:
        st.success(
            f"**Yes.** {counted(len(periods), 'period')} ready to close.", icon=":material/check_circle:"
        )
        return
    at_risk = sum(row["value_at_risk_pence"] for row in blocked)
    open_exceptions = sum(row["open_exceptions"] for row in blocked)
    st.error(
        f"**Not yet.** {len(blocked)} of {counted(len(periods), 'period')} blocked by "
        f"{counted(open_exceptions, 'open exception')}, **{pounds(at_risk)}** at risk.",
        icon=":material/block:",
    )


def ages(published: Published) -> None:
    """How old what the figures stand on is: the newest of each source, and the stores that are behind."""
    tills, ledger, said = sources.tills(published), sources.sage(published), sources.connector(published)
    newest = max((row["newest_day"] for row in tills), default=None)
    behind = [row for row in tills if row["days_behind"] > sources.LATE_DAYS]
    told = [f"tills to {day(newest)}", f"Sage to {day(ledger['newest_day'])}"]
    if said["last_at"]:
        told.append(f"the connector's log to {moment(said['last_at'])}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"What these figures stand on: {'; '.join(told)}.", width="content")
        if behind:
            named = ", ".join(
                f"{plain(row['store_id'])} by {counted(row['days_behind'], 'day')}" for row in behind[:5]
            )
            more = f" and {len(behind) - 5} more" if len(behind) > 5 else ""
            st.markdown(f":red-badge[! Behind] {named}{more}", width="content")
        st.page_link("views/connections.py", label="Connections", icon=":material/cable:")


def since_yesterday(published: Published) -> None:
    """What came, what was cleared, and what was judged anew in the day before these figures."""
    since = published.as_of - timedelta(days=1)
    st.header(
        "Since yesterday",
        anchor=False,
        help=f"After {moment(since)}, the same hour of the day before these figures. What came and was cleared since "
        "is counted as both.",
    )
    rows, judged = totals.changed(published, since), totals.judged_since(published, since)
    if judged["documents"] and not judged["has_before"]:
        st.info(
            "These are the first figures: what changes is told from tomorrow on.", icon=":material/history:"
        )
        return
    if not rows and not judged["documents"]:
        st.markdown("Nothing came, nothing was cleared, and no verdict is another.")
        return
    came, cleared = (sum(row[name] for row in rows) for name in ("came", "cleared"))
    net = sum(row["came_pence"] - row["cleared_pence"] for row in rows)
    way = "more" if net > 0 else "less"
    st.markdown(
        f"**{counted(came, 'exception')} came, {cleared:,} cleared**: {pounds(abs(net))} {way} at risk than the day "
        "before. "
        f"{counted(judged['documents'], 'document')} judged anew, {judged['settled']:,} with nothing left to do."
    )
    if rows:
        table(
            rows[:CHANGES],
            {
                "What": lambda row: f"**{plain(words.cause(row['exception_class']))}**",
                "Owner": lambda row: words.owner(row["owner"]),
                "Came": count("came"),
                "Cleared": count("cleared"),
                "Change": Figures(lambda row: row["came_pence"] - row["cleared_pence"], _signed),
            },
            alt="Causes whose exceptions came or were cleared since yesterday, and by how much the value at risk moved",
        )
    if len(rows) > CHANGES:
        st.caption(f"And {counted(len(rows) - CHANGES, 'cause')} more.")


def _signed(pence: int) -> str:
    """A change: +£1.00 where it is more."""
    return f"+{pounds(pence)}" if pence > 0 else pounds(pence)


def proven(checked: Row) -> None:
    """How much is reconciled, explained, open or not checked."""
    parts = {
        "Reconciled": ("matched_pence", "Sage holds it and every figure agrees."),
        "Explained": ("explained_pence", "A named policy, a reversal, or not yet due: nothing to do."),
        "Open": ("open_pence", "Missing, different or there twice: someone owns it."),
        "Not checked": ("not_checked_pence", "Could not be judged; never counted as right."),
    }
    whole = sum(checked[column] for column, _ in parts.values())
    with st.container(horizontal=True, key="proven"):
        for label, (column, meaning) in parts.items():
            st.metric(
                label,
                whole_pounds(checked[column]),
                f"{share(checked[column], whole)} of value",
                delta_color="off",
                delta_arrow="off",
                help=meaning,
                border=True,
            )
    st.caption(
        "Value of Sage documents expected or found, each at the larger of what the till says and Sage holds; "
        "a sale and the money taken for it are two. "
        f"From {counted(checked['money_receipts'], 'money receipt')} "
        f"with sales of {pounds(checked['till_sales_pence'])}; "
        f"{counted(checked['nothing_to_post_receipts'], 'receipt')} with nothing to post counted apart."
    )


def blocked_by(period: Mapping[str, Any], blockers: Rows) -> str:
    mine = [
        f"{words.cause(row['exception_class'])} ({row['open_exceptions']:,})"
        for row in blockers
        if (row["company_id"], row["period"]) == (period["company_id"], period["period"])
    ]
    more = f", +{len(mine) - 1}{SPACE}{'causes' if len(mine) > 2 else 'cause'}" if len(mine) > 1 else ""
    return plain("".join(mine[:1]) + more)


def periods_table(periods: Rows, blockers: Rows) -> None:
    st.header("Each period", anchor=False)
    company = {"Company": lambda row: plain(row["company_id"])}
    several = len({row["company_id"] for row in periods}) > 1
    table(
        periods,
        {
            **(company if several else {}),
            "Period": lambda row: f"{row['period']:%b}{SPACE}{row['period']:%Y}",
            "Ready?": lambda row: close_badge(row["close_verdict"]),
            "Blocked most by (exceptions)": lambda row: blocked_by(row, blockers),
            "At risk": pence("value_at_risk_pence"),
        },
        alt="Every company and month, whether it can be closed, and what blocks it",
    )


def debt(rows: Rows) -> None:
    st.header("Debt by owner", anchor=False, help=DEBT_HELP)
    if not rows:
        st.success("Nobody owes anything: no exception is open.")
        return
    st.altair_chart(
        charts.debt(rows), width="stretch", alt="Debt by owner; the table below has the same figures"
    )
    table(
        rows,
        {
            "Owner": lambda row: words.owner(row["owner"]),
            "Open": count("open_exceptions"),
            "At risk": pence("value_at_risk_pence"),
            "£-days": Figures(lambda row: row["debt_pence_days"], whole_pounds),
            **(
                {
                    "Clear by": lambda row: (
                        day(row["forecast_clear_date"]) if row["forecast_clear_date"] else ""
                    )
                }
                if (is_told := any(row["forecast_clear_date"] for row in rows))
                else {}
            ),
        },
        alt="Open exceptions, value at risk and debt of each owner, and when it is cleared at the pace of late",
    )
    if not is_told:
        st.caption(
            "When it will be clear cannot be said yet: that takes a week of passes, and something resolved of every "
            "cause."
        )


def keep_none_open(owners: Rows, periods: Rows) -> None:
    """Why more is open in all than the answer above counts."""
    open_now, blocking = (
        [sum(row[name] for row in rows) for name in ("open_exceptions", "value_at_risk_pence")]
        for rows in (owners, periods)
    )
    others, at_risk = (whole - part for whole, part in zip(open_now, blocking, strict=True))
    if others > 0:
        st.caption(
            f"{counted(open_now[0], 'exception')} in all: {blocking[0]:,} of them keep a period open, {others:,} none: "
            f"{pounds(at_risk)} at risk that no later file or posting can undo, or that is of no period."
        )


def choose_period(periods: Rows) -> Row:
    """The month to look into: the newest that is blocked, unless the reader chooses another."""
    blocked = [place for place, row in enumerate(periods) if row["close_verdict"] != "ready"]
    several = len({row["company_id"] for row in periods}) > 1
    chosen: Row = st.selectbox(
        "Period of the store-days",
        periods,
        index=blocked[0] if blocked else 0,
        format_func=lambda row: (f"{row['company_id']} " if several else "") + month(row["period"]),
        width=200,
        key="period",
        label_visibility="collapsed",
    )
    return chosen


def heat_map(published: Published, periods: Rows) -> Row:
    """Every store by every day of one month; gives the month chosen."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("Store by day", anchor=False, width="content")
        period = choose_period(periods)
    days = totals.store_days(published, period["company_id"], period["period"])
    # a choice belongs to its month: another month begins without one
    drawn, listed = (f"{name} {period['company_id']} {period['period']}" for name in ("drawn", "listed"))
    st.markdown(f"{slot_badges()} :small[Pale: under {charts.SLIGHT_PERCENT}% of the day's value.]")
    open_days = sum(row["slot_verdict"] == "open" for row in days)
    st.altair_chart(
        charts.store_days(days),
        width="stretch",
        key=drawn,
        on_select=lambda: choose_slot(drawn, listed),
        alt=f"Stores by days of {month(period['period'])}: {open_days} of {len(days)} store-days open. "
        "Every one can be chosen in the list below.",
    )
    stores = totals.stores_in(published, period["company_id"], period["period"])
    shown = len({row["store_id"] for row in days})
    if shown < stores:
        st.caption(f"The {shown} stores with most open value, of {stores:,}.")
    look_into_slot(published, period["company_id"], days, listed)
    return period


def choose_slot(drawn: str, listed: str) -> None:
    """A click on a cell chooses that store-day in the list."""
    chosen = st.session_state[drawn].selection.get("slot") or []
    if chosen:
        st.session_state[listed] = f"{chosen[0]['store_id']} {chosen[0]['business_date']}"


def look_into_slot(published: Published, company: str, days: Rows, listed: str) -> None:
    worst_first = sorted(days, key=lambda row: (-row["open_pence"], -row["not_checked_pence"]))
    named = {f"{row['store_id']} {row['business_date']}": row for row in worst_first}
    chosen = st.selectbox(
        "Look into a store-day",
        list(named),
        index=None,
        placeholder="Choose one, or click a cell above",
        format_func=lambda name: (
            f"{named[name]['store_id']}, {day(named[name]['business_date'])}: "
            f"{words.SLOTS[named[name]['slot_verdict']].lower()}"
        ),
        key=listed,
    )
    if chosen is None:
        return
    slot = named[chosen]
    st.markdown(
        f"**Store {plain(slot['store_id'])}, {day(slot['business_date'])}**: tills took "
        f"{pounds(slot['till_sales_pence'])} in {counted(slot['money_receipts'], 'receipt')}; "
        f"Sage holds {pounds(slot['sage_sales_pence'])} of sales."
    )
    st.page_link(
        "views/store_days.py",
        label="Its bridge, tills and receipts",
        icon=":material/arrow_forward:",
        query_params={"store": slot["store_id"], "date": slot["business_date"].isoformat()},
    )
    found = totals.exceptions(
        published, company=company, store=slot["store_id"], business_date=slot["business_date"]
    )
    if not found:
        st.success("Nothing is open here.")
    for row in found:
        exception_line(row)


def exception_line(row: Row) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{pounds(row['value_at_risk_pence'])}** {plain(words.cause(row['exception_class']))} "
            f"· {words.kind(row['document_kind'])} · {words.owner(row['owner'])}",
            width="content",
        )
        link(row["event_id"], row["exception_id"], row["receipt_no"])


def link(event_id: str | None, exception_id: str, receipt_no: str | None) -> None:
    """To the receipt behind it, or to the exception itself where there is no receipt."""
    st.page_link(
        RECEIPT_PAGE,
        label=f"See receipt {plain(receipt_no)}" if event_id else "See what Sage holds",
        icon=":material/arrow_forward:",
        query_params={"find": event_id or exception_id},
    )


def worst(published: Published, period: Row) -> None:
    """What is open, by cause, each with the receipt it hit hardest."""
    st.header("Worst exceptions, by cause", anchor=False)
    alone = st.toggle(f"Only {month(period['period'])}", key="alone")
    causes = totals.worst_causes(published, period["period"] if alone else None, period["company_id"])
    if not causes:
        st.success("Every till agrees with the ledger.", icon=":material/check_circle:")
    for cause in causes:
        with st.container(border=True):
            st.markdown(
                f"**{plain(words.cause(cause['exception_class']))}** "
                f":gray-badge[{words.owner(cause['owner'])}]  \n"
                f"**{pounds(cause['value_at_risk_pence'])}** at risk in "
                f"{counted(cause['open_exceptions'], 'document')}, "
                f"{words.since(cause['days_open'])}. {plain(detail(cause))}"
            )
            with st.container(horizontal=True):
                st.page_link(
                    "views/exceptions.py",
                    label=f"See all {cause['open_exceptions']:,}"
                    if cause["open_exceptions"] > 1
                    else "See the exception",
                    icon=":material/checklist:",
                    query_params={"lane": cause["owner"], "cause": cause["exception_class"] or ""},
                )
                link(cause["worst_event_id"], cause["worst_exception_id"], cause["worst_receipt_no"])


def detail(cause: Row) -> str:
    """What was seen, heaviest first, where it says more than the heading; and what to do."""
    told = [(words.seen(cause["exception_class"], each["detail"]), each) for each in cause["details"]]
    several = cause["causes"] > 1
    said = "; ".join(
        f"{seen}{': ' + counted(each['exceptions'], 'document') if several else ''}"
        for seen, each in told
        if seen
    )
    more = cause["causes"] - len(cause["details"])
    said += f"; and {more:,} more" if said and more else ""
    return ". ".join(part.rstrip(".") for part in (said, cause["suggested_remedy"] or "") if part) + "."


def page() -> None:
    published = open_published("Can I close?")
    periods = totals.periods(published)
    if not periods:
        st.info("No store-day has been checked yet. Put a till's files in its inbox, then run: tillproof run")
        st.stop()
    answer(periods)
    ages(published)
    proven(totals.checked(published))
    left, right = st.columns([9, 11], gap="large")
    with left:
        periods_table(periods, totals.blockers(published))
        since_yesterday(published)
        debt(totals.debt_by_owner(published))
        keep_none_open(totals.debt_by_owner(published), periods)
        undated(totals.undated_exceptions(published))
    with right:
        period = heat_map(published, periods)
        worst(published, period)


def undated(rows: Rows) -> None:
    """Files that could not be read belong to no period; said here so that nobody closes over them."""
    if not rows:
        return
    st.warning(
        f"{counted(len(rows), 'file')} not read, or only in part: they belong to no period above.",
        icon=":material/draft:",
    )
    with st.expander("Which files, and why"):
        for row in rows:
            st.markdown(plain(row["cause_detail"]))


page()
