"""One document as it would be sent, on a page: its label, its lines to unfold, and what it adds to which VAT return."""

from __future__ import annotations

import streamlit as st

from app import words
from app.money import day, pounds
from app.shown import pence, plain, table
from orchestration.posting import Decision
from orchestration.posting.vat import Returns


def document_line(decision: Decision, returns_now: Returns, may_choose: bool, every: bool) -> bool:
    """One document, its lines to unfold; whether it is chosen."""
    proposal, document = decision.proposal, decision.document
    label = (
        f"**{pounds(document.gross_pence)}** {words.said(words.REMEDIES, proposal.remedy).lower()}: "
        f"{words.kind(proposal.document_kind).lower()} for receipt {plain(proposal.receipt_no)}, "
        f"{plain(proposal.store_id)}, {day(document.document_date)}"
    )
    chosen = False
    if may_choose:
        key = f"choose {decision.posting_key} {decision.payload_digest[:8]} {every}"
        chosen = st.checkbox(label, value=every, disabled=every, key=key)
    with st.expander(f"{decision.posting_key}: exactly what would be sent" if may_choose else label):
        st.markdown(
            f"{plain(decision.posting_key)} · account {plain(proposal.account)} · "
            f"second reference {plain(document.second_reference)} · "
            f"narrative {plain(document.narrative)} · digest `{decision.payload_digest[:16]}`  \n"
            f"{on_return(decision, returns_now)}"
            + (f"  \n{plain(words.in_words(decision.reason))}" if decision.reason else "")
        )
        lines = [
            {"line": "Nominal", "account": words.account(vars(line)), "net": line.net_pence, "tax": None}
            for line in document.nominal_lines
        ] + [
            {"line": "VAT", "account": f"code {line.tax_code}", "net": line.net_pence, "tax": line.tax_pence}
            for line in document.tax_lines
        ]
        lines += [
            {
                "line": "Goods",
                "account": words.goods(vars(line)),
                "net": line.net_pence,
                "tax": line.tax_pence,
            }
            for line in document.order_lines
        ]
        table(
            lines,
            {
                "Line": lambda row: row["line"],
                "Account": lambda row: plain(row["account"]),
                "Net": pence("net"),
                "VAT": pence("tax"),
            },
            alt="Nominal and VAT lines as they would be sent",
        )
    return chosen


def on_return(decision: Decision, returns_now: Returns) -> str:
    """What it adds to which VAT return."""
    effect, period = returns_now.effect(decision.document), returns_now.period_of(decision.document)
    if not effect.is_any:
        return "On no VAT return"
    boxes = f"Box 1 {pounds(effect.box_1_pence)} · box 6 {pounds(effect.box_6_pence)}"
    if period is None:
        return f"{boxes} · no VAT period is entered for its date"
    filed = f", filed on {day(period.filed_on)}" if period.filed_on else ""
    return f"{boxes} · VAT period {day(period.valid_from)} to {day(period.valid_to)}{filed}"
