"""One receipt's whole life on one screen: where it came from, what Sage should hold, what it holds, and
what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import finding, legs, shop_clock, words
from app.life import Life, closure, counted_cash, life, sales_totals
from app.money import counted, day, moment, pounds, units
from app.opening import open_published
from app.published import Published, Row, Rows
from app.shop_clock import local
from app.shown import Figures, page_of, pence, plain, table, verdict_badge

MOST_SHOWN = 20
LINES_AT_ONCE = 30
SIDE_BY_SIDE = 2
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
            f"{plain(receipt['till_id'])}, {sold_at(receipt)}"
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


def sold_at(receipt: Row) -> str:
    """When, by the till's own clock: 14:05 BST."""
    if receipt["sold_at"] is None:
        return f"{receipt['sold_at_local']:%H:%M}"
    return f"{receipt['sold_at_local']:%H:%M} {local(receipt['sold_at']):%Z}"


def figures(told: Life) -> None:
    """Tills, Sage and the difference, for the sale itself."""
    if not told["documents"]:
        return
    tills, sage = sales_totals(told)
    receipt = told["receipt"]
    has_no_trace = bool(receipt and receipt["nothing_to_post_reason"])
    with st.container(horizontal=True):
        if has_no_trace:
            why = plain(words.said({}, receipt["nothing_to_post_reason"])).lower()
            st.metric("Should be in Sage", pounds(tills), border=True, help=f"Nothing is to be posted: {why}")
        else:
            st.metric("Till says", pounds(tills), border=True, help="Gross value of the sale")
        st.metric(
            "Sage holds", pounds(sage), border=True, help="Gross value of every sales document behind it"
        )
        st.metric(
            "Should be less Sage" if has_no_trace else "Tills less Sage", pounds(tills - sage), border=True
        )


def at_the_till(told: Life) -> None:
    if told["receipt"] is None and told["delivery"] is None:
        return
    st.subheader("At the till", anchor=False)
    if told["lines"]:
        table(
            page_of(told["lines"], LINES_AT_ONCE, "Lines", "lines of the receipt"),
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
            kind = "receipt" if row["document_kind"] == "none" else words.kind(row["document_kind"]).lower()
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
    """Every leg that should be there beside what Sage has, document by document; then what no verdict speaks of."""
    st.subheader("Leg by leg: what should be there, and what Sage has", anchor=False)
    compared = legs.side_by_side(told)
    if compared:
        places = iter(columns_of(len(compared)) * len(compared))
        for each in compared:
            with next(places).container(border=True):
                compared_document(each)
    if not told["ledger"]:
        st.markdown("Sage holds nothing for it.")
        return
    told_of = {each.ledger["ledger_document_id"] for each in compared if each.ledger}
    others = [document for document in told["ledger"] if document["ledger_document_id"] not in told_of]
    if not others:
        return
    st.markdown("**Also in Sage**, named beside it:" if compared else "In Sage:")
    places = iter(columns_of(len(others)) * len(others))
    for document in others:
        with next(places).container(border=True):
            ledger_document(document)


def columns_of(many: int) -> list[Any]:
    return list(st.columns(min(SIDE_BY_SIDE, many)))


def compared_document(each: legs.Compared) -> None:
    """One document, both sides: a row a leg, with a sign and a word where they part."""
    kind = words.kind(each.judged["document_kind"])
    sage = (
        f"URN {each.ledger['urn']}, {plain(each.ledger['reference'])}, by {plain(each.ledger['user_name'])}"
        if each.ledger
        else "Sage holds no such document"
    )
    st.markdown(f"**{kind}** {verdict_badge(each.judged['verdict'])}{reason(each.judged)}  \n{sage}")
    if each.ledger and not each.ledger["is_in_nominal"]:
        st.warning("Not in the nominal ledger.")
    table(
        [vars(leg) for leg in each.legs],
        {
            "Leg": lambda row: plain(row["name"]),
            "Should be": lambda row: plain(row["expected"]) if row["expected"] else "",
            "Sage has": lambda row: plain(row["sage"]) if row["sage"] else "",
            "": lambda row: ":{}-badge[{}]".format(*legs.STATES[row["state"]]),
        },
        alt=f"{kind}: each leg as it should be and as Sage has it, and whether the two agree",
    )


def ledger_document(document: Row) -> None:
    """One of Sage's that no verdict is on: a candidate, or what a journal carries."""
    st.markdown(
        f"**URN {document['urn']}** · {words.kind(document['document_kind'])}"
        f"  \n{plain(document['reference'])}, {day(document['document_date'])}, by {plain(document['user_name'])}"
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
    stops = (
        f"Gate rule {plain(flag['rule_id'])}: {plain(flag['title'])} ({plain(flag['observed_value'])}). "
        f"{plain(flag['remedy'])}"
        for flag in told["flags"]
    )
    for each in dict.fromkeys(stops):  # what stops two of its documents is said once
        st.warning(each, icon=":material/front_hand:")
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
    if told["receipt"]:
        shop_clock.keep_to(told["receipt"]["zone"])
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
