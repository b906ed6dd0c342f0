"""Acceptance: a test window or the first 30 days, day by day against the limits that were agreed, and its sign-off."""

from __future__ import annotations

from datetime import date

import streamlit as st

from app import acceptance as judged
from app import charts, deciding
from app.acceptance import ASKED, Day, Result
from app.deciding import CannotDecideError
from app.money import counted, day, moment, pounds
from app.opening import open_published
from app.published import Published
from app.shown import plain, table
from orchestration import acceptance
from orchestration.acceptance import Standing
from orchestration.acceptance_settings import AcceptanceSettings
from orchestration.closing import SignOff
from orchestration.operations import OperationsError

SHOWN = 12
BADGES = {"passed": ":green-badge[✓ {}]", "failed": ":red-badge[! {}]", "nothing": ":gray-badge[· {}]"}
WORDS = {"passed": "Passed", "failed": "Failed", "nothing": "No sales"}
EXAMPLE = """[acceptance.windows.first_30_days]
title = "First 30 days"
first_day = {first}          # days = 30 unless said

[acceptance.limits.value_checked]      # percent, at least
limit = 99.50
agreed_by = "NAME"

[acceptance.limits.value_matched]      # percent, at least
limit = 98.00
agreed_by = "NAME"

[acceptance.limits.open_debt]          # £-days at a day's end, at most
limit = 500.00
agreed_by = "NAME"

[acceptance.limits.detection_delay]    # hours, at most
limit = 48
agreed_by = "NAME"

[acceptance.limits.refused_files]      # files a day, at most
limit = 0
agreed_by = "NAME"

[acceptance.limits.postings_proven]    # percent, at least
limit = 100
agreed_by = "NAME"
"""


def page() -> None:
    published = open_published("Acceptance")
    try:
        with deciding.store() as (settings, operations):
            agreed = settings.acceptance
            if not agreed.windows or not agreed.limits:
                nothing_agreed(published, agreed)
                return
            name = choose(agreed)
            found = acceptance.standing(published, operations, agreed, settings.company_id, name)
    except (CannotDecideError, OperationsError) as refusal:
        deciding.say_why_not(CannotDecideError(str(refusal)))
        return
    show(published, agreed, found)


def nothing_agreed(published: Published, agreed: AcceptanceSettings) -> None:
    what = "limits and who agreed to each" if agreed.windows else "which days are judged, and by which limits"
    st.info(f"Nothing is agreed yet: tillproof.toml in the home says {what}.", icon=":material/handshake:")
    st.markdown(
        "Agree the limits with the people who will work with the figures, write them down as below with their names, "
        "and load this page again. Leave out what you do not agree on; whoever is named signs at the end."
    )
    st.code(EXAMPLE.format(first=published.as_of.date().isoformat()), language="toml", wrap_lines=True)


def choose(agreed: AcceptanceSettings) -> str:
    names = list(agreed.windows)
    if len(names) == 1:
        return names[0]
    chosen: str = st.selectbox(
        "Days",
        names,
        format_func=lambda name: acceptance.title_of(name, agreed.windows[name]),
        key="window",
        width=260,
        label_visibility="collapsed",
    )
    return chosen


def show(published: Published, agreed: AcceptanceSettings, found: Standing) -> None:
    for key in ("accept", "unaccept"):
        deciding.say_done(key)
    answer(found)
    if not found.days:
        st.markdown(
            f"Its first day is {day(found.window.first_day)}. Each pass fills it; nothing is to be done."
        )
    left, right = st.columns([12, 8], gap="large")
    with left:
        limits(found)
        if found.days:
            trend(agreed, found)
            day_by_day(found)
    with right:
        sign_offs(found)
        sign_form(published, agreed, found)
        withdraw_form(published, agreed, found)


def answer(found: Standing) -> None:
    """Whether it is accepted, before anything else."""
    failed, over = found.counted("failed"), len(found.days)
    span = f"{day(found.window.first_day)} to {day(found.window.last_day)}"
    told = f"{counted(found.counted('passed'), 'day')} passed, {failed} failed"
    told += f", {found.counted('nothing')} without sales"
    waiting = [person for person, word in found.signed.items() if word is None]
    match found.state:
        case "accepted":
            st.success(
                f"**{plain(found.title)} is accepted,** {span}: {told}. Signed by {plain(', '.join(found.signed))}.",
                icon=":material/verified:",
            )
        case "suspended":
            st.error(
                f"**A sign-off of {plain(found.title)} is suspended:** figures or limits moved since. Look at what "
                "moved, then renew it or take it back.",
                icon=":material/lock_reset:",
            )
        case "to_sign":
            st.warning(
                f"**{plain(found.title)} is over,** {span}: {told}. Still to sign: {plain(', '.join(waiting))}.",
                icon=":material/edit_note:",
            )
        case "running":
            st.info(
                f"**{plain(found.title)} is running:** {over} of {found.window.days} days, {span}. So far {told}.",
                icon=":material/hourglass_top:",
            )
        case _:
            st.info(
                f"**{plain(found.title)} has not begun:** no day of {span} is over in these figures.",
                icon=":material/hourglass_empty:",
            )


def limits(found: Standing) -> None:
    st.header("Limits", anchor=False)
    table(
        [{"tally": each} for each in found.tallies],
        {
            "What": lambda row: f"**{ASKED[row['tally'].measure].title}**",
            "Limit a day": lambda row: plain(row["tally"].limit),
            "Agreed by": lambda row: plain(row["tally"].agreed_by),
            "Days": lambda row: _days(row["tally"]),
            "Worst": lambda row: plain(row["tally"].worst_told),
        },
        alt="Each limit, who agreed to it, on how many days it was kept, and the worst day",
    )
    with st.expander("What each of them counts", icon=":material/help:"):
        for each in found.tallies:
            st.markdown(f"**{ASKED[each.measure].title}**: {ASKED[each.measure].meaning}")
        st.caption(
            "Days are judged by these figures: what is mended later turns its day. Debt and time to detect stay as "
            "they were. A day without anything to measure is never counted as passed."
        )


def _days(tally: acceptance.Tally) -> str:
    if tally.failed:
        return BADGES["failed"].format(f"{tally.failed} of {tally.passed + tally.failed} failed")
    return BADGES["passed" if tally.passed else "nothing"].format(
        f"{counted(tally.passed, 'day')} kept" if tally.passed else "Nothing to measure"
    )


def trend(agreed: AcceptanceSettings, found: Standing) -> None:
    st.header("Day by day", anchor=False)
    worst_first = sorted(found.tallies, key=lambda each: -each.failed)
    chosen = st.selectbox(
        "Trend of",
        [each.measure for each in worst_first],
        format_func=lambda measure: ASKED[measure].title,
        key="trend of",
        width=260,
        label_visibility="collapsed",
    )
    asked = ASKED[chosen]
    rows: list[tuple[date, Result]] = [
        (each.day, result) for each in found.days for result in each.results if result.measure == chosen
    ]
    failed = sum(result.outcome == "failed" for _, result in rows)
    st.altair_chart(
        charts.acceptance(
            [
                {
                    "day": on,
                    "figure": result.hundredths,
                    "told": result.told,
                    "outcome": result.outcome,
                }
                for on, result in rows
            ],
            agreed.hundredths(chosen),
            judged.limit_told(agreed, chosen),
        ),
        width="stretch",
        alt=f"{asked.title} on each day against its limit, {judged.limit_told(agreed, chosen)}: {failed} of "
        f"{len(rows)} days failed. The table below has the same figures.",
    )


def day_by_day(found: Standing) -> None:
    measures = [each.measure for each in found.tallies]

    def cell(each: Day, place: int) -> str:
        result: Result = each.results[place]
        return BADGES[result.outcome].format(plain(result.told))

    table(
        [{"day": each} for each in reversed(found.days)],
        {
            "Day": lambda row: f"**{day(row['day'].day)}**",
            "Came out": lambda row: BADGES[row["day"].outcome].format(WORDS[row["day"].outcome]),
            **{
                ASKED[measure].title: lambda row, place=place: cell(row["day"], place)  # type: ignore[misc]
                for place, measure in enumerate(measures)
            },
        },
        alt="Every day that is over, the newest first, with each measure and whether it kept its limit",
    )


def sign_offs(found: Standing) -> None:
    st.header("Who signs", anchor=False)
    for person, word in found.signed.items():
        if word is None:
            st.markdown(f":orange-badge[○ To sign] **{plain(person)}**")
            continue
        badge = ":green-badge[✓ Stands]" if word.state == "stands" else ":red-badge[! Suspended]"
        bad = f" With {plain('; '.join(word.open_items))}." if word.open_items else ""
        st.markdown(f"{badge} **{plain(person)}** on {moment(word.at)}: {plain(word.note)}.{bad}")
        moved(word)
    older = [each for each in found.history if each.state in ("renewed", "withdrawn")]
    for each in older[:SHOWN]:
        end = "renewed since" if each.state == "renewed" else f"taken back: {each.withdrawn_because}"
        st.caption(f"Sign-off {each.sign_off_id} by {plain(each.author)} on {moment(each.at)}, {plain(end)}.")


def moved(word: SignOff) -> None:
    for each in word.moved[:SHOWN]:
        st.markdown(
            f"- {day(date.fromisoformat(each.day))}: {plain(judged.figure_called(each.figure))} was "
            f"{_told(each.figure, each.signed)}, is {_told(each.figure, each.now)}"
        )
    if len(word.moved) > SHOWN:
        st.caption(
            f"And {counted(len(word.moved) - SHOWN, 'figure')} more; tillproof acceptance status --json has all."
        )


def _told(figure: str, value: int | None) -> str:
    if value is None:
        return "not there"
    return plain(pounds(value)) if figure.endswith("_pence") else f"{value:,}"


def sign_form(published: Published, agreed: AcceptanceSettings, found: Standing) -> None:
    """For whoever agreed to a limit, once the days are over; nothing where all have signed."""
    if found.state == "accepted" or not found.is_over:
        if not found.is_over:
            st.caption(f"It is signed once {day(found.window.last_day)} is over.")
        return
    failed = found.counted("failed")
    with st.form("accept", border=True):
        with_failed = False
        if failed:
            with_failed = st.checkbox(
                f"Sign although {counted(failed, 'day')} failed: the sign-off names them", key="accept failed"
            )
        signed = deciding.signature("accept", "Accept", "sign off an acceptance", "Note (goes on record)")
    if signed is None:
        return
    deciding.carry_out(
        "accept",
        signed,
        lambda settings, store: acceptance.sign(
            published,
            store,
            agreed,
            settings.company_id,
            found.name,
            by=signed.by,
            note=signed.reason,
            with_failed_days=with_failed,
        ),
    )


def withdraw_form(published: Published, agreed: AcceptanceSettings, found: Standing) -> None:
    if not any(found.signed.values()):
        return
    with st.expander("Take your sign-off back", icon=":material/undo:"), st.form("unaccept", border=False):
        signed = deciding.signature("unaccept", "Take it back", "sign off an acceptance")
    if signed is not None:
        deciding.carry_out(
            "unaccept",
            signed,
            lambda settings, store: acceptance.withdraw(
                published, store, agreed, settings.company_id, found.name, by=signed.by, note=signed.reason
            ),
        )


page()
