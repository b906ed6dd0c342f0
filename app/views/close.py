"""Close: a month's checklist, its sign-off and what moved since, the sign-offs of its store-days, the evidence pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from app import close_figures, deciding, totals, words
from app.close_checklist import Item
from app.close_figures import FIGURES, Moved, Scope
from app.deciding import CannotDecideError
from app.money import NONE, counted, day, moment, month, pounds
from app.opening import open_published
from app.published import Published, Row, Rows
from app.shown import count, pence, plain, table
from app.slots import TOTALS
from orchestration import closing, evidence_pack
from orchestration.closing import SignOff
from orchestration.operations import CloseFigures, Operations, OperationsError
from orchestration.settings import Settings

SPACE = "\N{NO-BREAK SPACE}"
PACK = "evidence pack"
SHOWN = 12
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STATES = {
    "stands": ":green-badge[✓ Stands]",
    "suspended": ":red-badge[! Suspended]",
    "renewed": ":gray-badge[· Renewed since]",
    "withdrawn": ":gray-badge[· Taken back]",
}


def choose(periods: Rows) -> Row:
    """The month to close: the newest, unless the reader chooses another."""
    several = len({row["company_id"] for row in periods}) > 1
    chosen: Row = st.selectbox(
        "Month",
        periods,
        format_func=lambda row: (f"{row['company_id']} " if several else "") + month(row["period"]),
        width=220,
        key="close period",
        label_visibility="collapsed",
    )
    return chosen


def answer(whole: SignOff | None, items: Sequence[Item], scope: Scope) -> None:
    """Whether the month is signed off and whether that stands, before anything else."""
    still_open = sum(item.state == "open" for item in items)
    if whole is None:
        if still_open:
            st.warning(
                f"**{closing.named(scope)} is not signed off.** {counted(still_open, 'item')} of {len(items)} open.",
                icon=":material/lock_open:",
            )
        else:
            st.info(
                f"**{closing.named(scope)} is ready to sign off.** All {len(items)} items are done.",
                icon=":material/task_alt:",
            )
        return
    role = f" ({whole.role})" if whole.role else ""
    signed = (
        f"by {plain(whole.author)}{role} on {moment(whole.at)}, on publication {whole.publication_number}: "
        f"{plain(whole.note)}"
    )
    if whole.state == "stands":
        left = f" With {counted(len(whole.open_items), 'open item')}." if whole.open_items else ""
        st.success(f"**{closing.named(scope)} is signed off,** {signed}.{left}", icon=":material/lock:")
        return
    st.error(
        f"**The sign-off of {closing.named(scope)} is suspended:** {counted(len(whole.moved), 'figure')} moved since "
        f"it was signed {signed}. Look at what moved, then renew it or take it back.",
        icon=":material/lock_reset:",
    )
    moved_figures(whole.moved)


def moved_figures(moved: Sequence[Moved]) -> None:
    """Each figure that moved: what was signed, and what it is now."""
    table(
        [{"moved": each} for each in moved[:SHOWN]],
        {
            "Store": lambda row: f"**{plain(row['moved'].store_id)}**",
            "Day": lambda row: day(date.fromisoformat(row["moved"].day)),
            "Figure": lambda row: plain(FIGURES.get(row["moved"].figure, "It was signed without figures")),
            "Signed": lambda row: told(row["moved"], row["moved"].signed),
            "Now": lambda row: told(row["moved"], row["moved"].now),
        },
        alt="Figures that are no longer what was signed",
    )
    if len(moved) > SHOWN:
        st.caption(f"And {counted(len(moved) - SHOWN, 'figure')} more; the evidence pack lists them all.")


def told(moved: Moved, value: int | None) -> str:
    if value is None:
        return NONE
    return plain(pounds(value)) if moved.is_money else f"{value:,}"


def checklist(items: Sequence[Item]) -> None:
    st.header("Checklist", anchor=False)
    table(
        [{"item": item} for item in items],
        {
            "Item": lambda row: f"**{plain(row['item'].title)}**",
            "State": lambda row: state_badge(row["item"]),
            "Owner": lambda row: plain(words.owner(row["item"].owner)),
            "Due": lambda row: day(row["item"].due_on).replace(" ", SPACE),
            "Found": lambda row: plain(row["item"].seen),
        },
        alt="What must be so before the month is closed, whose it is, by when, and how it stands",
    )


def state_badge(item: Item) -> str:
    if item.state == "done":
        return ":green-badge[✓ Done]"
    return ":red-badge[! Late]" if item.is_overdue else ":orange-badge[○ Open]"


def figures_of(now: CloseFigures) -> None:
    with st.expander("The figures that a sign-off binds to", icon=":material/functions:"):
        st.caption(
            f"Over {counted(len(now.slots), 'store-day')}; each is kept by store and day. Digest {now.digest[:12]}."
        )
        table(
            [{"name": name, "value": value} for name, value in close_figures.totals(now).items()],
            {
                "Figure": lambda row: plain(FIGURES[row["name"]]),
                "Month": lambda row: (
                    plain(pounds(row["value"])) if row["name"].endswith("_pence") else f"{row['value']:,}"
                ),
            },
            alt="The figures of the month that a sign-off binds to",
        )


def period_bridge(published: Published, scope: Scope) -> None:
    """From the tills to Sage by Sage's own period, with what Sage has in another one; nothing left over."""
    found = totals.period_bridge(published, scope.company_id, scope.date_from, scope.date_to)
    if not found:
        return
    st.header("From tills to Sage", anchor=False)
    st.caption(
        "By Sage's own accounting period. What Sage has in another period than the day it was sold on stands in both "
        "months, once with each sign."
    )
    lines: dict[tuple[object, ...], dict[str, Any]] = {}
    for row in found:
        place = tuple(
            row[name] for name in ("period_start_date", "line_order", "line_kind", "other_period_start_date")
        )
        line = lines.setdefault(
            place, {**row, "sales_pence": None, "takings_pence": None, "balance_pence": None}
        )
        line[f"{row['measure']}_pence"] = row["amount_pence"]
    in_order = sorted(lines, key=lambda place: (place[0], *_bridge_place(lines[place]), str(place[3])))
    periods = {row["period_start_date"] for row in found}
    has_cutover = any(row["measure"] == "balance" for row in found)
    table(
        [lines[place] for place in in_order],
        {
            **({"Period from": lambda row: day(row["period_start_date"])} if len(periods) > 1 else {}),
            "Line": _bridge_line,
            "Sales": pence("sales_pence"),
            "Takings": pence("takings_pence"),
            **({"Left on the accounts": pence("balance_pence")} if has_cutover else {}),
        },
        alt="From the tills to Sage by accounting period, every difference named, and what is left over",
    )


def _bridge_place(row: Mapping[str, Any]) -> tuple[int, int, str]:
    """What parts sales and takings from the tills, then what is on the customers' accounts alone, then Sage."""
    is_sage = row["line_kind"] in ("sage", "residual")
    of_accounts = row["sales_pence"] is None and row["takings_pence"] is None
    return 2 if is_sage else int(of_accounts), row["line_order"], row["line_kind"]


def _bridge_line(row: Mapping[str, Any]) -> str:
    told = words.bridge_line(row["line_kind"])
    if row["line_kind"] == "residual":
        left = row["sales_pence"] or row["takings_pence"] or row["balance_pence"]
        return f"{told} {':red-badge[! Left over]' if left else ':green-badge[✓ Nothing left over]'}"
    if row["other_period_start_date"]:
        return plain(f"{told}, {month(row['other_period_start_date'])}")
    return f"**{plain(told)}**" if row["line_kind"] in TOTALS else plain(told)


def sign_form(
    published: Published, scope: Scope, items: Sequence[Item], in_force: SignOff | None, key: str
) -> None:
    """Sign, or renew what is suspended; nothing where it stands."""
    if in_force is not None and in_force.state == "stands":
        return
    still_open = [item for item in items if item.state == "open"]
    label = "Renew the sign-off" if in_force else f"Sign off {closing.named(scope)}"
    duty = "sign off a period" if scope.is_period else "sign off a store-day"
    with st.form(key, border=True):
        with_open = False
        if still_open:
            with_open = st.checkbox(
                f"Sign although {counted(len(still_open), 'item is', 'items are')} open: the sign-off names them",
                key=f"{key} open",
            )
        signed = deciding.signature(key, label, duty, "Note (goes on record)")
    if signed is None:
        return
    deciding.carry_out(
        key,
        signed,
        lambda settings, store: closing.sign(
            published,
            store,
            settings.close,
            scope,
            by=signed.by,
            note=signed.reason,
            with_open_items=with_open,
        ),
    )


def withdraw_form(published: Published, scope: Scope, key: str, duty: str) -> None:
    with st.expander("Take the sign-off back", icon=":material/undo:"), st.form(key, border=False):
        signed = deciding.signature(key, "Take it back", duty)
    if signed is not None:
        deciding.carry_out(
            key,
            signed,
            lambda settings, store: closing.withdraw(
                published, store, scope, by=signed.by, note=signed.reason
            ),
        )


def tick_form(published: Published, scope: Scope, items: Sequence[Item]) -> None:
    """Items that no figure can answer."""
    by_hand = [item for item in items if item.is_ticked]
    if not by_hand:
        return
    with st.expander("Tick an item that no figure can answer", icon=":material/check_box:"):
        deciding.say_done("tick")
        with st.form("tick", border=False):
            item = st.selectbox(
                "Item", by_hand, format_func=lambda item: item.title, key="ticked item", width="stretch"
            )
            act = st.radio("It is", ["Done", "Not done"], horizontal=True, key="tick act")
            signed = deciding.signature(
                "tick", "Put on record", "tick the checklist", "Note (goes on record)"
            )
    if signed is not None:
        deciding.carry_out(
            "tick",
            signed,
            lambda settings, store: closing.tick(
                published,
                store,
                settings.close,
                scope,
                item.name,
                is_done=act == "Done",
                by=signed.by,
                note=signed.reason,
            ),
        )


def pack_form(published: Published, scope: Scope) -> None:
    """The evidence pack: made on request, then offered as a file."""
    st.header("Evidence pack", anchor=False)
    st.caption(
        "One Excel workbook: checklist, summary, both bridges, store-days, exceptions, postings with their five truths "
        "and sign-offs. Its totals are live formulas, and tillproof close verify holds it against the record."
    )
    deciding.say_done("pack")
    made = st.session_state.get(PACK)
    if made is not None and made[0] == scope:
        _, name, content = made
        st.download_button(
            f"Download {name}",
            content,
            name,
            EXCEL,
            key="pack file",
            icon=":material/download:",
            on_click="ignore",
        )
    with st.form("pack", border=True):
        signed = deciding.signature(
            "pack", "Make the pack", "make an evidence pack", "What for (goes on record)"
        )
    if signed is None:
        return

    def make(settings: Settings, store: Operations) -> str:
        pack = evidence_pack.make(published, store, settings.close, scope, by=signed.by, note=signed.reason)
        st.session_state[PACK] = (scope, pack.file_name, pack.content)
        return f"Made on publication {pack.publication_number}. Manifest {pack.manifest_digest[:12]}"

    with st.spinner("Making the pack"):
        deciding.carry_out("pack", signed, make)


def store_day(
    published: Published,
    operations: Operations,
    settings: Settings,
    period: Scope,
    now: CloseFigures,
    signed: Sequence[SignOff],
) -> None:
    """One store-day: its checklist and its own sign-off."""
    st.header("A store-day", anchor=False)
    st.caption("A store-day can be signed off by itself, before the month is over.")
    stores = sorted({store for store, _ in now.slots})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        store = st.selectbox("Store", stores, key="close store", width=160)
        days = sorted(iso for each, iso in now.slots if each == store)
        chosen = st.selectbox(
            "Day",
            days,
            index=len(days) - 1,
            format_func=lambda iso: day(date.fromisoformat(iso)),
            key="close day",
            width=180,
        )
    if chosen is None:
        return
    scope = closing.store_day_of(period.company_id, store, date.fromisoformat(chosen))
    items = closing.items_of(published, operations, settings.close, scope)
    mine = next((each for each in signed if each.scope == scope and each.is_in_force), None)
    deciding.say_done("sign day")
    deciding.say_done("withdraw day")
    still_open = [item for item in items if item.state == "open"]
    if mine is not None:
        st.markdown(
            f"{STATES[mine.state]} Signed by {plain(mine.author)} on {moment(mine.at)}: {plain(mine.note)}"
        )
        if mine.moved:
            moved_figures(mine.moved)
    elif not still_open:
        st.markdown(":green-badge[✓ Nothing open]")
    for item in still_open:
        st.markdown(f":orange-badge[○ Open] **{plain(item.title)}** · {plain(item.seen)}")
    sign_form(published, scope, items, mine, "sign day")
    if mine is not None:
        withdraw_form(published, scope, "withdraw day", "sign off a store-day")


def vat_returns(published: Published, scope: Scope) -> None:
    """The VAT returns that the month is on: filed or not, what corrected them since, and what is open in them."""
    found = totals.vat_returns(published, scope.company_id, scope.date_from, scope.date_to)
    if not found:
        return
    st.header("VAT returns", anchor=False)
    table(
        found,
        {
            "Period": lambda row: f"**{day(row['period_start_date'])} to {day(row['period_end_date'])}**",
            "Filed": lambda row: day(row["filed_on"]),
            "Corrections since": count("corrections"),
            "Net error": pence("net_error_pence"),
            "Open exceptions": count("open_exceptions"),
            "Box 1 open": pence("open_vat_effect_pence"),
            "Box 6 open": pence("open_box_6_effect_pence"),
        },
        alt="VAT periods of the month, whether their returns are filed, and what is or may be an error on them",
    )


def on_record(signed: Sequence[SignOff]) -> None:
    st.header("Sign-offs on record", anchor=False)
    if not signed:
        st.caption("Nobody has signed anything of this month.")
        return
    table(
        [{"signed": each} for each in signed[:SHOWN]],
        {
            "No.": lambda row: f"**{row['signed'].sign_off_id}**",
            "Of": lambda row: plain(closing.named(row["signed"].scope)),
            "State": lambda row: STATES[row["signed"].state],
            "By": lambda row: plain(row["signed"].author),
            "When": lambda row: moment(row["signed"].at),
            "Note": _note,
        },
        alt="Sign-offs of the month and of its store-days, the newest first",
    )
    if len(signed) > SHOWN:
        st.caption(f"And {counted(len(signed) - SHOWN, 'sign-off')} more; the evidence pack lists them all.")


def _note(row: Mapping[str, Any]) -> str:
    each: SignOff = row["signed"]
    if each.state == "withdrawn":
        return (
            f"{plain(each.note)} · taken back by {plain(each.withdrawn_by)}: {plain(each.withdrawn_because)}"
        )
    return plain(each.note)


def page() -> None:
    published = open_published("Close")
    periods = totals.periods(published)
    if not periods:
        st.info("No store-day has been checked yet. Put a till's files in its inbox, then run: tillproof run")
        st.stop()
    chosen = choose(periods)
    scope = closing.period_of(chosen["company_id"], chosen["period"])
    try:
        with deciding.store() as (settings, operations):
            show(published, operations, settings, scope)
    except (CannotDecideError, OperationsError) as refusal:
        deciding.say_why_not(CannotDecideError(str(refusal)))


def show(published: Published, operations: Operations, settings: Settings, scope: Scope) -> None:
    now = close_figures.figures(published, scope)
    signed = closing.sign_offs(published, operations, scope.company_id, scope, now)
    items = closing.items_of(published, operations, settings.close, scope)
    whole = next((each for each in signed if each.scope == scope and each.is_in_force), None)
    for key in ("sign", "withdraw"):
        deciding.say_done(key)
    answer(whole, items, scope)
    left, right = st.columns([12, 8], gap="large")
    with left:
        checklist(items)
        tick_form(published, scope, items)
        figures_of(now)
        period_bridge(published, scope)
        vat_returns(published, scope)
        on_record(signed)
    with right:
        st.header("Sign-off", anchor=False)
        sign_form(published, scope, items, whole, "sign")
        if whole is not None:
            withdraw_form(published, scope, "withdraw", "sign off a period")
        store_day(published, operations, settings, scope, now, signed)
        pack_form(published, scope)


page()
