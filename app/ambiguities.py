"""What a person must decide: ambiguous documents of the tills, each beside the Sage documents it may be."""

from __future__ import annotations

from app.published import Published, Row, Rows


def ambiguous(published: Published, company_id: str) -> Rows:
    """Every expected document that is ambiguous, or a copy at the till for a person to confirm.

    With its `candidates` and its `rivals` for them as lists.
    """
    documents = published.rows(
        """
        select
            verdicts.posting_key, verdicts.company_id, verdicts.store_id, verdicts.till_id,
            verdicts.business_date, verdicts.document_date, receipts.sold_at_local, verdicts.receipt_no,
            verdicts.document_kind, verdicts.ordinal, verdicts.tender_type,
            verdicts.expected_gross_pence as gross_pence, verdicts.expected_net_pence as net_pence,
            verdicts.expected_tax_pence as tax_pence, verdicts.candidates, verdicts.reason
        from document_verdicts as verdicts
        left join receipts on verdicts.event_id = receipts.event_id
        where verdicts.verdict in ('ambiguous', 'duplicate_in_pos')
            and verdicts.posting_key is not null and verdicts.company_id = ?
        order by
            verdicts.store_id, verdicts.document_date, verdicts.document_kind, verdicts.expected_gross_pence,
            verdicts.candidates, receipts.sold_at_local, verdicts.posting_key
        """,
        [company_id],
    )
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
    return published.rows(
        """
        select
            ledger_document_id, urn, document_kind, document_date, reference, second_reference,
            customer_reference, bank_code, gross_pence, net_pence, tax_pence, user_name, is_allocated,
            is_bank_reconciled
        from ledger_documents
        where list_contains(?, ledger_document_id)
        order by urn
        """,
        [names],
    )
