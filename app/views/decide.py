"""What a person must decide: documents that may be several in Sage, with their candidates; and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import streamlit as st

from app import ambiguities, deciding, words
from app.deciding import CannotDecideError
from app.money import counted, day, moment, pounds
from app.opening import open_published
from app.published import Published, Row, Rows
from app.render import read_moment
from app.shown import pence, plain, table
from orchestration import match_deciding
from orchestration.operations import Operations, OperationsError

NONE_OF_THEM = "none"
RECEIPT_PAGE = "views/receipt.py"


def groups(documents: Rows) -> list[Rows]:
    """Documents that have the same candidates, together."""
    return [list(mine) for _, mine in groupby(documents, key=_candidates)]


def _candidates(document: Row) -> tuple[str, ...]:
    return tuple(candidate["ledger_document_id"] for candidate in document["candidates"])


def title(mine: Rows) -> str:
    first = mine[0]
    what = ", copied" if all(map(ambiguities.is_a_copy, mine)) else ""
    return (
        f"{first['store_id']}, {day(first['document_date'])}, {pounds(first['gross_pence'])}: "
        f"{counted(len(mine), 'document')} at the tills{what}, {len(first['candidates'])} in Sage"
    )


def at_the_tills(mine: Rows) -> None:
    st.subheader("At the tills", anchor=False)
    table(
        mine,
        {
            "Receipt": lambda row: f"**{plain(row['receipt_no'])}**",
            "Document": lambda row: words.kind(row["document_kind"]),
            "Till": lambda row: plain(row["till_id"]),
            "Sold": lambda row: f"{row['sold_at_local']:%H:%M:%S}" if row["sold_at_local"] else "",
            "Gross": pence("gross_pence"),
            "VAT": pence("tax_pence"),
            "Tender": lambda row: plain(row["tender_type"]),
        },
        alt="Receipts whose document in Sage is not known",
    )


def in_sage(candidates: Rows) -> None:
    st.subheader("In Sage", anchor=False)
    table(
        candidates,
        {
            "URN": lambda row: f"**{row['urn']}**",
            "Date": lambda row: day(row["document_date"]),
            "Gross": pence("gross_pence"),
            "VAT": pence("tax_pence"),
            "Reference": lambda row: plain(row["reference"]),
            "2nd reference": lambda row: plain(row["second_reference"]),
            "User": lambda row: plain(row["user_name"]),
            "Bank": lambda row: (
                plain(row["bank_code"]) + (" :blue-badge[≈ reconciled]" if row["is_bank_reconciled"] else "")
            ),
        },
        alt="Documents of Sage that each of the receipts may be",
    )


def decide_form(published: Published, mine: Rows) -> None:
    """One receipt of the group, and which candidate it is."""
    candidates = {row["ledger_document_id"]: row for row in mine[0]["candidates"]}
    keyed = {row["posting_key"]: row for row in mine}
    with st.form("decide", border=True):
        key = st.selectbox(
            "Receipt",
            list(keyed),
            format_func=lambda key: (
                f"Receipt {keyed[key]['receipt_no']}, {words.kind(keyed[key]['document_kind']).lower()} ({key})"
            ),
            key="decided receipt",
            width=420,
        )
        said = st.radio(
            "Its document in Sage is",
            [*candidates, NONE_OF_THEM],
            index=None,
            format_func=lambda name: (
                "None of them" if name == NONE_OF_THEM else f"URN {candidates[name]['urn']}"
            ),
            key="decided candidate",
        )
        signed = deciding.signature("decide", "Decide", "decide a match")
    if signed is None:
        return
    if said is None:
        st.error("Nothing was written: say which document it is, or none of them.", icon=":material/block:")
        return
    document = None if said == NONE_OF_THEM else said
    deciding.carry_out(
        "decide",
        signed,
        lambda settings, store: str(
            match_deciding.decide(
                published, store, settings.company_id, key, document, by=signed.by, reason=signed.reason
            )["done"]
        ),
    )


def decided(found: Rows) -> None:
    """Every word in force, whether a pass used it, and the way to take one back."""
    st.header("What was decided", anchor=False)
    if not found:
        st.caption("Nobody has decided anything that is in force.")
        return
    table(
        found,
        {
            "Key": lambda row: plain(row["posting_key"]),
            "Is": lambda row: plain(row["ledger_document_id"] or match_deciding.NONE_OF_THEM),
            "By": lambda row: plain(row["by"]),
            "When": lambda row: moment(read_moment(row["decided_at"])),
            "Why": lambda row: plain(row["reason"]),
            "State": _state,
        },
        alt="Decisions in force, and what the last pass made of each",
    )
    with st.expander("Take a decision back", icon=":material/undo:"), st.form("revoke", border=False):
        key = st.selectbox("Which", [row["posting_key"] for row in found], key="revoked", width=320)
        signed = deciding.signature("revoke", "Take it back", "decide a match")
    if signed is not None:
        deciding.carry_out(
            "decide",
            signed,
            lambda settings, store: str(
                match_deciding.revoke(store, settings.company_id, key, by=signed.by, reason=signed.reason)[
                    "done"
                ]
            ),
        )


def _state(row: Mapping[str, Any]) -> str:
    if row["state"] == "used":
        return ":green-badge[✓ Used]"
    if row["state"] == "waits_for_a_pass":
        return ":blue-badge[≈ Waits for the next pass]"
    return f":red-badge[! Lapsed] {plain(match_deciding.LAPSED[row['lapsed_because']])}"


def page() -> None:
    published = open_published("Decide")
    try:
        with deciding.store() as (settings, operations):
            show(published, operations, settings.company_id)
    except (CannotDecideError, OperationsError) as refusal:
        deciding.say_why_not(CannotDecideError(str(refusal)))


def show(published: Published, operations: Operations, company_id: str) -> None:
    found = ambiguities.ambiguous(published, company_id)
    words_given = match_deciding.listing(published, operations, company_id)["decisions"]
    waiting = {row["posting_key"] for row in words_given}
    undecided = [row for row in found if row["posting_key"] not in waiting]
    deciding.say_done("decide")
    if not undecided:
        st.success(
            "Nothing is left to decide: no document is ambiguous that nobody has decided.",
            icon=":material/check_circle:",
        )
    else:
        choose_and_decide(published, undecided)
    decided(words_given)


def choose_and_decide(published: Published, undecided: Rows) -> None:
    copies = [row for row in undecided if ambiguities.is_a_copy(row)]
    unpaired = [row for row in undecided if not ambiguities.is_a_copy(row)]
    if unpaired:
        st.markdown(
            f"**{counted(len(unpaired), 'document')}** cannot be paired by figures alone: what Sage has may be theirs, "
            "or another's. Ask the shop, and say which it is; the next pass goes by what you say."
        )
    if copies:
        st.markdown(
            f"**{counted(len(copies), 'document')}** of copies at the till: the same sale under another number, whose "
            "document Sage has. Nothing is to be done, and nothing is posted; only where the shop says that both were "
            "sold, say “None of them”."
        )
    mine = st.selectbox(
        "Which ones",
        [*groups(unpaired), *groups(copies)],
        format_func=title,
        key="group",
        width=620,
        label_visibility="collapsed",
    )
    left, right = st.columns([9, 11], gap="large")
    with left:
        at_the_tills(mine)
    with right:
        in_sage(mine[0]["candidates"])
    decide_form(published, mine)


page()
