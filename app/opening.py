"""How a page gets its publication: one number for the whole of a visit, so that no click mixes two."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from app import shop_clock
from app.money import counted, moment
from app.published import NothingPublishedError, Published, newest
from orchestration.settings import SettingsError, load

HELD = "publication"
STALE_HOURS = 26
"""Figures older than this are said to be old on every page: a pass a day is the least that anybody works with."""


def home() -> Path:
    """TILLPROOF_HOME, else the folder `tillproof-home` where the app was started."""
    return Path(os.environ.get("TILLPROOF_HOME") or "tillproof-home").resolve()


def published_folder() -> Path:
    """Where that home keeps what it publishes."""
    return home() / "published"


def open_published(title: str) -> Published:
    """The publication this visit looks at, under the page's title and a line saying how old its figures are.

    A visit stays on the publication it began with until the reader asks for the newer one (or it is no longer
    kept). Where nothing is published the page says what to do and ends here.
    """
    root = published_folder()
    heading = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    heading.title(title, anchor=False, width="content")
    try:
        latest = newest(root)
        published = _held(root, latest)
    except NothingPublishedError as nothing:
        st.info(str(nothing), icon=":material/hourglass_empty:")
        st.markdown(
            "This page shows what the last pass found. Once a pass has run, reload it. "
            "To see it with a made-up retailer first, run `make demo`, which ends by saying how to open it."
        )
        st.stop()
    st.session_state[HELD] = published.number
    shop_clock.keep_to(shop_clock.zone_of(published))
    with heading:
        _say_how_old(published)
    _warn_where_old(published)
    _offer_newer(published, latest)
    return published


def _held(root: Path, latest: int) -> Published:
    held = st.session_state.get(HELD)
    if held is not None and held != latest:
        try:
            return Published(root, held)
        except NothingPublishedError:
            pass  # no longer kept, or its home was made anew: the newest is all there is
    return Published(root, latest)


def _say_how_old(published: Published) -> None:
    st.caption(
        f"Figures as of **{moment(published.as_of)}** · pass {published.pass_number} · "
        f"publication {published.number}",
        width="content",
    )


def _warn_where_old(published: Published) -> None:
    """Nobody should close over figures of last week because they look like today's. Not where the settings hold the
    clock still."""
    try:
        clock = load(home()).as_of is None
    except SettingsError:
        return
    hours = int((datetime.now(UTC).replace(tzinfo=None) - published.as_of).total_seconds() // 3600)
    if clock and hours > STALE_HOURS and published.number == newest(published.root):
        old = counted(hours // 24, "day") if hours >= 48 else counted(hours, "hour")
        st.warning(
            f"**These figures are {old} old:** no pass has published anything since. Look at Connections for why, or "
            "run one: tillproof run",
            icon=":material/update:",
        )


def company_of(published: Published) -> str:
    """The company a page looks at: a home has one. Empty where no store-day was published yet."""
    found = published.rows("select min(company_id) as company_id from store_days")
    return found[0]["company_id"] or ""


def _offer_newer(published: Published, latest: int) -> None:
    if published.number != latest:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Newer figures are ready (publication {latest}).", width="content")
            st.button("Show them", on_click=st.session_state.pop, args=[HELD, None], type="primary")
