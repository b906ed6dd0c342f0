"""One receipt's whole life on one screen: where it came from, what Sage should hold, what it holds, and
what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import finding, words
from app.life import Life, closure, counted_cash, life, sales_totals
from app.money import counted, day, moment, pounds, units
from app.opening import open_published
from app.published import Published, Row, Rows
from app.shown import Figures, pence, plain, table, verdict_badge

MOST_SHOWN = 20
MOST_LINES_STILL = 30
SIDE_BY_SIDE = 3
TRUTHS = ("sent", "acknowledged", "present", "in_nominal", "right")


def ask() -> str:
    """What to look for, kept in the address so that a page can be sent to someone."""
    asked = st.query_params.get("find", "")
    if st.session_state.get("asked_in_address") != asked:
        st.session_state["asked_in_address"] = asked
        st.session_state["asked"] = asked
    st.text_input(
        "Find a receipt",
        key="asked",
        placeholder="Receipt number, posting key, exception, Sage URN or reference",
        on_change=remember,
        width=520,
    )
    return str(st.session_state["asked"]).strip()


def remember() -> None:
    st.query_params["find"] = st.session_state["asked_in_address"] = st.session_state["asked"]


def choose(published: Published, asked: str) -> finding.Subject:
    """The one life to show; where a number names several, the reader picks."""
    found = finding.find(published, asked)
    if not found:
        st.warning(
            f"Nothing is known as {plain(asked)}. Try the number printed on the receipt, or the reference "
            "that Sage shows; a receipt from a file that has not arrived is not here yet.",
            icon=":material/search_off:",
        )
        st.stop()
    if len(found) == 1:
        return found[0]
    st.caption(f"{counted(len(found), 'receipt')} or documents answer to {plain(asked)}.")
    return st.selectbox(
        "Which one?",
        found[:MOST_SHOWN],
        format_func=lambda subject: subject.event_id or subject.ledger_document_id,
        width=520,
    )


def heading(told: Life) -> None:
    receipt = told["receipt"]
    if receipt:
        st.header(
            f"Receipt {plain(receipt['receipt_no'])}, store {plain(receipt['store_id'])}, "
            f"{day(receipt['business_date'])}",
            anchor=False,
        )
        st.markdown(
            f"{verdict_badge(receipt['verdict'])} {plain(receipt['receipt_kind']).capitalize()} on till "
            f"{plain(receipt['till_id'])}, {receipt['sold_at_local']:%H:%M} ({plain(receipt['zone'])})"
            + (
                f": {plain(words.said({}, receipt['nothing_to_post_reason']))}"
                if receipt["nothing_to_post_reason"]
                else ""
            )
        )
    elif over_short := counted_cash(told):
        st.header(
            f"{words.cause('cash_over_short')}, closure {plain(over_short['receipt_no'])}, "
            f"store {plain(over_short['store_id'])}, {day(over_short['business_date'])}",
            anchor=False,
        )
    elif told["ledger"]:
        st.header(f"Sage document URN {told['ledger'][0]['urn']}, without a receipt", anchor=False)
    elif wrong := closure(told):
        st.header(plain(words.cause(wrong["exception_class"])), anchor=False)
        if wrong["cause_detail"]:
            st.markdown(plain(wrong["cause_detail"]))
    else:
        st.header("A file that could not be read", anchor=False)


def figures(told: Life) -> None:
    """Tills, Sage and the difference, for the sale itself."""
    if not told["documents"]:
        return
    tills, sage = sales_totals(told)
    with st.container(horizontal=True):
        st.metric("Till says", pounds(tills), border=True, help="Gross value of the sale")
        st.metric(
            "Sage holds", pounds(sage), border=True, help="Gross value of every sales document behind it"
        )
        st.metric("Tills less Sage", pounds(tills - sage), border=True)


def at_the_till(told: Life) -> None:
    if told["receipt"] is None and told["delivery"] is None:
        return
    st.subheader("At the till", anchor=False)
    if len(told["lines"]) > MOST_LINES_STILL:
        grid(told["lines"])
    elif told["lines"]:
        table(
            told["lines"],
            {
                "SKU": lambda row: plain(row["sku_as_sent"]),
                "What was sold": lambda row: plain(row["description"]),
                "Units": lambda row: units(row["quantity"]),
                "Net": pence("net_pence"),
                "VAT": pence("tax_pence"),
                "Code": lambda row: plain(row["till_tax_code"]),
            },
            alt="Lines of the receipt",
        )
    paid = ", ".join(f"{plain(row['tender_type'])} {words.tendered(row)}" for row in told["tenders"])
    total = ""
    if receipt := told["receipt"]:
        total = f"Total **{pounds(receipt['gross_pence'])}**, of it VAT {pounds(receipt['tax_pence'])}. "
    st.markdown(total + (f"Paid: **{paid}**" if paid else "No tender."))
    if told["receipt"] and (of_sale := words.of_sale(told["receipt"])):
        st.markdown(plain(f"This receipt {of_sale}."))
    came_from(told)


def grid(lines: list[Row]) -> None:
    """A long receipt, in a grid that scrolls by itself; its cells are plain text, not Markdown."""
    shown = [
        {
            "SKU": row["sku_as_sent"],
            "What was sold": row["description"],
            "Units": units(row["quantity"]),
            "Net": pounds(row["net_pence"]),
            "VAT": pounds(row["tax_pence"]),
            "Code": row["till_tax_code"],
        }
        for row in lines
    ]
    st.dataframe(shown, hide_index=True, height=420, alt="Lines of the receipt")
    st.caption(counted(len(lines), "line"))


def came_from(told: Life) -> None:
    receipt, delivery = told["receipt"], told["delivery"]
    if receipt:
        st.caption(
            f"From {plain(receipt['source_file'])}, row {receipt['source_row']} · "
            f"{plain(receipt['event_id'])}"
        )
    if delivery:
        message = f": {plain(delivery['message'])}" if delivery["message"] else ""
        st.caption(
            f"Delivery {plain(delivery['delivery_id'])} of {plain(delivery['source_file'])} in pass "
            f"{delivery['pass_number']}, {plain(words.said({}, delivery['status'])).lower()}{message}"
        )
    for row in told["set_aside"]:
        st.warning(
            f"Row {row['source_row']} could not be read: {plain(row['column_name'])} {plain(row['reason'])} "
            f"({plain(row['raw_text'])})"
        )


def expected(told: Life) -> None:
    if not told["documents"]:
        return
    st.subheader("What Sage should hold, and does", anchor=False)
    table(
        told["documents"],
        {
            "Document": lambda row: words.kind(row["document_kind"]),
            "Expected": Figures(expected_pence, pounds),
            "In Sage": pence("ledger_gross_pence"),
            "Verdict": lambda row: verdict_badge(row["verdict"]) + reason(row),
        },
        alt="Each document expected or found, with its verdict",
    )
    for claim, kinds in claims(told["documents"]).items():
        st.caption(f"The connector's log on the {' and the '.join(kinds)}: {claim}")
    if told["drifts"]:
        table(
            told["drifts"],
            {
                "Differs in": lambda row: f":red-badge[! {words.drifts(row['drift_kind'])}]",
                "Should be": lambda row: plain(words.drift_value(row["drift_kind"], row["expected_value"])),
                "Sage has": lambda row: (
                    f"**{plain(words.drift_value(row['drift_kind'], row['ledger_value']))}**"
                ),
            },
            alt="Each difference with both values",
        )


def claims(documents: Rows) -> dict[str, list[str]]:
    """What the connector's log says, each word once, with the documents that it is said of."""
    said: dict[str, list[str]] = {}
    for row in documents:
        if row["sync_claim"]:
            saying = f", saying “{plain(row['sync_message'])}”" if row["sync_message"] else ""
            at = f" at {moment(row['sync_claimed_at'])}" if row["sync_claimed_at"] else ""
            kinds = said.setdefault(f"{plain(row['sync_claim'])}{at}{saying}", [])
            kind = words.kind(row["document_kind"]).lower()
            kinds += [kind] if kind not in kinds else []
    return said


def expected_pence(row: Mapping[str, Any]) -> int | None:
    """What Sage should hold; nothing where no till expects the document."""
    return row["expected_gross_pence"] if row["posting_key"] else None


def reason(row: Mapping[str, Any]) -> str:
    """Why, beside the verdict: what differs, else the reason it gives."""
    said = words.drifts(row["drift_kinds"])
    said = f"({said})" if said else words.because(row).strip()
    return f" {plain(said)}" if said else ""


def in_sage(told: Life) -> None:
    """Every ledger document side by side, each with its nominal lines."""
    st.subheader("In Sage", anchor=False)
    if not told["ledger"]:
        st.markdown("Sage holds nothing for it.")
        return
    judged = {row["ledger_document_id"]: row for row in told["documents"] if row["ledger_document_id"]}
    columns = st.columns(min(SIDE_BY_SIDE, len(told["ledger"])))
    for place, document in enumerate(told["ledger"]):
        with columns[place % len(columns)].container(border=True):
            ledger_document(document, judged.get(document["ledger_document_id"]))


def ledger_document(document: Row, judged: Row | None) -> None:
    """One of Sage's, with its verdict: what differs is seen where it stands."""
    verdict = f" {verdict_badge(judged['verdict'])}" if judged else ""
    differs = words.drifts(judged["drift_kinds"]) if judged else ""
    st.markdown(
        f"**URN {document['urn']}** · {words.kind(document['document_kind'])}{verdict}"
        + (f" in {plain(differs)}" if differs else "")
        + f"  \n{plain(document['reference'])}, {day(document['document_date'])}, by {plain(document['user_name'])}"
    )
    if not document["lines"]:
        st.warning("Not in the nominal ledger.")
        return
    table(
        document["lines"],
        {
            "Nominal": lambda row: plain(words.account(row)),
            "Debit": pence("debit_pence", nothing=""),
            "Credit": pence("credit_pence", nothing=""),
        },
        alt=f"Nominal lines of URN {document['urn']}",
    )


def done_about_it(told: Life) -> None:
    if told["exceptions"]:
        st.subheader("Exceptions", anchor=False)
    for row in told["exceptions"]:
        said = words.remedy(row["suggested_remedy"], row.get("likely_partner"))
        state = ":red-badge[! Open]" if row["status"] == "open" else ":green-badge[✓ Resolved]"
        st.markdown(
            f"{state} **{plain(words.cause(row['exception_class']))}** ({plain(row['exception_id'])}): "
            f"{pounds(row['value_at_risk_pence'])} at risk, with {words.owner(row['owner'])} since "
            f"{day(row['first_seen_at'])}. {plain(said or 'Nothing is left to do.')}"
        )
    for flag in told["flags"]:
        st.warning(
            f"Gate rule {plain(flag['rule_id'])}: {plain(flag['title'])} ({plain(flag['observed_value'])}). "
            f"{plain(flag['remedy'])}",
            icon=":material/front_hand:",
        )
    for row in told["summaries"]:
        st.markdown(plain(words.in_summary(row)))
    for row in told["proposals"]:
        may = "may be posted" if row["may_post"] else f"held: {plain(words.in_words(row['hold_reason']))}"
        st.markdown(
            f"Proposed: **{words.said(words.REMEDIES, row['remedy']).lower()}**, "
            f"{words.kind(row['document_kind']).lower()} of {pounds(row['gross_pence'])} "
            f"under {plain(row['posting_key'])}; {may}."
        )
    postings(told)


def postings(told: Life) -> None:
    if not told["postings"]:
        return
    st.subheader("Postings, by the five truths", anchor=False)
    for row in told["postings"]:
        truths = " ".join(
            f":green-badge[✓ {words.TRUTHS[name]}]"
            if row[f"truth_{name}"]
            else f":gray-badge[· {words.TRUTHS[name]}]"
            for name in TRUTHS
        )
        urn = f", URN {row['urn']}" if row["urn"] else ""
        refused = f" Refused: {plain(row['refusal'])}." if row["refusal"] else ""
        st.markdown(
            f"**{words.said(words.REMEDIES, row['remedy'])}** under {plain(row['posting_key'])}: "
            f"{plain(row['state'])}{urn}.{refused}  \n{truths}"
        )


def over_time(told: Life) -> None:
    if not told["history"]:
        return
    kinds = {row["document_id"]: words.kind(row["document_kind"]) for row in told["documents"]}
    st.subheader("Verdicts over time", anchor=False)
    table(
        told["history"],
        {
            "Pass": lambda row: str(row["pass_number"]),
            "As of": lambda row: moment(row["as_of"]),
            "Document": lambda row: kinds.get(row["subject_id"], "Earlier document"),
            "Verdict": lambda row: verdict_badge(row["verdict"]),
        },
        alt="What was believed, pass by pass",
    )


def page() -> None:
    published = open_published("Receipt")
    asked = ask()
    if not asked:
        st.info("Type the number printed on a receipt, or come here from an exception on the first page.")
        st.stop()
    told = life(published, choose(published, asked))
    heading(told)
    figures(told)
    left, right = st.columns(2, gap="large")
    with left:
        at_the_till(told)
    with right:
        expected(told)
    in_sage(told)
    left, right = st.columns(2, gap="large")
    with left:
        over_time(told)
    with right:
        done_about_it(told)


page()
