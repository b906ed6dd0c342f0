"""The figures behind a sign-off: one row of whole numbers for each store and day of a range. Money is whole pence.

Only what says how a day came out is a figure here. Ages, debt in £-days and clocks are not: they move by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from app.published import Published, Rows
from orchestration.operations import CloseFigures

FIGURES: dict[str, str] = {
    "money_receipts": "Money receipts",
    "nothing_to_post_receipts": "Receipts with nothing to post",
    "till_sales_pence": "Sales by the tills",
    "sage_sales_pence": "Sales in Sage",
    "till_vat_pence": "VAT by the tills",
    "sage_vat_pence": "VAT in Sage",
    "till_takings_pence": "Takings by the tills",
    "sage_takings_pence": "Takings in Sage",
    "matched_pence": "Agrees",
    "explained_pence": "Explained",
    "open_pence": "Open",
    "not_checked_pence": "Not checked",
    "residual_pence": "Left over in the bridge",
    "blocking_exceptions": "Exceptions that block the close",
    "value_at_risk_pence": "Value at risk",
    "till_customer_balance_pence": "Balance of the till customer",
    "closures": "Till closures",
    "closures_not_tied": "Till closures that do not tie",
    "cash_over_short_pence": "Cash over or short",
    "postings_not_proven": "Postings not proven",
}
"""Each figure and what it is called, in the order in which they are kept."""

UNKNOWN_STORE = "unknown"

SETTLED = "('proven', 'reversed', 'cancelled')"


def _dated(states: str, of_receipts: str = "", of_documents: str = "") -> str:
    """Postings with their day: their document's, else their receipt's; of a contra of another's document, that
    document's."""
    chosen = f"(select * from postings where company_id = $company and state {states} {SETTLED})"
    return f"""
        select
            postings.*,
            coalesce(expected.business_date, sold.business_date, undone.document_date) as business_date,
            coalesce(expected.gross_pence, undone.gross_pence) as gross_pence,
            coalesce(expected.receipt_no, sold.receipt_no) as receipt_no
        from {chosen} as postings
        left join (
            select posting_key, max(business_date) as business_date, max(receipt_no) as receipt_no,
                max(expected_gross_pence) as gross_pence
            from document_verdicts
            where company_id = $company {of_receipts} and posting_key in (select posting_key from {chosen})
            group by posting_key
        ) as expected using (posting_key)
        left join (
            select event_id, max(business_date) as business_date, max(receipt_no) as receipt_no
            from document_verdicts
            where company_id = $company {of_receipts} and event_id in (select event_id from {chosen})
            group by event_id
        ) as sold using (event_id)
        left join (
            select urn, max(document_date) as document_date, max(gross_pence) as gross_pence
            from ledger_documents
            where company_id = $company {of_documents} and urn in (select target_urn from {chosen})
            group by urn
        ) as undone on undone.urn = postings.target_urn
    """


UNSETTLED_POSTINGS = _dated("not in")
"""Every posting that is not yet proven or undone, whenever it is of; there are few."""

_SETTLED_THERE = _dated(
    "in",
    "and business_date between $first and $last",
    "and document_date between $first and $last",
)
POSTINGS = f"{UNSETTLED_POSTINGS} union all select * from ({_SETTLED_THERE}) where business_date is not null"
"""Those, and what is settled and of a day from $first to $last: looked for in that month's files alone."""


def postings_by_day(published: Published, company_id: str, first: date, last: date) -> Rows:
    """How many postings there are of each store and day, and how many of them are not settled: of the days from `first`
    to `last`, and the unsettled whenever they are of (None: of no known day). However many ask, a month asks once.
    """
    return published.rows(
        f"""
        select store_id, cast(business_date as date) as day, count(*) as postings,
            count(*) filter (state not in {SETTLED}) as not_settled
        from ({POSTINGS}) as dated group by all order by all
        """,
        {"company": company_id, "first": first, "last": last},
    )


@dataclass(frozen=True)
class Scope:
    """What is closed: a range of business dates of a company, of one store or (None) of all."""

    company_id: str
    date_from: date
    date_to: date
    store_id: str | None = None

    @property
    def parameters(self) -> dict[str, object]:
        return {
            "company": self.company_id,
            "first": self.date_from,
            "last": self.date_to,
            "store": self.store_id,
        }

    @property
    def is_period(self) -> bool:
        return self.store_id is None


@dataclass(frozen=True)
class Moved:
    """One figure of one store-day that is not what was signed; None where the store-day is not there."""

    store_id: str
    day: str
    figure: str
    signed: int | None
    now: int | None

    @property
    def is_money(self) -> bool:
        return self.figure.endswith("_pence")


def figures(published: Published, scope: Scope) -> CloseFigures:
    """The figures of every store-day of a scope, as this publication has them."""
    columns = tuple(FIGURES)
    rows = store_days(published, scope)
    return CloseFigures(
        columns,
        {
            (row["store_id"], row["business_date"].isoformat()): tuple(row[name] for name in columns)
            for row in rows
        },
    )


def store_days(published: Published, scope: Scope) -> Rows:
    """One row per store and day of a scope that anything is known of, with every figure of FIGURES."""
    within = (
        "company_id = $company and {day} between $first and $last and ($store is null or store_id = $store)"
    )
    mine, by_document = within.format(day="business_date"), within.format(day="document_date")
    sums = ", ".join(
        f"cast(coalesce(sum({name}), 0) as bigint) as {name}" for name in FIGURES
    )  # union by name: what a part does not know is null
    return published.rows(
        f"""
        with parts as (
            select store_id, business_date, money_receipts, nothing_to_post_receipts, till_sales_pence,
                sage_sales_pence, till_takings_pence, sage_takings_pence, matched_pence, explained_pence,
                open_pence, not_checked_pence, residual_pence
            from store_days where {mine}
            union all by name
            select store_id, business_date,
                sum(direction * expected_tax_pence) as till_vat_pence,
                sum(direction * coalesce(ledger_tax_pence, 0)) as sage_vat_pence
            from document_verdicts where is_sales and {mine} group by all
            union all by name
            select store_id, business_date, count(*) as blocking_exceptions,
                sum(value_at_risk_pence) as value_at_risk_pence
            from exceptions where blocks_close and {mine} group by all
            union all by name
            select store_id, document_date as business_date, sum(balance_pence) as till_customer_balance_pence
            from till_customer_balances where {by_document} group by all
            union all by name
            select store_id, business_date, sum(closure_count) as closures,
                count(*) filter (closure_verdict <> 'agrees') as closures_not_tied,
                sum(cash_over_short_pence) as cash_over_short_pence
            from till_closures where {mine} group by all
            union all by name
            select store_id, business_date, count(*) as postings_not_proven
            from ({UNSETTLED_POSTINGS}) as dated where {mine} group by all
        )
        select coalesce(store_id, '{UNKNOWN_STORE}') as store_id, business_date, {sums}
        from parts group by all order by all
        """,
        scope.parameters,
    )


def differences(signed: CloseFigures, now: CloseFigures) -> list[Moved]:
    """Every figure that is not what was signed, by store and day. Figures that only one of them knows are not
    compared."""
    return list(_differences(signed, now))


def _differences(signed: CloseFigures, now: CloseFigures) -> Iterator[Moved]:
    both = [name for name in signed.columns if name in now.columns]
    for slot in sorted({*signed.slots, *now.slots}):
        was = dict(zip(signed.columns, signed.slots.get(slot, ()), strict=False))
        is_now = dict(zip(now.columns, now.slots.get(slot, ()), strict=False))
        for name in both:
            # a store-day that one side lacks differs in what the other has of it, not in its noughts
            if (was.get(name) or 0) != (is_now.get(name) or 0):
                yield Moved(*slot, name, was.get(name), is_now.get(name))


def of_store_day(whole: CloseFigures, store_id: str, day: date) -> CloseFigures:
    """The part of a period's figures that one store-day has."""
    slot = (store_id, day.isoformat())
    return CloseFigures(whole.columns, {slot: whole.slots[slot]} if slot in whole.slots else {})


def totals(whole: CloseFigures) -> dict[str, int]:
    """Each figure over all store-days."""
    return {name: sum(row[place] for row in whole.slots.values()) for place, name in enumerate(whole.columns)}
