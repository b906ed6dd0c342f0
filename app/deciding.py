"""How a page writes a decision: signed by name, checked by role and audited by the room that keeps it.

A page never writes by itself. It hands a function of the operations store to `carry_out`, which opens the store for the
person who asks, lets the room decide whether it may, and says what was done or why nothing was. What a page opens to
read is open for a reader: it refuses every write.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from app import signing_in
from app.opening import home
from app.published import NothingPublishedError
from app.shown import plain
from orchestration.access_settings import LOOPBACK
from orchestration.operations import READER, Operations, OperationsError
from orchestration.operations.roles import DUTIES
from orchestration.operations.signing import check_signature
from orchestration.settings import Settings, SettingsError, load

SIGNER, DONE = "signer", "done"
LOG = logging.getLogger("tillproof.app")


class CannotDecideError(Exception):
    """Nothing can be decided from this app; the message says why and what to do."""


@dataclass(frozen=True)
class Signed:
    """Who pressed the button, and why."""

    by: str
    reason: str


@contextmanager
def store() -> Iterator[tuple[Settings, Operations]]:
    """The settings of the home and its operations store, open to be read. Raises CannotDecideError where there is
    none."""
    try:
        settings = load(home())
    except SettingsError as error:
        raise CannotDecideError(f"{error}. tillproof doctor says what else is missing") from error
    try:
        with Operations.open(settings.operations) as operations:
            yield settings, operations.acting_as(READER)
    except SQLAlchemyError as error:
        words = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise CannotDecideError(f"the operations store cannot be used: {words}") from error


def signature(key: str, label: str, duty: str = "", why: str = "Why (goes on record)") -> Signed | None:
    """Name, reason and a button, for the end of a form; None until the button is pressed.

    Where the app knows who looks, there is no name to type. The button is dead for who lacks a role for the `duty`;
    whether they may is asked again by the room that writes.
    """
    who = signing_in.person(signing_in.access())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if who is None:
            by = st.text_input(
                "Your name (goes on record)",
                value=st.session_state.get(SIGNER, ""),
                key=f"{key} name",
                max_chars=80,
                width=220,
                autocomplete="name",
            )
        else:
            by = who.name
        reason = st.text_input(why, key=f"{key} reason", max_chars=2000, width=360)
    may = who is None or not duty or who.may(duty)
    if who is not None:
        needed = "" if may else f", who may not {duty}: it takes {' or '.join(DUTIES[duty])}"
        st.caption(f"Goes on record as **{plain(who.name)}**{needed}.")
    if not st.form_submit_button(label, type="primary", key=f"{key} button", disabled=not may):
        return None
    st.session_state[SIGNER] = by.strip()
    return Signed(by.strip(), reason.strip())


def carry_out(key: str, signed: Signed, action: Callable[[Settings, Operations], str]) -> None:
    """Do it, and run the page anew with what was done; or say what stood against it, and nothing was written."""
    try:
        found = signing_in.access()
        if found.sign_in == "none":
            _must_be_local()
        check_signature(signed.by, signed.reason)
        who = signing_in.person(found, signed.by)
        if who is None:
            raise CannotDecideError("nobody is signed in: sign in first")
        with store() as (settings, operations):
            told = action(settings, operations.acting_as(who))
    except (OperationsError, CannotDecideError, NothingPublishedError) as refusal:
        # what the room refuses is on the page; who was refused what is in the app's own log
        LOG.warning("%s refused: %s", key, refusal)
        st.error(f"Nothing was written: {plain(refusal)}.", icon=":material/block:")
        return
    st.session_state[DONE] = (key, told)
    st.rerun()


def say_done(key: str) -> None:
    """What the last press did, beside the form it was pressed in; said once."""
    if st.session_state.get(DONE, ("", ""))[0] == key:
        _, told = st.session_state.pop(DONE)
        st.success(plain(told), icon=":material/check_circle:")


def say_why_not(refusal: CannotDecideError) -> None:
    """Where a page can show but nothing be decided."""
    st.info(f"Nothing can be decided here: {plain(refusal)}.", icon=":material/edit_off:")


def _must_be_local() -> None:
    """Without sign-in only this machine may write: whoever reaches the port could sign with any name."""
    address = st.get_option("server.address")
    if address not in LOOPBACK:
        raise CannotDecideError(
            f"the app is served at {address or 'every address of this machine'}, and nobody signs in: decisions are "
            "taken only where it is served at 127.0.0.1, as tillproof up does"
        )
