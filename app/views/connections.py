"""Connections: how old each source is, how often it fails, until when Sage lets us in, which files were refused, what
starts by itself, how long passes take, disk, and a look at all of it now."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import streamlit as st

from app import schedules, sources, totals, words
from app.deciding import CannotDecideError, store
from app.money import counted, day, moment, share
from app.opening import home, open_published
from app.published import Published
from app.shown import count, plain, table
from orchestration import source_log
from orchestration.doctor import LEAST_FREE_BYTES, examine, sign_in_to_sage
from orchestration.operations import OperationsError
from orchestration.settings import Settings, SettingsError, load

SPACE = "\N{NO-BREAK SPACE}"
FILE_STATES = {"refused": ":red-badge[! Refused]", "partly_accepted": ":orange-badge[⊘ In part]"}


def age(days: int | None) -> str:
    """How many days a source is behind the figures, with a sign."""
    if days is None:
        return ":gray-badge[? Nothing yet]"
    told = "Up to date" if days <= 0 else f"{counted(days, 'day')} behind"
    return f":red-badge[! {told}]" if days > sources.LATE_DAYS else f":green-badge[✓ {told}]"


def answer(published: Published) -> None:
    """Whether every source is as fresh as the figures, and how many files wait for somebody, before anything else."""
    found = [*sources.tills(published), {**sources.sage(published), "store_id": None}]
    behind = [row for row in found if row["days_behind"] is None or row["days_behind"] > sources.LATE_DAYS]
    waiting = sum(row["exception_status"] == "open" for row in sources.troubled_files(published))
    files = f"{counted(waiting, 'file')} refused or read in part and not made good" if waiting else ""
    read = source_log.summed_up(source_log.read_log(home()), sources.LATELY)
    if failing := [row["source"] for row in read if row["is_failing"]]:
        st.error(
            f"**Could not be read the last time: {plain(', '.join(failing))}.**", icon=":material/link_off:"
        )
    if behind:
        late = ", ".join(plain(row["store_id"]) if row["store_id"] else "Sage" for row in behind[:8])
        more = f" and {len(behind) - 8} more" if len(behind) > 8 else ""
        st.error(
            f"**Behind: {late}{more}.** What they have not sent cannot be checked."
            + (f" {files}." if files else ""),
            icon=":material/link_off:",
        )
    elif waiting:
        st.warning(f"**Every source is up to date.** {files}.", icon=":material/draft:")
    elif not failing:
        st.success("**Every source is up to date,** and every file was read.", icon=":material/check_circle:")


def where_from(published: Published) -> None:
    st.header("Sources", anchor=False)
    found = sources.tills(published)
    if not found:
        st.info(
            "No till has delivered a receipt yet. Put a till's files in its inbox, then run: tillproof run"
        )
    else:
        table(
            found,
            {
                "Store": lambda row: f"**{plain(row['store_id'])}**",
                "Newest trading day": lambda row: day(row["newest_day"]),
                "Lag": lambda row: age(row["days_behind"]),
                "Files": count("files"),
                "Last read in pass": count("last_good_pass"),
                "Refused": count("refused"),
                "Read in part": count("partly"),
                "Error rate": lambda row: rate(row["troubled_lately"], row["files_lately"]),
            },
            alt="Stores with their newest trading day, how far behind it is, their files and how many go wrong",
        )
        st.caption(
            f"Error rate: files refused or read in part, of the files of the last {sources.LATELY} passes."
        )
    for row in sources.folders_without_a_store(published):
        refused = f", {counted(row['refused'], 'file')} refused" if row["refused"] else ""
        st.caption(
            f"Folder {plain(row['folder'])}: {counted(row['files'], 'file')} of {plain(row['holds'])}, the last in "
            f"pass {row['last_pass']}{refused}."
        )
    ledger = sources.sage(published)
    st.markdown(
        f"**Sage**: {counted(ledger['documents'], 'document')} read, the newest dated {day(ledger['newest_day'])} "
        f"(newest URN {ledger['newest_urn']}; {ledger['dated_ahead']:,} dated ahead). {age(ledger['days_behind'])}"
        if ledger["documents"]
        else "**Sage**: no document was read. If there should be some, tillproof doctor looks at the connection."
    )
    said = sources.connector(published)
    st.markdown(
        f"**Connector's log**: a last word on {counted(said['documents'], 'recent document')}, the newest "
        f"{moment(said['last_at'])}; {said['rejected']:,} rejected."
        if said["documents"]
        else "**Connector's log**: it says nothing of any document."
    )


def rate(wrong: int, whole: int) -> str:
    """A share of what went wrong, with a sign; nothing where there was nothing."""
    if not whole:
        return ":gray-badge[? None came]"
    told = f"{share(wrong, whole)} ({wrong:,} of {whole:,})"
    return f":orange-badge[! {told}]" if wrong else f":green-badge[✓ {told}]"


def reads() -> None:
    """How often each source could be read at all, failed passes included."""
    st.header("Reading each source", anchor=False)
    found = source_log.summed_up(source_log.read_log(home()), sources.LATELY)
    if not found:
        st.info("No pass has read a source here yet. Run one: tillproof run")
        return
    table(
        found,
        {
            "Source": lambda row: f"**{plain(row['source'])}**",
            "Last read whole": lambda row: moment(row["last_good_at"]),
            "Failed": lambda row: rate(row["failed"], row["reads"]),
            "Asked again": lambda row: rate(row["tries_failed"], row["requests"]) if row["requests"] else "",
        },
        alt="Each source, when it was last read, how many reads failed, and how many requests had to be repeated",
    )
    st.caption(
        f"Over the last {sources.LATELY} times that each was read. Asked again: requests over the network that were "
        "answered wrongly or not at all, and were repeated."
    )
    for row in found:
        if row["failure"]:
            told = f"**{plain(row['source'])}** failed on {moment(row['failed_at'])}: {plain(row['failure'])}"
            if row["is_failing"]:
                st.error(
                    f"{told}. It was the last read; tillproof doctor looks further.",
                    icon=":material/link_off:",
                )
            else:
                st.caption(f"{told}. It has been read since.")


def sign_in(settings: Settings | None) -> None:
    """Until when Sage takes our sign-in; never a token."""
    st.header("Sign-in to Sage", anchor=False)
    if settings is None:
        st.info(
            "The settings of this home cannot be read, so nothing is known of Sage. Look with: tillproof doctor"
        )
        return
    try:
        with store() as (_, operations):
            kind = operations.ledger_kind(settings.company_id)
    except (CannotDecideError, OperationsError):
        kind = "sage200"
    if kind == "sage50":
        st.markdown("Sage 50 is read from the tables it exports: nobody signs in, and nothing runs out.")
        return
    found = sign_in_to_sage(settings)
    sign = ":green-badge[✓ Good]" if found.is_well else ":red-badge[! Sign in again]"
    st.markdown(f"{sign} {plain(found.seen[:1].upper() + found.seen[1:])}.")
    if not found.is_well:
        st.markdown(f"To mend it: {plain(found.mend)}. Until then Sage may stop answering any day.")
    st.caption(
        f"Counted as {settings.sage200.refresh_token_days} days from when this sign-in was first used "
        "(refresh_token_days of the settings). A new password in Sage ends it at once."
    )


def starts_by_itself(settings: Settings | None) -> None:
    """Schedules and sensors, whether they are on, and when each is next."""
    st.header("Schedules", anchor=False)
    if settings is None:
        return
    try:
        found = schedules.ask(settings.dagster_port)
    except schedules.NotRunningError as silence:
        st.warning(f"{plain(str(silence))}.", icon=":material/timer_off:")
        return
    table(
        [{"starter": each} for each in found.starters],
        {
            "Name": lambda row: f"**{plain(row['starter'].name)}**",
            "On?": lambda row: ":green-badge[✓ On]" if row["starter"].is_on else ":gray-badge[○ Off]",
            "Starts": lambda row: f"{plain(row['starter'].job)}, {plain(row['starter'].when)}",
            "Last": lambda row: _last(row["starter"]),
            "Next": lambda row: moment(row["starter"].next_at),
        },
        alt="What starts passes and postings by itself, whether it is on, and when it is next",
    )
    if found.idle_daemons:
        st.error(
            f"{plain(' and '.join(found.idle_daemons))} of Dagster not at work: what is on will not start. Stop and "
            "start again: tillproof up",
            icon=":material/timer_off:",
        )
    if not any(each.is_on for each in found.starters):
        st.info(
            f"None is on, so a pass runs only when somebody starts one. Switch one on in Dagster (port "
            f"{settings.dagster_port} of that machine, Automation)."
        )
    if found.runs:
        newest = f", the last on {moment(found.failed_at)}" if found.failed_at else ""
        st.markdown(
            f"Of the last {counted(found.runs, 'run')}: {rate(found.failed, found.runs)} failed{newest}."
        )


def _last(starter: schedules.Starter) -> str:
    return f"{moment(starter.last_at)}{' :red-badge[! Failed]' if starter.last_failed else ''}"


def files(published: Published) -> None:
    st.header("Files refused, or read in part", anchor=False)
    found = sources.troubled_files(published)
    if not found:
        st.success("Every file was read whole.", icon=":material/check_circle:")
        return
    table(
        found,
        {
            "File": lambda row: f"**{plain(row['source_file'])}**",
            "What became of it": lambda row: FILE_STATES[row["status"]],
            "Rows set aside": count("rows_set_aside"),
            "Pass": count("pass_number"),
            "Still open?": _open,
            "Why": lambda row: plain(row["message"]),
        },
        alt="Files that were refused or read in part, why, and whether somebody still has to act",
    )
    st.page_link(
        "views/exceptions.py",
        label="Mend them with shop operations",
        icon=":material/arrow_forward:",
        query_params={"lane": "operations"},
    )


def _open(row: Mapping[str, Any]) -> str:
    if row["exception_status"] == "open":
        return ":red-badge[! Open]"
    return ":green-badge[✓ Made good]" if row["exception_status"] == "resolved" else ":gray-badge[? Not told]"


def passes(published: Published) -> None:
    st.header("Passes", anchor=False)
    found = totals.passes(published)
    if not found:
        st.info("This publication has no clocks: they come with the next pass.")
        return
    rows = []
    for number, group in groupby(found, key=lambda row: row["pass_number"]):
        mine = list(group)
        slowest = max(mine, key=lambda row: row["milliseconds"])
        rows.append(
            {
                "pass_number": number,
                "published_at": mine[-1]["published_at"],
                "seconds": sum(row["milliseconds"] for row in mine) / 1000,
                "slowest": f"{slowest['stage']} {slowest['milliseconds'] / 1000:.1f}{SPACE}s",
            }
        )
    table(
        rows[::-1][:10],
        {
            "Pass": lambda row: f"**{row['pass_number']}**",
            "Published": lambda row: moment(row["published_at"]),
            "Took": lambda row: f"{row['seconds']:.1f}{SPACE}s",
            "Longest stage": lambda row: plain(row["slowest"]),
        },
        alt="The last passes, when each was published and how long it took",
    )


def disk() -> None:
    st.header("Disk", anchor=False)
    usage = shutil.disk_usage(home())
    told = f"{usage.free / 1e9:,.1f} GB free of {usage.total / 1e9:,.1f} GB"
    st.markdown(
        f":green-badge[✓ Enough] {told}"
        if usage.free > LEAST_FREE_BYTES
        else f":red-badge[! Nearly full] {told}: free some, or move the home to a larger disk"
    )


def look_now() -> None:
    """The doctor, on request: it asks Sage, which takes a moment."""
    st.header("Look now", anchor=False)
    st.caption(
        "Settings, watched folders, mappings, the connection to Sage, disk: as tillproof doctor looks."
    )
    if not st.button("Look at everything now", icon=":material/stethoscope:"):
        return
    with st.spinner("Looking, and asking Sage"):
        report = examine(home())
    table(
        report["findings"],
        {
            "What": lambda row: f"**{plain(row['what'])}**",
            "Well?": lambda row: ":green-badge[✓ Well]" if row["is_well"] else ":red-badge[! Mend]",
            "Seen": lambda row: plain(words.shortened(row["seen"])),
            "To mend it": lambda row: "" if row["is_well"] else plain(row["mend"]),
        },
        alt="Everything that was looked at, and how to mend what is not well",
    )


def page() -> None:
    published = open_published("Connections")
    try:
        settings: Settings | None = load(home())
    except SettingsError:
        settings = None
    answer(published)
    left, right = st.columns([12, 8], gap="large")
    with left:
        where_from(published)
        reads()
        passes(published)
    with right:
        sign_in(settings)
        starts_by_itself(settings)
        disk()
        look_now()
    files(published)


page()
