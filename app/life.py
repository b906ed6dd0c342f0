"""One receipt's whole life, from the file it came in to what Sage holds now: the facts, in the order they
happened.

Every function takes the subject's ids and gives rows; nothing here judges. Money is whole pence.
"""

from __future__ import annotations

from typing import Any

from app import finding
from app.finding import NEAR, Subject
from app.published import Published, Row, Rows

Life = dict[str, Any]


def life(published: Published, subject: Subject) -> Life:
    """Everything published about one event, or about one ledger document that no event explains.

    Keys: receipt (None for a document without one), delivery, set_aside, lines, tenders, documents
    (verdicts on what Sage should hold and on what it holds), expected_lines (their legs), ledger (each with its nominal
    `lines`),
    drifts, flags, history, exceptions, summaries (documents of a day that it is a part of), proposals (each with
    its `legs`), postings.
    """
    receipt = _receipt(published, subject.event_id) if subject.event_id else None
    documents = _documents(published, subject, receipt)
    ledger = _ledger(published, _ledger_ids(documents, subject))
    keys = [row["posting_key"] for row in documents if row["posting_key"]]
    urns = [row["urn"] for row in ledger if row["urn"] is not None]
    summaries = _summaries(published, subject.event_id)
    in_summaries = [row["tranche_key"] for row in summaries]
    documents += _of_summaries(published, in_summaries, documents)
    proposals = _proposals(published, subject.event_id, keys + in_summaries, urns)
    subjects = [row["document_id"] for row in documents] or [subject.ledger_document_id]
    return {
        "receipt": receipt,
        "delivery": _delivery(published, receipt, subject),
        "set_aside": _set_aside(published, receipt),
        "lines": _of_receipt(published, "receipt_lines", receipt, "line_no"),
        "tenders": _of_receipt(published, "receipt_tenders", receipt, "tender_no"),
        "documents": documents,
        "expected_lines": _expected_lines(published, documents),
        "ledger": ledger,
        "drifts": _drifts(published, keys),
        "flags": _flags(published, keys),
        "history": _history(published, subjects, documents),
        "exceptions": _exceptions(published, subjects, subject.event_id),
        "summaries": summaries,
        "proposals": proposals,
        "postings": _postings(
            published,
            subject.event_id,
            keys + in_summaries + [row["posting_key"] for row in proposals],
            urns,
        ),
    }


def closure(told: Life) -> Row | None:
    """The exception of a till's closure, where that is whose life it is."""
    return next((row for row in told["exceptions"] if row["document_kind"] == "closure"), None)


def counted_cash(told: Life) -> Row | None:
    """What Sage should hold of a closure that was over or short, where that is whose life it is."""
    return next(
        (row for row in told["documents"] if row["posting_key"] and finding.is_closure(row["event_id"])), None
    )


def sales_totals(told: Life) -> tuple[int, int]:
    """What the till sold, or was over or short, and what Sage holds of it, in signed pence."""
    sales = [row for row in told["documents"] if row["is_sales"] or finding.is_closure(row["event_id"])]
    tills = sum(row["direction"] * row["expected_gross_pence"] for row in sales)
    return tills, sum(row["direction"] * (row["ledger_gross_pence"] or 0) for row in sales)


def _receipt(published: Published, event_id: str) -> Row | None:
    rows = finding.receipts_of(published, "*", event_id)
    return rows[0] if rows else None


def _delivery(published: Published, receipt: Row | None, subject: Subject) -> Row | None:
    """The file the receipt came in, as intake saw it; or the file that is itself the subject."""
    if receipt:
        delivery_id = receipt["delivery_id"]
    elif subject.ledger_document_id.startswith("delivery:"):
        delivery_id = subject.ledger_document_id.split(":")[1]
    else:
        return None
    rows = published.rows(
        "select * from deliveries where delivery_id = ? order by pass_number, source_file limit 1",
        [delivery_id],
    )
    return rows[0] if rows else None


def _set_aside(published: Published, receipt: Row | None) -> Rows:
    """Rows of this receipt's number that could not be read."""
    if receipt is None:
        return []
    return published.rows(
        """
        select * from set_aside_rows where company_id = ? and receipt_no = ? and till_id = ?
        order by source_file, source_row, column_name
        """,
        [receipt["company_id"], receipt["receipt_no"], receipt["till_id"]],
    )


def _of_receipt(published: Published, model: str, receipt: Row | None, order: str) -> Rows:
    """What a receipt has in another table, from the files of its day."""
    if receipt is None:
        return []
    lies_in = published.within(model, receipt["business_date"])
    return published.rows(
        f"select * from {lies_in} where event_id = ? and business_date = ? order by {order}",
        [receipt["event_id"], receipt["business_date"]],
    )


def _documents(published: Published, subject: Subject, receipt: Row | None) -> Rows:
    """The event's own documents first (sales, then takings), then what Sage holds besides.

    A copy that has been reversed, and its contra, belong to no event any more: they are told with the receipt
    whose number the copy bears, where that number is one receipt's alone.
    """
    told = _own(published, subject, receipt)
    if receipt and finding.is_alone(published, receipt):
        told += published.named(
            "document_verdicts",
            "*",
            "receipt_no",
            [receipt["receipt_no"]],
            "and event_id is null and company_id = ? and store_id = ?",
            [receipt["company_id"], receipt["store_id"]],
        )
    else:  # a day's, of its documents
        told += published.named(
            "document_verdicts",
            "*",
            "partner_id",
            [subject.event_id or subject.ledger_document_id],
            "and event_id is null",
            is_list=True,
        )
    partners, held = (
        [row[name] for row in told if row[name]] for name in ("partner_id", "ledger_document_id")
    )
    told += published.named("document_verdicts", "*", "ledger_document_id", partners, "and event_id is null")
    told += published.named("document_verdicts", "*", "partner_id", held, "and event_id is null")
    once = {row["document_id"]: row for row in told}
    return sorted(once.values(), key=_as_they_happened)


def _own(published: Published, subject: Subject, receipt: Row | None) -> Rows:
    """The verdicts on the documents of an event, or on one of Sage's; of a receipt in the files of its day."""
    if receipt:
        lies_in = published.within("document_verdicts", receipt["business_date"])
        return published.rows(
            f"select * from {lies_in} where event_id = ? and business_date = ?",
            [subject.event_id, receipt["business_date"]],
        )
    if subject.event_id:
        return published.named("document_verdicts", "*", "event_id", [subject.event_id])
    return published.named(
        "document_verdicts",
        "*",
        "ledger_urn",
        finding.urns_of(published, [subject.ledger_document_id]),
        "and ledger_document_id = ?",
        [subject.ledger_document_id],
    )


def _as_they_happened(row: Row) -> tuple[object, ...]:
    """What was expected before what Sage alone holds, sales before takings."""
    urn = row["ledger_urn"]
    return (
        row["posting_key"] is None,
        not row["is_sales"],
        row["ordinal"] is None,
        row["ordinal"] or 0,
        urn is None,
        urn or 0,
        row["document_id"],
    )


def _ledger_ids(documents: Rows, subject: Subject) -> list[str]:
    """The ledger documents that the verdicts name: their own, a partner's (survivor or contra), the
    candidates."""
    named = [subject.ledger_document_id]
    for document in documents:
        named += [document["ledger_document_id"] or ""]
        named += (document["partner_id"] or "").split(",") + (document["candidates"] or "").split(",")
    return sorted({each for each in named if each})


def _ledger(published: Published, ids: list[str]) -> Rows:
    documents = published.named("ledger_documents", "*", "ledger_document_id", ids)
    documents.sort(key=lambda row: (row["urn"] is None, row["urn"] or 0, row["ledger_document_id"]))
    lines = _lines_of(published, documents)
    lines.sort(key=lambda row: (row["debit_pence"] == 0, row["nominal_code"] or "", row["line_id"] or 0))
    for document in documents:
        document["lines"] = [
            row for row in lines if row["ledger_document_id"] == document["ledger_document_id"]
        ]
    return documents


def _lines_of(published: Published, documents: Rows) -> Rows:
    """The nominal lines of ledger documents, in the files of the days that they are of."""
    days = [row["document_date"] for row in documents if row["document_date"] is not None]
    if not days:
        return []
    lies_in = published.within("ledger_lines", min(days), max(days))
    return published.rows(
        f"select * from {lies_in} where document_date between ? and ? and list_contains(?, ledger_document_id)",
        [min(days), max(days), [row["ledger_document_id"] for row in documents]],
    )


def _expected_lines(published: Published, documents: Rows) -> Rows:
    """The legs of what Sage should hold, in the files of the days that its documents are of."""
    expected = [row for row in documents if row["posting_key"] and row["business_date"] is not None]
    if not expected or "expected_lines" not in published.models:
        return []  # published before there were any
    days = [row["business_date"] for row in expected]
    lies_in = published.within("expected_lines", min(days), max(days))
    rows = published.rows(
        f"select * from {lies_in} where business_date between ? and ? and list_contains(?, posting_key)",
        [min(days), max(days), [row["posting_key"] for row in expected]],
    )
    return sorted(rows, key=lambda row: (row["posting_key"], row["leg_type"], row["leg_no"]))


def _drifts(published: Published, keys: list[str]) -> Rows:
    return published.rows(
        "select * from document_drifts where list_contains(?, posting_key) order by posting_key, drift_kind",
        [keys],
    )


def _flags(published: Published, keys: list[str]) -> Rows:
    return published.rows(
        """
        select * from gate_flags
        where list_contains(?, posting_key)
        order by severity, rule_id, posting_key, gate_row_id
        """,
        [keys],
    )


def _history(published: Published, subjects: list[str], documents: Rows) -> Rows:
    """What each pass judged of its documents, in the files of the days that they are of, or were."""
    days = [
        row[name]
        for row in documents
        for name in ("business_date", "document_date", "ledger_date")
        if row[name] is not None
    ]
    if not days:
        rows = published.among("select * from verdict_history where true", "subject_id", subjects)
    else:
        around = min(days) - NEAR, max(days) + NEAR
        query = f"select * from {published.within('verdict_history', *around)} where business_date between ? and ?"
        rows = published.among(query, "subject_id", subjects, around)
        if undated := published.undated("verdict_history"):
            rows += published.among(f"select * from {undated} where true", "subject_id", subjects)
    return sorted(rows, key=lambda row: (row["pass_number"], row["subject_id"]))


def _exceptions(published: Published, subjects: list[str], event_id: str) -> Rows:
    """Of its documents, and of the receipt in itself."""
    return published.rows(
        """
        select * from exceptions
        where list_contains($subjects, subject_id) or (document_kind = 'till_receipt' and event_id = $event_id)
        order by status, severity, value_at_risk_pence desc, exception_id
        """,
        {"subjects": subjects, "event_id": event_id},
    )


def _summaries(published: Published, event_id: str) -> Rows:
    """The documents of a day's summaries that the receipt is a part of, and the pence of it that each holds."""
    return published.rows(
        """
        select tranche_key, any_value(event_id) as event_id, any_value(tranche) as tranche,
            any_value(store_id) as store_id, any_value(till_id) as till_id,
            any_value(business_date) as business_date, any_value(document_kind) as document_kind,
            any_value(tranche_state) as tranche_state, cast(sum(net_pence + tax_pence) as bigint) as held_pence
        from tranche_members where member_event_id = ?
        group by tranche_key order by any_value(tranche), tranche_key
        """,
        [event_id],
    )


def _of_summaries(published: Published, keys: list[str], told: Rows) -> Rows:
    """The verdicts on the summaries themselves, where they are not told already."""
    known = {row["document_id"] for row in told}
    rows = published.among("select * from document_verdicts where true", "document_id", keys)
    rows.sort(key=lambda row: str(row["document_id"]))
    return [row for row in rows if row["document_id"] not in known]


def _proposals(published: Published, event_id: str, keys: list[str], urns: list[int]) -> Rows:
    proposals = published.rows(
        """
        select * from posting_proposals
        where event_id = $event_id or list_contains($keys, posting_key) or list_contains($urns, target_urn)
        order by remedy, posting_key
        """,
        {"event_id": event_id, "keys": keys, "urns": urns},
    )
    legs = published.rows(
        """
        select * from posting_proposal_legs
        where list_contains(?, posting_key) order by posting_key, leg_no
        """,
        [[row["posting_key"] for row in proposals]],
    )
    for proposal in proposals:
        proposal["legs"] = [row for row in legs if row["posting_key"] == proposal["posting_key"]]
    return proposals


def _postings(published: Published, event_id: str, keys: list[str], urns: list[int]) -> Rows:
    return published.rows(
        """
        select * from postings
        where event_id = $event_id or list_contains($keys, posting_key) or list_contains($urns, target_urn)
            or list_contains($urns, urn)
        order by publication_number, posting_key
        """,
        {"event_id": event_id, "keys": keys, "urns": urns},
    )
