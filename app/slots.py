"""One store-day, step by step: its bridge, its tills, the receipts of a till, the lines of a receipt.

Every list stays inside one store-day, so it costs the same however many receipts are published. Money is pence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from app.published import Published, Row, Rows

TOTALS = ("tills", "sage")
"""The lines of a bridge that are no differences."""
NO_TILL = ""
"""Stands for what Sage holds of the store-day without a receipt behind it."""


@dataclass(frozen=True)
class Slot:
    """A company's store and business date."""

    company_id: str
    store_id: str
    business_date: date

    @property
    def values(self) -> list[object]:
        """In the order of WHERE."""
        return [self.company_id, self.store_id, self.business_date]


WHERE = "company_id = ? and store_id = ? and business_date = ?"


def day_of(published: Published, slot: Slot) -> Row | None:
    """The slot's one row of store_days."""
    rows = published.rows(f"select * from store_days where {WHERE}", slot.values)
    return rows[0] if rows else None


def bridge(published: Published, slot: Slot, measure: str) -> Rows:
    """From tills to Sage, line by line in order; `starts_pence` and `ends_pence` are where each bar lies.

    Tills and Sage stand on nought, a difference on what the lines above it come to. The residual is a line too.
    """
    rows = published.rows(
        f"""
        select line_order, line_kind, amount_pence, document_count from bridge_lines
        where {WHERE} and measure = ? order by line_order, line_kind
        """,
        [*slot.values, measure],
    )
    height = 0
    for row in rows:
        is_total = row["line_kind"] in TOTALS
        row["starts_pence"] = 0 if is_total else height
        height = row["amount_pence"] if is_total else height + row["amount_pence"]
        row["ends_pence"] = height
    return rows


def tills(published: Published, slot: Slot) -> Rows:
    """Each till with its receipts and what is open of them; NO_TILL where Sage holds what no receipt explains."""
    found = published.rows(
        f"""
        with sold as (
            select till_id, count(*) filter (is_money) as receipts,
                cast(coalesce(sum(gross_pence) filter (is_money), 0) as bigint) as gross_pence
            from {published.within("receipts", slot.business_date)} where {WHERE} group by till_id
        ),
        judged as (
            select case when event_id is null then '{NO_TILL}' else till_id end as till_id,
                count(*) filter (is_open) as open_documents,
                count(*) as documents,
                cast(coalesce(sum(greatest(abs(expected_gross_pence), abs(coalesce(ledger_gross_pence, 0))))
                    filter (is_open), 0) as bigint) as open_pence
            from {published.within("document_verdicts", slot.business_date)} where {WHERE} group by 1
        )
        select coalesce(sold.till_id, judged.till_id) as till_id, coalesce(sold.receipts, 0) as receipts,
            coalesce(sold.gross_pence, 0) as gross_pence, coalesce(judged.documents, 0) as documents,
            coalesce(judged.open_documents, 0) as open_documents, coalesce(judged.open_pence, 0) as open_pence
        from sold full join judged using (till_id)
        order by open_pence desc, till_id
        """,
        [*slot.values, *slot.values],
    )
    closures = _closures(published, slot)
    return [{**row, "closure_verdict": closures.get(row["till_id"])} for row in found]


def _closures(published: Published, slot: Slot) -> dict[str, Any]:
    """Till -> the verdict on its closure; nothing where no closure is published."""
    if "till_closures" not in published.models:
        return {}
    rows = published.rows(f"select till_id, closure_verdict from till_closures where {WHERE}", slot.values)
    return {row["till_id"]: row["closure_verdict"] for row in rows}


def receipts(published: Published, slot: Slot, till_id: str, limit: int, offset: int = 0) -> Rows:
    """Receipts of a till, the most open value first, then by time; of NO_TILL the documents of Sage."""
    if till_id == NO_TILL:
        return published.rows(
            f"""
            select ledger_document_id as subject, 'URN ' || ledger_urn as receipt_no, verdict,
                ledger_gross_pence * direction as gross_pence, is_open, cast(null as timestamp) as sold_at_local,
                case when is_open then abs(coalesce(ledger_gross_pence, 0)) else 0 end as open_pence
            from {published.within("document_verdicts", slot.business_date)} where {WHERE} and event_id is null
            order by is_open desc, open_pence desc, ledger_urn limit ? offset ?
            """,
            [*slot.values, limit, offset],
        )
    return published.rows(
        f"""
        with judged as (
            select event_id,
                sum(greatest(abs(expected_gross_pence), abs(coalesce(ledger_gross_pence, 0))))
                    filter (is_open) as open_pence,
                bool_or(is_open) as is_open
            from {published.within("document_verdicts", slot.business_date)}
            where {WHERE} and event_id is not null group by event_id
        )
        select receipts.event_id as subject, receipts.receipt_no, receipts.verdict, receipts.gross_pence,
            receipts.sold_at_local, coalesce(judged.is_open, false) as is_open,
            cast(coalesce(judged.open_pence, 0) as bigint) as open_pence
        from {published.within("receipts", slot.business_date)} as receipts left join judged using (event_id)
        where {WHERE} and receipts.till_id = ?
        union all
        -- what its closures were over or short, where that is posted
        select event_id, receipt_no, verdict, direction * expected_gross_pence, cast(null as timestamp), is_open,
            case when is_open then greatest(expected_gross_pence, coalesce(ledger_gross_pence, 0)) else 0 end
        from {published.within("document_verdicts", slot.business_date)}
        where {WHERE} and posting_key is not null and starts_with(event_id, 'closure:') and till_id = ?
        order by is_open desc, open_pence desc, sold_at_local, receipt_no, subject limit ? offset ?
        """,
        [*slot.values, *slot.values, till_id, *slot.values, till_id, limit, offset],
    )


def lines(published: Published, slot: Slot, event_id: str) -> Rows:
    """The lines of one receipt, as printed."""
    return published.rows(
        f"""
        select * from {published.within("receipt_lines", slot.business_date)}
        where {WHERE} and event_id = ? order by line_no
        """,
        [*slot.values, event_id],
    )


def documents(published: Published, slot: Slot, subject: str) -> Rows:
    """The verdicts on one receipt's documents, or on one document of Sage."""
    return published.rows(
        f"""
        select * from {published.within("document_verdicts", slot.business_date)}
        where {WHERE} and (event_id = ? or ledger_document_id = ?)
        order by posting_key is null, is_sales desc, ordinal, document_id
        """,
        [*slot.values, subject, subject],
    )
