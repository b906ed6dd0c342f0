"""The workbench: what is open, in whose lane, by cause; what mends most; and who does what about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from app import charts, deciding, runbooks, words, workbench
from app.deciding import CannotDecideError
from app.money import counted, day, moment, pounds, whole_pounds
from app.opening import company_of, open_published
from app.published import Published, Row, Rows
from app.shown import Figures, count, pence, plain, table
from app.workbench import Asked
from orchestration import casework
from orchestration.operations import Standing

EVERY = "every"
ON_A_PAGE = 10
CAUSES = 8
RECEIPT_PAGE = "views/receipt.py"
STATES = {
    "awake": "Open",
    "snoozed": "Snoozed",
    "mine": "Assigned to somebody",
    "nobody": "Assigned to nobody",
    "resolved": "Resolved",
}
ORDERS = {
    "value": "Most value first",
    "oldest": "Oldest first",
    "due": "Due first",
    "severity": "Worst severity first",
    "store": "By store and day",
}
ACTS = {"assign": "Assign", "note": "Note", "snooze": "Snooze", "wake": "Wake"}


def choose_lane(found: Rows) -> str | None:
    """Whose exceptions: the lanes, each with how many and what they are worth."""
    by_owner = {row["owner"]: row for row in found}
    options = [EVERY, *words.OWNERS, *sorted(set(by_owner) - set(words.OWNERS))]

    def named(owner: str) -> str:
        mine = found if owner == EVERY else [by_owner[owner]] if owner in by_owner else []
        number = sum(row["exceptions"] for row in mine)
        value = sum(row["value_at_risk_pence"] for row in mine)
        name = "Every lane" if owner == EVERY else words.owner(owner)
        return f"{name}: {number:,}, {plain(whole_pounds(value))}"

    asked = st.query_params.get("lane", EVERY)
    chosen = st.segmented_control(
        "Lane: open exceptions and value at risk",
        options,
        default=asked if asked in options else EVERY,
        format_func=named,
        key="lane",
        required=True,
    )
    return None if chosen in (None, EVERY) else chosen


def said(company: str) -> dict[str, Standing]:
    """What people said of each exception; nothing where no store can be opened."""
    try:
        with deciding.store() as (_, operations):
            return operations.standings(company)
    except CannotDecideError as refusal:
        deciding.say_why_not(refusal)
        return {}


def mend_first(published: Published, company: str, owner: str | None) -> None:
    """The fix set, and a preview of what one of its fixes frees."""
    found = workbench.fixes(published, company, owner)
    st.header("Mend first: one mend, many documents", anchor=False)
    if not found:
        st.success("Nothing that one mend would clear stops a missing document in this lane.")
        return
    table(
        found[:5],
        {
            "What to mend": lambda row: plain(words.fix(row)),
            "Whose": lambda row: words.owner(row["owner"]),
            "Stops documents": count("documents_touched"),
            "Worth": pence("value_touched_pence"),
            "Clears by itself": Figures(lambda row: row["documents_freed_alone"]),
            "Worth cleared": pence("value_freed_alone_pence"),
            "Cleared so far": pence("value_freed_so_far_pence"),
        },
        alt="Fixes, the one that frees most first: documents stopped, cleared by it alone, and by all down to it",
    )
    st.caption(
        "Documents missing in Sage. One that two things stop is cleared when both are mended: Cleared so far adds up "
        "down the list, all lanes together."
    )
    with st.expander(f"Preview a fix ({len(found)})", icon=":material/preview:"):
        preview(published, found)


def preview(published: Published, found: Rows) -> None:
    """What one fix would free, before anybody applies it; and where it is applied."""
    fix = st.selectbox(
        "Fix", found, format_func=lambda row: f"{row['fix_rank']}. {words.fix(row)}", key="fix", width=520
    )
    documents = workbench.fix_documents(published, fix)
    st.markdown(
        f"**{plain(words.fix(fix))}** clears **{counted(fix['documents_freed_alone'], 'document')}, "
        f"{pounds(fix['value_freed_alone_pence'])}** by itself, of {counted(fix['documents_touched'], 'document')}, "
        f"{pounds(fix['value_touched_pence'])}, that it stops (VAT {pounds(fix['vat_touched_pence'])}). "
        f"{plain(fix['remedy'])}"
    )
    with st.container(horizontal=True):
        if target := words.MAPPED_BY.get(runbooks.name_of(fix["runbook"])):
            find = fix["to_mend"].split(" ")[
                0
            ]  # of `4015 S02` the account: the grid has the store of its own
            st.page_link(
                "views/mappings.py",
                label="Change the mapping",
                icon=":material/arrow_forward:",
                query_params={"table": target, "find": find},
            )
        st.page_link(
            "views/runbook.py",
            label="Runbook",
            icon=":material/menu_book:",
            query_params={"name": runbooks.name_of(fix["runbook"])},
        )
    table(
        documents[:ON_A_PAGE],
        {
            "Receipt": lambda row: plain(row["receipt_no"]),
            "Store": lambda row: plain(row["store_id"]),
            "Day": lambda row: day(row["business_date"]),
            "Document": lambda row: words.kind(row["document_kind"]),
            "At risk": pence("value_at_risk_pence"),
            "Cleared by it?": lambda row: (
                f":blue-badge[≈ Also needs] {plain(row['also'])}" if row["also"] else ":green-badge[✓ Yes]"
            ),
        },
        alt="Documents that the fix touches",
    )
    if fix["documents_touched"] > ON_A_PAGE:
        st.caption(f"The {ON_A_PAGE} worth most of {counted(fix['documents_touched'], 'document')}.")


def ask(published: Published, company: str, owner: str | None, standings: dict[str, Standing]) -> Asked:
    """What the reader wants to see, from the filters."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            value=st.query_params.get("find", ""),
            placeholder="Receipt, exception, store, words",
            key="search",
            width=260,
        )
        stores = ["All stores", *workbench.stores(published, company)]
        asked_store = st.query_params.get("store", stores[0])
        store = st.selectbox(
            "Store",
            stores,
            index=stores.index(asked_store) if asked_store in stores else 0,
            key="store",
            width=140,
        )
        state = st.selectbox("State", list(STATES), format_func=STATES.__getitem__, key="state", width=210)
    today = published.as_of.date()
    asleep = tuple(name for name, standing in standings.items() if standing.sleeps(today))
    taken = tuple(name for name, standing in standings.items() if standing.assignee)
    asked = Asked(company, owner=owner, store_id=None if store == stores[0] else store, text=text)
    match state:
        case "snoozed":
            return replace(asked, among=asleep)
        case "mine":
            return replace(asked, among=taken)
        case "nobody":
            return replace(asked, but=taken)
        case "resolved":
            return replace(asked, status="resolved")
    if asleep:
        st.caption(
            f"{counted(len(asleep), 'exception')} snoozed: not listed here, still open, still in the lanes' totals. "
            "State: Snoozed lists what of it is open."
        )
    return replace(asked, but=asleep)


def choose_cause(found: Rows) -> Row:
    """One cause of those listed; the worst, or the one that the address names, to begin with."""
    named = {f"{row['exception_class']} {row['owner']}": row for row in found}
    wanted = st.query_params.get("cause", "")
    first = next((place for place, row in enumerate(found) if row["exception_class"] == wanted), 0)
    chosen = st.selectbox(
        "Cause",
        list(named),
        index=first,
        format_func=lambda name: (
            f"{words.cause(named[name]['exception_class'])} "
            f"({named[name]['exceptions']:,}, {pounds(named[name]['value_at_risk_pence'])})"
        ),
        key="cause",
        width=460,
    )
    return named[chosen]


def causes_table(found: Rows) -> None:
    """The causes worth most, and the rest to unfold: nobody scrolls past what is worth nothing to reach the cases."""
    causes_listed(found[:CAUSES])
    rest = found[CAUSES:]
    if not rest:
        return
    value = sum(row["value_at_risk_pence"] for row in rest)
    number = sum(row["exceptions"] for row in rest)
    named = f"{counted(len(rest), 'more cause')}: {counted(number, 'exception')}, {pounds(value)} at risk"
    with st.expander(plain(named), icon=":material/unfold_more:"):
        causes_listed(rest)


def causes_listed(found: Rows) -> None:
    table(
        found,
        {
            "Cause": lambda row: f"**{plain(words.cause(row['exception_class']))}**",
            "Lane": lambda row: words.owner(row["owner"]),
            "Exceptions": count("exceptions"),
            "At risk": pence("value_at_risk_pence"),
            "£-days": Figures(lambda row: row["debt_pence_days"], whole_pounds),
            "Oldest": Figures(
                lambda row: row["days_open"], lambda days: counted(days, "day") if days else "today"
            ),
        },
        alt="Exceptions by cause, most value first",
    )


def list_cases(
    published: Published, asked: Asked, cause: Row, standings: dict[str, Standing]
) -> tuple[list[str], int]:
    """The cases of one cause, ten a page, each with a box to choose it; gives what was chosen and its value."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Order", list(ORDERS), format_func=ORDERS.__getitem__, key="order", width=210)
        pages = -(-cause["exceptions"] // ON_A_PAGE)
        page = 0
        if pages > 1:
            page = st.selectbox(
                "Show",
                range(pages),
                format_func=lambda place: (
                    f"{place * ON_A_PAGE + 1} to {min((place + 1) * ON_A_PAGE, cause['exceptions'])} "
                    f"of {cause['exceptions']:,}"
                ),
                key=f"page {cause['exception_class']}",
                width=160,
            )
    found = workbench.cases(published, asked, order, ON_A_PAGE, page * ON_A_PAGE)
    every = False
    if asked.status == "open":
        most = min(cause["exceptions"], casework.MOST_AT_ONCE)
        every = st.checkbox(f"Choose all {most:,} of this cause", key=f"all {cause['exception_class']}")
    chosen = [row for row in found if case_line(row, standings.get(row["exception_id"]), every)]
    if every:
        return workbench.case_ids(published, asked, casework.MOST_AT_ONCE)
    return [row["exception_id"] for row in chosen], sum(row["value_at_risk_pence"] for row in chosen)


def case_line(row: Row, standing: Standing | None, every: bool) -> bool:
    """One case: what it is worth, where, since when, what people said; whether it is chosen."""
    with st.container(gap=None, key=f"case-{row['exception_id']}"):
        name = (
            f"Receipt {plain(row['receipt_no'])}" if row["receipt_no"] else words.kind(row["document_kind"])
        )
        label = (
            f"**{pounds(row['value_at_risk_pence'])}** {name}, {plain(row['store_id'])}, "
            f"{day(row['business_date'])}"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            chosen = False
            if row["status"] == "open":
                # a key of its own where all are chosen: a box keeps what it was once drawn with
                key = f"choose {row['exception_id']} {every}"
                chosen = st.checkbox(label, value=every, disabled=every, key=key, width="content")
            else:
                st.markdown(label, width="content")
            st.page_link(
                RECEIPT_PAGE,
                label="Open the receipt" if row["event_id"] else "See what Sage holds",
                icon=":material/arrow_forward:",
                query_params={"find": row["event_id"] or row["exception_id"]},
            )
        st.markdown(f":small[{standing_line(row, standing)}]", width="stretch")
    return chosen


def standing_line(row: Row, standing: Standing | None) -> str:
    """Age, due day, and what people said, in one line; what was seen in the next."""
    told = [words.since(row["days_open"])]
    if row["status"] == "resolved":
        told = [f"resolved {day(row['resolved_at'])} after {counted(row['days_open'], 'day')}"]
    else:
        late = row["due_at"] <= row["last_seen_at"]
        told.append(f":red-badge[! Was due {day(row['due_at'])}]" if late else f"due {day(row['due_at'])}")
    if standing and standing.assignee:
        told.append(f":blue-badge[≈ With {plain(standing.assignee)}]")
    if standing and standing.sleeps(row["last_seen_at"].date()):
        told.append(
            f":gray-badge[? Snoozed until {day(standing.wakes_on)}] {plain(standing.snoozed_because)}"
        )
    if standing and standing.notes:
        told.append(counted(standing.notes, "note"))
    seen = words.seen(row["exception_class"], row["cause_detail"])
    return " · ".join([*told, plain(row["exception_id"]), *([plain(seen)] if seen else [])])


def decide(published: Published, ids: list[str], value: int) -> None:
    """What to do about the chosen cases, signed."""
    deciding.say_done("cases")
    if not ids:
        st.caption("Choose cases above to assign, note or snooze them, one or many at once.")
        return
    st.markdown(f"**{counted(len(ids), 'exception')}** chosen, **{pounds(value)}** at risk.")
    act = st.segmented_control(
        "Do", list(ACTS), default="assign", format_func=ACTS.__getitem__, key="act", required=True
    )
    today = published.as_of.date()
    with st.form("cases", border=True):
        assignee, wakes_on = "", today
        if act == "assign":
            assignee = st.text_input("Assign to (empty: nobody)", key="assignee", max_chars=80, width=260)
        if act == "snooze":
            wakes_on = st.date_input(
                "Until",
                value=today + timedelta(days=7),
                min_value=today + timedelta(days=1),
                max_value=today + casework.LONGEST_SNOOZE,
                format="DD/MM/YYYY",
                key="wakes on",
                width=180,
            )
        why = "Note" if act == "note" else "Why (goes on record)"
        label = f"{ACTS[act or 'assign']} {counted(len(ids), 'exception')}"
        signed = deciding.signature("cases", label, "share out exceptions", why)
    if signed is None:
        return
    by, reason = signed.by, signed.reason
    deciding.carry_out(
        "cases",
        signed,
        lambda settings, store: {
            "assign": lambda: casework.assign(
                published, store, settings.company_id, ids, assignee=assignee, by=by, reason=reason
            ),
            "note": lambda: casework.note(published, store, settings.company_id, ids, by=by, text=reason),
            "snooze": lambda: casework.snooze(
                published, store, settings.company_id, ids, wakes_on=wakes_on, by=by, reason=reason
            ),
            "wake": lambda: casework.wake(published, store, settings.company_id, ids, by=by, reason=reason),
        }[act](),
    )


def log_of(company: str, ids: list[str]) -> None:
    """Everything said of one chosen case."""
    if len(ids) != 1:
        return
    try:
        with deciding.store() as (_, operations):
            found = operations.said(company, ids[0])
    except CannotDecideError:
        return
    for each in found:
        to = f" {plain(each.to)}" if each.to else ""
        st.markdown(
            f"**{moment(each.at)}** {plain(each.author)}: {each.what}{to}. {plain(each.text)}",
            width="stretch",
        )


def trends(published: Published, company: str, owner: str | None) -> None:
    """How old what is open is, and how the debt went, pass by pass."""
    left, right = st.columns(2, gap="large")
    with left:
        st.header("How long it has been open", anchor=False)
        table(
            workbench.ages(published, company, owner),
            {
                "Open": lambda row: row["age"],
                "Exceptions": count("exceptions"),
                "At risk": pence("value_at_risk_pence"),
            },
            alt="Open exceptions by age",
        )
    with right:
        st.header(
            "Debt, pass by pass",
            anchor=False,
            help="Value at risk times the days it has been open, in £-days.",
        )
        found = workbench.debt_trend(published, company, owner)
        if not found:
            st.info("How it went is shown from the next pass on: tillproof run", icon=":material/history:")
            return
        if len(found) > 1:
            st.altair_chart(
                charts.debt_trend(found),
                width="stretch",
                alt="Debt at each pass; the table has the same figures",
            )
        table(
            list(reversed(found))[:6],
            {
                "Pass": lambda row: str(row["pass_number"]),
                "As of": lambda row: day(row["as_of"]),
                "Open": count("exceptions"),
                "At risk": pence("value_at_risk_pence"),
                "£-days": Figures(lambda row: row["debt_pence_days"], whole_pounds),
            },
            alt="Open exceptions, value at risk and debt at each of the last passes",
        )


def page() -> None:
    published = open_published("Exceptions")
    company = company_of(published)
    lanes = workbench.lanes(published, company)
    owner = choose_lane(lanes)
    standings = said(company)
    mend_first(published, company, owner)
    st.header("Every open exception, by cause", anchor=False)
    asked = ask(published, company, owner, standings)
    found = workbench.causes(published, asked)
    if not found:
        st.info("No exception answers to that. Clear the search, or choose another lane, store or state.")
    else:
        work(published, asked, found, standings)
    trends(published, company, owner)


def work(published: Published, asked: Asked, found: Rows, standings: dict[str, Standing]) -> None:
    """Causes, the cases of one, its runbook beside them, and what is done about them."""
    causes_table(found)
    cause = choose_cause(found)
    left, right = st.columns([12, 8], gap="large")
    with left:
        asked = replace(asked, owner=cause["owner"], exception_class=cause["exception_class"])
        ids, value = list_cases(published, asked, cause, standings)
        decide(published, ids, value)
        log_of(asked.company_id, ids)
    with right, st.container(border=True, key="runbook"):
        runbooks.show(cause["exception_class"] or runbooks.GENERAL)


page()
