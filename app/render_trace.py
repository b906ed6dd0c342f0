"""One receipt's whole life for a terminal, in the order it happened. Takes what `app.reports.trace` gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from app import legs, shop_clock, words
from app.life import closure, counted_cash
from app.money import counted, day, moment, pounds, units
from app.render import COLOURS, add, panel, read_day, read_moment, stamp_line, table_of, titled, verdict_text
from app.reports import Report

Life = dict[str, Any]
MOST_LINES = 30


def trace(report: Report) -> RenderableType:
    """What `tillproof trace` shows: every life found, or what to try when there is none."""
    if not report["lives"]:
        return Group(
            stamp_line(report),
            Text(
                f"Nothing is known as {report['asked']!r}. Give a receipt number, an event id, "
                "a posting key, an exception id, a Sage URN or a Sage reference."
            ),
        )
    told = [_life(life, report["zone"]) for life in report["lives"]]
    left = report["found"] - len(told)
    more = [Text(f"and {left:,} more; give the event id to choose one")] if left else []
    return Group(stamp_line(report), *told, *more)


def _life(life: Life, zone: str) -> RenderableType:
    """One life, by the clock of the shop that printed the receipt."""
    shop_clock.keep_to(life["receipt"]["zone"] if life["receipt"] else zone)
    return panel(_title(life), *_chapters(life))


def _title(life: Life) -> str:
    receipt = life["receipt"]
    if receipt:
        where = f"store {receipt['store_id']}, {day(read_day(receipt['business_date']))}"
        return f"Receipt {receipt['receipt_no']}, {where}"
    if over_short := counted_cash(life):
        where = f"store {over_short['store_id']}, {day(read_day(over_short['business_date']))}"
        return f"{words.cause('cash_over_short')}, closure {over_short['receipt_no']}, {where}"
    if life["ledger"]:
        return f"Sage document URN {life['ledger'][0]['urn']}, without a receipt"
    if wrong := closure(life):
        return wrong["cause_detail"] or words.cause(wrong["exception_class"])
    return f"File {life['delivery']['source_file']}" if life["delivery"] else "Exception"


def _chapters(life: Life) -> Iterator[RenderableType]:
    tellers = (
        *(_came, _lines, _documents, _claim, _compared, _ledger, _drifts, _flags),
        *(_history, _exceptions, _remedies),
    )
    for teller in tellers:
        told = teller(life)
        if told is not None:
            yield told


def _came(life: Life) -> RenderableType | None:
    receipt, delivery = life["receipt"], life["delivery"]
    parts = []
    if receipt:
        parts.append(
            Text.assemble(
                f"{receipt['event_id']}\n",
                f"{receipt['receipt_kind']} of {pounds(receipt['gross_pence'])} "
                f"(net {pounds(receipt['net_pence'])}, VAT {pounds(receipt['tax_pence'])}), "
                f"sold {receipt['sold_at_local'].replace('T', ' ')} {receipt['zone']}: ",
                verdict_text(receipt["verdict"]),
                f" ({receipt['nothing_to_post_reason']})" if receipt["nothing_to_post_reason"] else "",
                f"\n{of_sale}" if (of_sale := words.of_sale(receipt)) else "",
                f"\nfrom {receipt['source_file']}, row {receipt['source_row']}",
            )
        )
    if delivery:
        taken = f"delivery {delivery['delivery_id']} of {delivery['source_file']}, "
        taken += f"pass {delivery['pass_number']}: {delivery['status'].replace('_', ' ')}, "
        taken += f"{counted(delivery['rows_landed'], 'row')} landed"
        parts.append(
            Text(taken + (f"; {delivery['message']}" if delivery["message"] else ""), style="bright_black")
        )
    for row in life["set_aside"]:
        unread = (
            f"row {row['source_row']} set aside: {row['column_name']} {row['reason']} ({row['raw_text']})"
        )
        parts.append(Text(unread, style="red"))
    return Group(*parts) if parts else None


def _lines(life: Life) -> RenderableType | None:
    if not life["lines"]:
        return None
    table = table_of("SKU", "What was sold", ">Units", ">Net", ">VAT", ">Gross", "Code")
    for row in life["lines"][:MOST_LINES]:
        add(
            table,
            Text(row["sku_as_sent"] or ""),
            Text(row["description"] or ""),
            units(row["quantity"]),
            pounds(row["net_pence"]),
            pounds(row["tax_pence"]),
            pounds(row["gross_pence"]),
            row["till_tax_code"] or "",
        )
    paid = ", ".join(f"{row['tender_type']} {words.tendered(row)}" for row in life["tenders"])
    left = len(life["lines"]) - MOST_LINES
    more = [Text(f"and {counted(left, 'more line', 'more lines')}; --json has them all")] if left > 0 else []
    return titled("At the till", table, *more, Text(f"Paid: {paid}" if paid else "No tender", style="bold"))


def _documents(life: Life) -> RenderableType | None:
    if not life["documents"]:
        return None
    table = table_of("Document", ">Expected", ">In Sage", ">Difference", "Verdict")
    table.columns[0].no_wrap = True
    for row in life["documents"]:
        urn = f"\nURN {row['ledger_urn']}" if row["ledger_urn"] else ""
        add(
            table,
            "\n".join(filter(None, (words.kind(row["document_kind"]), row["posting_key"]))),
            pounds(row["expected_gross_pence"]) if row["posting_key"] else "",
            pounds(row["ledger_gross_pence"]) if row["ledger_document_id"] else "",
            pounds(row["variance_pence"]) if row["ledger_document_id"] and row["posting_key"] else "",
            Text.assemble(verdict_text(row["verdict"]), words.because(row), urn),
        )
    known = [row for row in life["documents"] if row["evidence"]]
    evidence = sorted({row["evidence"] for row in known if row["ledger_document_id"]})
    told = [f"Matched by {', '.join(evidence)}"] if evidence else []
    # what has evidence and no document of Sage was set apart by a person
    told += [
        f"{words.kind(row['document_kind'])}: {row['evidence']}"
        for row in known
        if not row["ledger_document_id"]
    ]
    return titled(
        "What Sage should hold, and does", table, *(Text(line, style="bright_black") for line in told)
    )


def _claim(life: Life) -> RenderableType | None:
    claims = [row for row in life["documents"] if row["sync_claim"]]
    if not claims:
        return None
    said = [
        Text(
            f"{words.kind(row['document_kind'])}: {row['sync_claim']}"
            + (f", saying {row['sync_message']!r}" if row["sync_message"] else "")
            + (f" ({moment(read_moment(row['sync_claimed_at']))})" if row["sync_claimed_at"] else "")
        )
        for row in claims
    ]
    return titled("What the connector's own log claims", *said)


def _compared(life: Life) -> RenderableType | None:
    """Each document leg by leg, both sides, with a sign and a word where they part."""
    if not life["compared"]:
        return None
    held = {row["ledger_document_id"]: row for row in life["ledger"]}
    parts: list[RenderableType] = []
    for document in life["compared"]:
        of_sage = held.get(document["ledger_document_id"])
        said = "Sage holds no such document"
        if of_sage:
            said = f"URN {of_sage['urn']}, {of_sage['reference'] or 'no reference'}"
            said += f", by {of_sage['user_name'] or 'nobody'}"
            said += "" if of_sage["is_in_nominal"] else "; not in the nominal ledger"
        kind = words.kind(document["document_kind"])
        parts.append(Text.assemble(f"{kind}: ", verdict_text(document["verdict"]), f"; {said}"))
        table = table_of("Leg", "Should be", "Sage has", "")
        for column in table.columns[1:3]:
            column.justify = "right"
        for leg in document["legs"]:
            colour, mark = legs.STATES[leg["state"]]
            marked = Text(mark, style=COLOURS[colour])
            add(table, leg["leg"], leg["should_be"], Text(leg["sage_has"], style=_red(leg)), marked)
        parts.append(table)
    return titled("Leg by leg: what should be there, and what Sage has", *parts)


def _red(leg: Life) -> str:
    return "red" if legs.STATES[leg["state"]][0] == "red" else ""


def _ledger(life: Life) -> RenderableType | None:
    """What Sage holds besides: a candidate, or what a journal carries."""
    told_of = {row["ledger_document_id"] for row in life["compared"]}
    others = [row for row in life["ledger"] if row["ledger_document_id"] not in told_of]
    if not others:
        return None
    table = table_of("URN", "Sage document", "Nominal", ">Debit", ">Credit")
    for document in others:
        told = [
            f"{words.kind(document['document_kind'])}, {day(read_day(document['document_date']))}",
            f"{document['reference'] or 'no reference'} by {document['user_name'] or 'nobody'}",
        ]
        lines = document["lines"] or [None]
        for place in range(max(len(told), len(lines))):
            line = lines[place] if place < len(lines) else None
            account = words.account(line) if line else ""
            add(
                table,
                "" if place else str(document["urn"]),
                told[place] if place < len(told) else "",
                account if document["lines"] or place else "not in the nominal ledger",
                pounds(line["debit_pence"]) if line and line["debit_pence"] else "",
                pounds(line["credit_pence"]) if line and line["credit_pence"] else "",
            )
    return titled("Also in Sage" if told_of else "In Sage", table)


def _drifts(life: Life) -> RenderableType | None:
    if not life["drifts"]:
        return None
    table = table_of("Differs in", "Should be", "Sage has")
    for row in life["drifts"]:
        add(
            table,
            words.drifts(row["drift_kind"]),
            words.drift_value(row["drift_kind"], row["expected_value"]),
            Text(words.drift_value(row["drift_kind"], row["ledger_value"]), style="red"),
        )
    return titled("What differs", table)


def _flags(life: Life) -> RenderableType | None:
    if not life["flags"]:
        return None
    said = [
        Text.assemble(
            (f"{row['rule_id']} {row['title']}", "bold"),
            f": {row['observed_value']}" if row["observed_value"] else "",
            f". {words.owner(row['owner'])}: {row['remedy']}",
        )
        for row in life["flags"]
    ]
    return titled(
        "What the gate says", *{text.plain: text for text in said}.values()
    )  # of two documents once


def _history(life: Life) -> RenderableType | None:
    if not life["history"]:
        return None
    kinds = {row["document_id"]: words.kind(row["document_kind"]) for row in life["documents"]}
    table = table_of("Pass", "As of", "Document", "Verdict", ">At risk")
    for row in life["history"]:
        add(
            table,
            str(row["pass_number"]),
            moment(read_moment(row["as_of"])),
            kinds.get(row["subject_id"], row["subject_id"]),
            verdict_text(row["verdict"]),
            pounds(row["value_at_risk_pence"]),
        )
    return titled("Verdicts over time", table)


def _exceptions(life: Life) -> RenderableType | None:
    if not life["exceptions"]:
        return None
    said = [
        Text.assemble(
            (f"{row['exception_id']} {row['status']}: {words.cause(row['exception_class'])}", "bold"),
            f", {pounds(row['value_at_risk_pence'])} at risk, with {words.owner(row['owner'])} since "
            f"{day(read_moment(row['first_seen_at']))}. ",
            words.remedy(row["suggested_remedy"], row.get("likely_partner")) or "Nothing is left to do.",
        )
        for row in life["exceptions"]
    ]
    return titled("Exceptions", *said)


def _remedies(life: Life) -> RenderableType | None:
    if not life["proposals"] and not life["postings"]:
        return None
    parts: list[RenderableType] = [Text(words.in_summary(row)) for row in life["summaries"]]
    for row in life["proposals"]:
        may = "may be posted" if row["may_post"] else f"held: {row['hold_reason']}"
        parts.append(
            Text(
                f"Proposed {row['posting_key']}: {words.said(words.REMEDIES, row['remedy']).lower()}, "
                f"{words.kind(row['document_kind']).lower()} of {pounds(row['gross_pence'])}; {may}"
            )
        )
    for row in life["postings"]:
        truths = [
            name
            for name in ("sent", "acknowledged", "present", "in_nominal", "right")
            if row[f"truth_{name}"]
        ]
        told = f"Posting {row['posting_key']}: {row['state']}" + (f", URN {row['urn']}" if row["urn"] else "")
        told += f"; true so far: {', '.join(words.truth(name) for name in truths) or 'nothing yet'}"
        parts.append(Text(told + (f"; refused: {row['refusal']}" if row["refusal"] else "")))
    return titled("Proposals and postings", *parts)
