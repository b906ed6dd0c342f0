"""Posting: how far each document came, what would go next and why not, and a person's yes bound to its digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any

import streamlit as st

from app import charts, deciding, totals, undoing, words
from app.deciding import CannotDecideError
from app.money import counted, day, moment, pounds
from app.opening import open_published
from app.outgoing import document_line
from app.published import Published, Row, Rows
from app.render import read_moment
from app.shop_clock import local
from app.shown import Figures, count, page_of, pence, plain, table
from orchestration import (
    posting,
    posting_allocations,
    posting_approving,
    posting_returns,
    posting_run,
    posting_settling,
    posting_switches,
)
from orchestration.operations import OperationsError, StoredIntent
from orchestration.operations.intents import Trouble
from orchestration.operations.mapping_import import ANY_STORE
from orchestration.posting import Decision, Hold
from orchestration.posting.vat import Returns

TRUTHS = ("decided", "sent", "acknowledged", "present", "in_nominal", "right")
AT_WORK = (
    "decided",
    "held",
    "claimed",
    "sending",
    "acknowledged",
    "locked",
    "refused",
    "unknown",
    "unsettled",
)
NOT_RIGHT = ("deferred", "wrong", "aside")
SAID: dict[posting_settling.Said, str] = {
    "there": "It is in Sage, under this URN",
    "not_there": "It is not in Sage: it may be sent again",
    "aside": "Put it aside: somebody sees to it in Sage",
}
ON_A_PAGE = 15
WAITING = (*posting.WAITING, "rejected")
RECEIPT_PAGE = "views/receipt.py"


def funnel(published: Published) -> None:
    """The five truths, of every document that was ever decided on."""
    st.header("How far postings came: the five truths", anchor=False)
    truths = totals.posting_truths(published)
    if not truths["decided"]:
        st.info(
            "Nothing was ever posted. What could be is below; nothing is sent before a person switches posting on."
        )
        return
    rows = [{"truth": words.TRUTHS[name], "documents": truths[name]} for name in TRUTHS]
    st.altair_chart(
        charts.funnel(rows),
        width="stretch",
        alt="; ".join(f"{row['truth']}: {row['documents']:,}" for row in rows),
    )
    left = truths["decided"] - truths["right"]
    st.markdown(
        f":green-badge[✓ All proven] Every one of {counted(truths['decided'], 'document')} is in Sage as meant."
        if not left
        else f":red-badge[! {left:,} not proven] of {counted(truths['decided'], 'document')} decided on: "
        f"{truths['refused']:,} refused, {truths['unknown']:,} unknown, {truths['held']:,} held."
    )


def switches(settings: Any, operations: Any, published: Published) -> None:
    """Whether anything may be sent at all, and what stops it; a stop is set and lifted here."""
    held = totals.stores_with_two_writers(published)
    told = posting_switches.status(operations, settings.company_id, held, published.number)
    st.header("May anything be sent?", anchor=False)
    for company in told["companies"]:
        is_on = company["posting"] == "on"
        badge = ":green-badge[✓ On]" if is_on else ":gray-badge[? Off]"
        since = f"since {moment(read_moment(company['since']))} by {plain(company['by'])}: {plain(company['reason'])}"
        st.markdown(
            f"{badge} Posting for **{plain(company['company_id'])}** is {company['posting']}, "
            f"{since if company['by'] else 'nobody ever switched it on'}."
        )
    if not told["companies"]:
        st.info("No company is described yet: take companies.csv in on the page Mappings.")
    for stop in told["stops"]:
        st.markdown(
            f":red-badge[! Stopped] {_place(stop['store_id'])}: {plain(stop['reason'])} "
            f"(since {moment(read_moment(stop['since']))}, by {plain(stop['by'])})"
        )
    for row in told["held_by_the_pass"]:
        st.markdown(
            f":red-badge[! Held by the pass] store {plain(row['store_id'])}: two writers post for it, "
            f"{counted(row['open_exceptions'], 'open exception')}; it ends by itself with the last of them."
        )
    if not told["stops"] and not told["held_by_the_pass"]:
        st.caption("No stop is in force.")
    deciding.say_done("stop")
    with st.expander("Stop posting for a store, or lift a stop", icon=":material/front_hand:"):
        stop_form(operations.stores(settings.company_id))


def _place(store_id: str | None) -> str:
    return f"store {plain(store_id)}" if store_id else "the whole company"


def stop_form(stores: list[str]) -> None:
    with st.form("stop", border=False):
        act = st.radio("Do", ["Stop", "Lift"], horizontal=True, key="stop act")
        place = st.selectbox(
            "Where",
            [*stores, ANY_STORE],
            format_func=lambda store: "The whole company" if store == ANY_STORE else f"Store {store}",
            key="stop store",
            width=260,
        )
        signed = deciding.signature("stop", "Put on record")
    if signed is None:
        return
    do = posting_switches.stop if act == "Stop" else posting_switches.lift
    deciding.carry_out(
        "stop",
        signed,
        lambda settings, store: do(store, settings.company_id, place, by=signed.by, reason=signed.reason)[
            "done"
        ],
    )


def span(first: str, last: str) -> str:
    return f"{day(date.fromisoformat(first))} to {day(date.fromisoformat(last))}"


def returns(settings: Any, operations: Any) -> None:
    """The VAT returns that are filed: what corrections have added to each since, and its limit."""
    told = posting_returns.returns(operations, settings.company_id)
    filed = [row for row in told["returns"] if row["filed_on"]]
    st.header("VAT returns that are filed", anchor=False)
    if not filed:
        st.caption(
            "No VAT return is known to be filed: finance enters periods and filing dates as vat_periods.csv on the "
            "page Mappings."
        )
        return
    table(
        filed,
        {
            "Period": lambda row: (
                f"{day(date.fromisoformat(row['valid_from']))} to {day(date.fromisoformat(row['valid_to']))}"
            ),
            "Filed": lambda row: day(date.fromisoformat(row["filed_on"])),
            "Corrections": count("corrections"),
            "Net error": pence("net_error_pence"),
            "On their way": pence("on_their_way_pence"),
            "Limit": pence("limit_pence"),
            "State": lambda row: (
                ":red-badge[! At its limit]" if row["is_at_limit"] else ":green-badge[✓ Within it]"
            ),
        },
        alt="Filed VAT returns with what was posted to their periods since, and how much that may come to",
    )
    st.caption(
        "What touches a filed return needs two people. A positive error is VAT that was due and not on the return. "
        + (told["what_to_do"] if any(row["is_at_limit"] for row in filed) else "")
    )


def dry_run(settings: Any, operations: Any, published: Published) -> None:
    """What the newest publication proposes, exactly as it would go, and what holds the rest."""
    st.header("What would go next: the dry run", anchor=False)
    deciding.say_done("approve")
    if posting_run.newest(settings).number != published.number:
        st.info(
            "Newer figures are ready, and posting goes by those: press Show them at the top to see its dry run."
        )
        return
    decisions = posting_run.dry_run(settings, operations)
    if not decisions:
        st.success("Nothing is proposed: no document is missing in Sage, and none is there twice.")
        return
    codes = Counter(decision.code for decision in decisions)
    table(
        [
            {
                "code": code,
                "documents": number,
                "value": sum(each.document.gross_pence for each in decisions if each.code == code),
                "why": next(each.reason for each in decisions if each.code == code),
            }
            for code, number in codes.most_common()
        ],
        {
            "State": lambda row: hold_badge(row["code"]),
            "Documents": count("documents"),
            "Gross": pence("value"),
            "For example": lambda row: plain(words.in_words(row["why"].partition(": ")[2])),
        },
        alt="Proposed documents by what would become of them now",
    )
    order = [*WAITING, "goes", *(code for code in codes if code not in (*WAITING, "goes"))]
    code = st.selectbox(
        "Look into",
        [code for code in order if codes[code]],
        format_func=lambda code: words.said(words.HOLDS, code),
        key="code",
        width=360,
    )
    mine = [decision for decision in decisions if decision.code == code]
    chosen = list_documents(mine, Returns(operations), may_choose=code in WAITING)
    if code in WAITING:
        approve_form(chosen)


def hold_badge(code: str) -> str:
    told = words.said(words.HOLDS, code)
    if code == "goes":
        return f":green-badge[✓ {told}]"
    if code in WAITING:
        return f":blue-badge[≈ {told}]"
    return f":gray-badge[? {told}]"


def list_documents(mine: list[Decision], returns_now: Returns, may_choose: bool) -> list[Decision]:
    """The documents of one state, fifteen a page, each as it would be sent; gives those chosen."""
    shown = page_of(mine, ON_A_PAGE, "Show", f"documents {mine[0].code}")
    every = may_choose and st.checkbox(f"Choose all {len(mine):,}", key=f"all {mine[0].code}")
    chosen = []
    for decision in shown:
        if document_line(decision, returns_now, may_choose, every):
            chosen.append(decision)
    return mine if every else chosen


def approve_form(chosen: list[Decision]) -> None:
    if not chosen:
        st.caption("Choose documents above to approve or reject them.")
        return
    value = sum(decision.document.gross_pence for decision in chosen)
    st.markdown(
        f"**{counted(len(chosen), 'document')}** chosen, **{pounds(value)}** gross. A yes is bound to the digest of "
        "each, and lapses when the document or the connector's word changes."
    )
    with st.form("approve", border=True):
        act = st.radio("Do", ["Approve", "Reject"], horizontal=True, key="approve act")
        label = f"Sign for {counted(len(chosen), 'document')}"
        signed = deciding.signature("approve", label, "approve postings")
    if signed is None:
        return
    shown = {decision.posting_key: decision.payload_digest for decision in chosen}
    do = posting_approving.approve_shown if act == "Approve" else posting_approving.reject_shown
    deciding.carry_out(
        "approve",
        signed,
        lambda settings, store: do(settings, store, shown, by=signed.by, reason=signed.reason),
    )


def outbox(settings: Any, operations: Any) -> None:
    """Documents between decided and proven, as the store has them now."""
    st.header("Outbox now", anchor=False)
    found = operations.intents.in_states([*AT_WORK, *NOT_RIGHT], settings.company_id)
    if not found:
        st.success("The outbox is empty: nothing is on its way, nothing waits, nothing was refused.")
        return
    ordered = sorted(
        found, key=lambda intent: ((*AT_WORK, *NOT_RIGHT).index(intent.state), intent.posting_key)
    )
    for state, group in groupby(ordered, key=lambda intent: intent.state):
        mine: list[StoredIntent] = list(group)
        st.markdown(f"**{words.said(words.STATES, state)}**: {counted(len(mine), 'document')}")
        table(
            [vars(intent) for intent in mine[:ON_A_PAGE]],
            {
                "Key": lambda row: plain(row["posting_key"]),
                "Document": lambda row: words.kind(row["document_kind"]),
                "Store": lambda row: plain(row["store_id"]),
                "Account": lambda row: plain(row["account"]),
                "Times sent": count("attempts"),
                "Locks": count("lock_count"),
                "Tried again": lambda row: moment(row["next_attempt_at"]),
                "Why": lambda row: plain(row["refusal"] or row["hold_reason"].partition(": ")[2]),
            },
            alt=f"Documents that are {words.said(words.STATES, state).lower()}",
        )
        if len(mine) > ON_A_PAGE:
            st.caption(f"The first {ON_A_PAGE} of {len(mine):,}.")


def settling(settings: Any, operations: Any) -> None:
    """What no run could settle: what a person found in Sage is said here, and asked of Sage before it is believed."""
    deciding.say_done("settle")
    waiting = posting_settling.listing(operations, settings.company_id)["to_settle"]
    if not waiting:
        return
    with st.expander("Say what became of a document that no run could settle", icon=":material/search:"):
        table(
            waiting,
            {
                "Reference (our key)": lambda row: plain(row["posting_key"]),
                "Document": lambda row: words.kind(row["document_kind"]),
                "Date": lambda row: (
                    day(date.fromisoformat(row["document_date"])) if row["document_date"] else ""
                ),
                "Account": lambda row: plain(row["account"]),
                "Gross": pence("gross_pence"),
                "Second reference": lambda row: plain(row["second_reference"]),
                "State": lambda row: words.said(words.STATES, row["state"]),
                "Why": lambda row: plain(row["why"]),
            },
            alt="Documents that a person has to look for in Sage",
        )
        settle_form([row["posting_key"] for row in waiting])


def settle_form(keys: list[str]) -> None:
    with st.form("settle", border=False):
        key = st.selectbox("Document", keys, key="settle key", width=260)
        said = st.radio("What was found in Sage", list(SAID), format_func=SAID.__getitem__, key="settle said")
        urn = st.number_input("URN", min_value=0, step=1, value=0, key="settle urn", width=200)
        signed = deciding.signature("settle", "Put on record", "settle a posting")
    if signed is None:
        return
    deciding.carry_out(
        "settle",
        signed,
        lambda settings, store: posting_settling.settle(
            settings, store, key, said, urn=int(urn), by=signed.by, reason=signed.reason
        ).rstrip("."),
    )


def allocations(settings: Any, operations: Any) -> None:
    """Sales whose documents are set against each other in Sage, once the policy allows it."""
    told = posting_allocations.report(operations, settings.company_id)
    if not (told["is_allowed"] or told["states"]):
        return
    st.header("Allocations now", anchor=False)
    proven = told["states"].get("proven", 0)
    st.markdown(
        f"{counted(proven, 'sale')} allocated; {counted(told['waiting'], 'sale')} would be by the next send."
        + ("" if told["is_allowed"] else " The policy no longer allows it.")
    )
    if not told["not_proven"]:
        return
    table(
        told["not_proven"][:ON_A_PAGE],
        {
            "State": lambda row: words.said(words.STATES, row["state"]),
            "Store": lambda row: plain(row["store_id"]),
            "Account": lambda row: plain(row["account"]),
            "URNs": lambda row: ", ".join(map(str, row["urns"])),
            "Gross": lambda row: pounds(row["gross_pence"]),
            "Why": lambda row: plain(row["why"].removeprefix(f"{Hold.code_of(row['why'])}: ")),
        },
        alt="Allocations that are not proven",
    )
    if len(told["not_proven"]) > ON_A_PAGE:
        st.caption(f"The first {ON_A_PAGE} of {len(told['not_proven']):,}.")


def retries(settings: Any, operations: Any) -> None:
    """When Sage was locked, refused or silent, by account and hour of the shop's day."""
    st.header("Locks, refusals and silence by account and hour", anchor=False)
    found = by_hour(operations.intents.troubles(settings.company_id))
    sends = operations.intents.sends(settings.company_id)
    if not found:
        st.success(f"None in {counted(sum(sends.values()), 'send')}.")
        return
    cells = []
    for (account, hour), group in groupby(found, key=lambda trouble: (trouble["account"], trouble["hour"])):
        mine = list(group)
        told = ", ".join(f"{words.TROUBLES[each['event']].lower()} {each['times']:,}" for each in mine)
        cells.append(
            {"account": account, "hour": hour, "times": sum(each["times"] for each in mine), "told": told}
        )
    st.altair_chart(
        charts.troubles(cells),
        width="stretch",
        alt="Troubles by account and hour; the table has the same figures",
    )
    table(
        found,
        {
            "Account": lambda row: plain(row["account"]),
            "Hour": lambda row: f"{row['hour']:02d}:00 to {row['hour']:02d}:59",
            "What": lambda row: words.TROUBLES[row["event"]],
            "Times": count("times"),
            "Of sends": Figures(lambda row: sends.get(row["account"], 0)),
            "Last": lambda row: moment(row["last_at"]),
        },
        alt="How often each account was locked, refused or silent, by hour of the shop's day",
    )


def by_hour(troubles: Iterable[Trouble]) -> Rows:
    """The same by the hour of the shop's clock, over all days; summer time moves it by one."""
    found: dict[tuple[str, int, str], Row] = {}
    for each in troubles:
        key = (each.account, local(each.at).hour, each.event)
        row = found.setdefault(
            key, {"account": key[0], "hour": key[1], "event": key[2], "times": 0, "last_at": each.last_at}
        )
        row["times"] += each.times
        row["last_at"] = max(row["last_at"], each.last_at)
    return [found[key] for key in sorted(found)]


def page() -> None:
    published = open_published("Posting")
    left, right = st.columns(2, gap="large")
    with left:
        funnel(published)
    try:
        with deciding.store() as (settings, operations):
            with right:
                switches(settings, operations, published)
            dry_run(settings, operations, published)
            returns(settings, operations)
            outbox(settings, operations)
            undoing.undo(settings, operations, published)
            settling(settings, operations)
            allocations(settings, operations)
            retries(settings, operations)
    except (CannotDecideError, OperationsError, posting_run.NothingPublishedError) as refusal:
        deciding.say_why_not(CannotDecideError(str(refusal)))


page()
