"""What a person must decide: ambiguous documents of the tills, each beside the Sage documents it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.published import Published, Row, Rows


def ambiguous(published: Published, company_id: str) -> Rows:
    """Every expected document that is ambiguous, or a copy at the till for a person to confirm.

    With its `candidates` and its `rivals` for them as lists.
    """
    documents = published.among(
        """
        select
            posting_key, company_id, store_id, till_id, event_id, business_date, document_date, receipt_no,
            document_kind, ordinal, tender_type, expected_gross_pence as gross_pence,
            expected_net_pence as net_pence, expected_tax_pence as tax_pence, candidates, verdict, reason
        from document_verdicts
        where posting_key is not null and company_id = ?
        """,
        "verdict",
        ["ambiguous", "duplicate_in_pos"],
        [company_id],
    )
    _put_in_order_of_sale(published, documents)
    documents.sort(key=is_a_copy)  # what somebody must decide before what nobody need
    named = {name for document in documents for name in document["candidates"].split(",")}
    found = {row["ledger_document_id"]: row for row in _ledger_documents(published, sorted(named))}
    for document in documents:
        document["rivals"] = [
            other["posting_key"]
            for other in documents
            if other is not document and other["candidates"] == document["candidates"]
        ]
    for document in documents:
        document["candidates"] = [found[name] for name in document["candidates"].split(",")]
    return documents


def is_a_copy(document: Mapping[str, Any]) -> bool:
    """Whether it is taken for a copy of a sale that Sage has: there is nothing to do unless it was another sale."""
    return bool(document["verdict"] == "duplicate_in_pos")


def _put_in_order_of_sale(published: Published, documents: Rows) -> None:
    """Give each document its `sold_at_local`, and put those that are alike in the order in which they were sold."""
    events = [document["event_id"] for document in documents if document["event_id"]]
    rows = published.among("select event_id, sold_at_local from receipts where true", "event_id", events)
    sold = {row["event_id"]: row["sold_at_local"] for row in rows}
    for document in documents:
        document["sold_at_local"] = sold.get(document.pop("event_id"))
    alike = (
        "store_id",
        "document_date",
        "document_kind",
        "gross_pence",
        "candidates",
        "sold_at_local",
        "posting_key",
    )
    documents.sort(key=lambda document: [(document[name] is None, document[name]) for name in alike])


def verdict_of(published: Published, company_id: str, posting_key: str) -> str | None:
    """The verdict on an expected document; None where the publication has no such document."""
    rows = published.rows(
        "select verdict from document_verdicts where company_id = ? and posting_key = ?",
        [company_id, posting_key],
    )
    return rows[0]["verdict"] if rows else None


def decisions(published: Published, company_id: str) -> Rows:
    """What people had decided when it was published, and whether each held; nothing where none was published."""
    if "match_decisions" not in published.models:  # a publication of before there were any
        return []
    return published.rows(
        "select * from match_decisions where company_id = ? order by posting_key", [company_id]
    )


def _ledger_documents(published: Published, names: list[str]) -> list[Row]:
    return published.among(
        """
        select
            ledger_document_id, urn, document_kind, document_date, reference, second_reference,
            customer_reference, bank_code, gross_pence, net_pence, tax_pence, user_name, is_allocated,
            is_bank_reconciled
        from ledger_documents
        where true
        """,
        "ledger_document_id",
        names,
    )
