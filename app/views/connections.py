"""Connections: how old each source is, which files were refused, how long passes take, and a look at all of it now."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import streamlit as st

from app import sources, totals, words
from app.money import counted, day, moment
from app.opening import home, open_published
from app.published import Published
from app.shown import count, plain, table
from orchestration.doctor import LEAST_FREE_BYTES, examine

LATE_DAYS = 2
SPACE = "\N{NO-BREAK SPACE}"
FILE_STATES = {"refused": ":red-badge[! Refused]", "partly_accepted": ":orange-badge[⊘ In part]"}


def age(days: int | None) -> str:
    """How many days a source is behind the figures, with a sign."""
    if days is None:
        return ":gray-badge[? Nothing yet]"
    told = "Up to date" if days <= 0 else f"{counted(days, 'day')} behind"
    return f":red-badge[! {told}]" if days > LATE_DAYS else f":green-badge[✓ {told}]"


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
            },
            alt="Stores with their newest trading day, how far behind it is, and their files",
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
        else "**Sage**: nothing was read yet. tillproof doctor looks at the connection."
    )
    said = sources.connector(published)
    st.markdown(
        f"**Connector's log**: a last word on {counted(said['documents'], 'document')}, the newest "
        f"{moment(said['last_at'])}; {said['rejected']:,} rejected."
        if said["documents"]
        else "**Connector's log**: it says nothing of any document."
    )


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
    left, right = st.columns([13, 7], gap="large")
    with left:
        where_from(published)
        files(published)
    with right:
        disk()
        look_now()
        passes(published)


page()
