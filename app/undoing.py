"""Undo what was posted, on the page Posting: choose confirmed postings, see their exact opposites, hand them in.

What is handed in waits in the dry run for its approval, and is sent by the run that sends everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from app import confirmed, deciding, words
from app.money import counted, day, moment, pounds
from app.outgoing import document_line
from app.published import Published
from app.shown import pence, plain, table
from orchestration import posting_reversing
from orchestration.operations import Operations, OperationsError, StoredIntent
from orchestration.operations.mapping_import import ANY_STORE
from orchestration.posting import Decision
from orchestration.posting.key import receipt_no_of
from orchestration.posting.vat import Returns
from orchestration.posting_reversing import CAN_BE_HANDED_IN

SHOWN = "contras shown"
FIRST_DAY = date(1990, 1, 1)
"""Without one Streamlit takes no day of more than ten years ago."""


def undo(settings: Any, operations: Operations, published: Published) -> None:
    """Everything about undoing: what was handed in, and the way to hand in more."""
    st.header("Undo what was posted", anchor=False)
    deciding.say_done("undo")
    handed_in(settings, operations)
    with st.expander("Choose postings to undo", icon=":material/undo:"):
        chosen = choose(settings, operations, published)
        if st.button(
            f"Show what would undo {counted(len(chosen), 'posting')}"
            if chosen
            else "Show what would undo them",
            disabled=not chosen,
            key="show contras",
        ):
            show(settings, operations, published, chosen)
        shown = st.session_state.get(SHOWN)
        if shown and shown[0] == chosen and shown[1] == published.number:
            hand_in(operations, published, chosen, shown[2])


def choose(settings: Any, operations: Operations, published: Published) -> tuple[str, ...]:
    """The keys of those that are ticked, of what answers to the search."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Receipt, posting key, URN or Sage reference", key="undo find", width=320)
        store = st.selectbox(
            "or a store",
            [ANY_STORE, *operations.stores(settings.company_id)],
            format_func=lambda each: "Any store" if each == ANY_STORE else f"Store {each}",
            key="undo store",
            width=160,
        )
        on = st.date_input(
            "and a business date",
            value=None,
            min_value=FIRST_DAY,
            max_value=published.as_of.date(),
            format="DD/MM/YYYY",
            key="undo day",
            width=160,
        )
    if text.strip():
        found = confirmed.by_name(published, operations, settings.company_id, text)
        none = f"Nothing of ours that answers to {plain(text)} is confirmed in Sage: only that can be undone."
    elif store != ANY_STORE and on:
        found = confirmed.of_day(operations, settings.company_id, store, on)
        none = f"Nothing of ours is confirmed in Sage for store {plain(store)} on {day(on)}."
    else:
        found = confirmed.newest(operations, settings.company_id)
        none = "Nothing was posted and confirmed yet, so there is nothing to undo."
    if not found:
        st.info(none)
        return ()
    if not text.strip() and not (store != ANY_STORE and on):
        st.caption("The newest postings. Search above for others: by name, or by store and business date.")
    ticked = [
        one.posting_key
        for one in found[: confirmed.MOST]
        if st.checkbox(_label(one), key=f"undo {one.posting_key}")
    ]
    if len(found) > confirmed.MOST:
        st.caption(f"The first {confirmed.MOST}: search for the receipt to see others.")
    return tuple(ticked)


def _label(intent: StoredIntent) -> str:
    number = receipt_no_of(intent.event_id)
    of = f"receipt {plain(number)}" if number else "a day's summary"
    on = f", {day(intent.business_date)}" if intent.business_date else ""
    return (
        f"**{pounds(intent.gross_pence)}** {words.kind(intent.document_kind).lower()} for {of}, "
        f"{plain(intent.store_id)}{on}, URN {intent.urn} ({plain(intent.posting_key)})"
    )


def show(settings: Any, operations: Operations, published: Published, chosen: tuple[str, ...]) -> None:
    """Ask Sage, once for a choice; what comes of it stays on the page until another is made."""
    st.session_state.pop(SHOWN, None)
    with st.spinner("Asking Sage what it holds now"):
        try:
            found = posting_reversing.contras(
                settings, operations, chosen, publication_number=published.number
            )
        except OperationsError as refusal:
            st.error(f"{plain(refusal)}.", icon=":material/block:")
            return
    st.session_state[SHOWN] = (chosen, published.number, found)


def hand_in(
    operations: Operations, published: Published, chosen: Sequence[str], decisions: list[Decision]
) -> None:
    """Each contra as it would go, and the form that asks for them."""
    returns = Returns(operations)
    may = [decision for decision in decisions if decision.code in CAN_BE_HANDED_IN]
    refused = [decision for decision in decisions if decision not in may]
    for decision in decisions:
        document_line(decision, returns, may_choose=False, every=False)
    for decision in refused:
        st.error(
            f"{plain(decision.posting_key[:-1] + 'P')} cannot be undone: {plain(words.in_words(decision.reason))}.",
            icon=":material/block:",
        )
    if refused or not may:
        st.markdown("Nothing can be handed in before that is right: leave it out of the choice.")
        return
    st.caption(
        "The same date, accounts, VAT codes and amounts, the other way round. Undoing a sale without its takings, or "
        "the takings without the sale, leaves the other half on the till customer's account."
    )
    with st.form("undo", border=True):
        signed = deciding.signature("undo", f"Hand in {counted(len(may), 'reversal')}", posting_reversing.ASK)
    if signed is None:
        return
    st.session_state.pop(SHOWN, None)
    contras = {decision.posting_key[:-1] + "P": decision.payload_digest for decision in may}
    deciding.carry_out(
        "undo",
        signed,
        lambda settings, store: posting_reversing.hand_in(
            settings, store, contras, by=signed.by, reason=signed.reason, publication_number=published.number
        ),
    )


def handed_in(settings: Any, operations: Operations) -> None:
    """What waits to be undone, and the form that takes it back."""
    found = posting_reversing.waiting(operations, settings.company_id)
    if not found:
        st.caption("Nothing is handed in to be undone.")
        return
    rows = [
        {
            "posting": posting,
            "gross_pence": posting.gross_pence,
            "asked": asked,
            "state": words.said(words.STATES, contra.state) if contra else "Not begun",
        }
        for asked, posting, contra in found
    ]
    table(
        rows[: confirmed.MOST],
        {
            "Posting": lambda row: plain(row["posting"].posting_key),
            "Document": lambda row: f"{words.kind(row['posting'].document_kind)}, URN {row['posting'].urn}",
            "Gross": pence("gross_pence"),
            "Handed in by": lambda row: plain(row["asked"].author),
            "When": lambda row: moment(row["asked"].recorded_at),
            "Why": lambda row: plain(row["asked"].reason),
            "Its opposite": lambda row: row["state"],
        },
        alt="Postings that somebody asked to have undone, and how far that came",
    )
    if len(rows) > confirmed.MOST:
        st.caption(f"The first {confirmed.MOST} of {len(rows):,}.")
    with (
        st.expander("Take back what was handed in", icon=":material/settings_backup_restore:"),
        st.form("take back", border=False),
    ):
        key = st.selectbox(
            "Posting", [asked.posting_key for asked, _, _ in found], key="take back key", width=260
        )
        signed = deciding.signature("take back", "Take it back", posting_reversing.ASK)
    if signed is None:
        return
    deciding.carry_out(
        "undo",
        signed,
        lambda settings, store: posting_reversing.take_back(
            settings, store, key, by=signed.by, reason=signed.reason
        ),
    )
