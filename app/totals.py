"""Totals and lists of one publication: what is checked, what blocks, whose it is. Money is whole pence.

Totals come from one row per store-day or cause; a list of receipts stays inside one store-day or one cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from app.published import Published, Row, Rows


def checked(published: Published) -> Row:
    """One row over every store-day: receipts, sales and takings on both sides, and value by how it was
    judged.

    A document's value is the larger of what the till says and what Sage holds, so agrees + explained + open +
    not checked is everything judged; a sale and the money taken for it are two documents.
    """
    return published.row(
        """
        select
            count(*) as store_days,
            cast(coalesce(sum(money_receipts), 0) as bigint) as money_receipts,
            cast(coalesce(sum(nothing_to_post_receipts), 0) as bigint) as nothing_to_post_receipts,
            cast(coalesce(sum(till_sales_pence), 0) as bigint) as till_sales_pence,
            cast(coalesce(sum(sage_sales_pence), 0) as bigint) as sage_sales_pence,
            cast(coalesce(sum(till_takings_pence), 0) as bigint) as till_takings_pence,
            cast(coalesce(sum(sage_takings_pence), 0) as bigint) as sage_takings_pence,
            cast(coalesce(sum(matched_pence), 0) as bigint) as matched_pence,
            cast(coalesce(sum(explained_pence), 0) as bigint) as explained_pence,
            cast(coalesce(sum(open_pence), 0) as bigint) as open_pence,
            cast(coalesce(sum(not_checked_pence), 0) as bigint) as not_checked_pence,
            cast(coalesce(sum(residual_pence), 0) as bigint) as residual_pence
        from store_days
        """
    )


def receipts_by_money(published: Published) -> Rows:
    """Receipts and their signed value, money apart from nothing to post (with its reason)."""
    return published.rows(
        """
        select is_money, nothing_to_post_reason as reason, count(*) as receipts,
            cast(sum(gross_pence) as bigint) as value_pence
        from receipts
        group by is_money, nothing_to_post_reason
        order by is_money desc, receipts desc, reason
        """
    )


def verdicts(published: Published) -> Rows:
    """Documents and value by verdict, `nothing_to_post` apart by is_money; value as in `checked`."""
    return published.rows(
        """
        select verdict, is_money, is_open, count(*) as documents,
            cast(sum(greatest(abs(expected_gross_pence), abs(coalesce(ledger_gross_pence, 0)))) as bigint)
            as value_pence
        from document_verdicts
        group by verdict, is_money, is_open
        order by is_money desc, documents desc, verdict
        """
    )


def periods(published: Published) -> Rows:
    """Can I close? One row per company and month, the newest first."""
    return published.rows("select * from company_periods order by company_id, period desc")


def blockers(published: Published) -> Rows:
    """What stands in the way of each company and month, worst first, by class of exception."""
    return published.rows(
        """
        select company_id, cast(date_trunc('month', business_date) as date) as period, exception_class, owner,
            count(*) as open_exceptions, cast(sum(value_at_risk_pence) as bigint) as value_at_risk_pence
        from exceptions
        where blocks_close
        group by company_id, date_trunc('month', business_date), exception_class, owner
        order by company_id, period desc, value_at_risk_pence desc, open_exceptions desc, exception_class,
        owner
        """
    )


def undated_exceptions(published: Published) -> Rows:
    """Open exceptions that belong to no month: files that could not be read, whole or in part."""
    return published.rows(
        """
        select exception_id, exception_class, owner, store_id, cause_detail, suggested_remedy, first_seen_at
        from exceptions
        where status = 'open' and business_date is null
        order by first_seen_at, cause_detail, exception_id
        """
    )


def changed(published: Published, since: datetime) -> Rows:
    """Exceptions that came or were cleared after a moment (UTC without a zone), by class and owner, most value first.

    One that came and was cleared since is counted as both.
    """
    return published.rows(
        """
        with told as (
            select *, first_seen_at > $since as has_come,
                status = 'resolved' and resolved_at > $since as is_cleared
            from exceptions
            where first_seen_at > $since or resolved_at > $since
        )
        select exception_class, owner,
            count(*) filter (has_come) as came, count(*) filter (is_cleared) as cleared,
            cast(coalesce(sum(value_at_risk_pence) filter (has_come), 0) as bigint) as came_pence,
            cast(coalesce(sum(value_at_risk_pence) filter (is_cleared), 0) as bigint) as cleared_pence
        from told
        where has_come or is_cleared
        group by exception_class, owner
        order by greatest(came_pence, cleared_pence) desc, exception_class, owner
        """,
        {"since": since},
    )


def judged_since(published: Published, since: datetime) -> Row:
    """Documents whose verdict is new or another since a moment, how many of them now have nothing open, and whether
    anything was judged before it."""
    found = published.row(
        """
        select count(distinct subject_id) as documents,
            count(distinct subject_id) filter (not is_open) as settled
        from verdict_history where subject_kind = 'document' and as_of > ?
        """,
        [since],
    )
    before = published.rows("select 1 from verdict_history where as_of <= ? limit 1", [since])
    return {**found, "has_before": bool(before)}


def debt_by_owner(published: Published) -> Rows:
    """Open exceptions, value at risk and reconciliation debt (pence times days open) of each owner, most debt
    first; when all of it clears at the pace of late, null where that cannot be said of any part of it."""
    return published.rows(
        """
        select owner, cast(sum(open_exceptions) as bigint) as open_exceptions,
            cast(sum(value_at_risk_pence) as bigint) as value_at_risk_pence,
            cast(sum(debt_pence_days) as bigint) as debt_pence_days,
            min(oldest_first_seen_at) as oldest_first_seen_at,
            case when count(forecast_clear_date) = count(*) then max(forecast_clear_date) end
                as forecast_clear_date
        from debt
        group by owner
        order by debt_pence_days desc, value_at_risk_pence desc, owner
        """
    )


def worst_causes(
    published: Published, period: date | None = None, company: str | None = None, limit: int = 8
) -> Rows:
    """Open exceptions grouped by class and owner, worst value first, each naming the receipt (or
    exception) worst hit.

    `details` are the three heaviest causes inside the class, [{"detail", "exceptions"}], of `causes` in all.
    `period` is a month's first day; without it every month and the exceptions of no month are taken.
    """
    return published.rows(
        """
        with found as (
            select *, row_number() over (
                partition by company_id, owner, exception_class order by value_at_risk_pence desc,
                exception_id
            ) as place
            from exceptions
            where status = 'open'
                and ($period is null or date_trunc('month', business_date) = $period)
                and ($company is null or company_id = $company)
        ),
        classes as (
            select company_id, owner, exception_class,
                min(severity) as severity, count(*) as open_exceptions,
                cast(sum(value_at_risk_pence) as bigint) as value_at_risk_pence,
                cast(sum(abs(vat_effect_pence)) as bigint) as vat_at_risk_pence,
                cast(max(days_open) as bigint) as days_open,
                max(suggested_remedy) filter (place = 1) as suggested_remedy,
                max(exception_id) filter (place = 1) as worst_exception_id,
                max(event_id) filter (place = 1) as worst_event_id,
                max(receipt_no) filter (place = 1) as worst_receipt_no,
                max(store_id) filter (place = 1) as worst_store_id
            from found
            group by company_id, owner, exception_class
        ),
        causes as (
            select company_id, owner, exception_class, cause_detail, count(*) as exceptions,
                sum(value_at_risk_pence) as value_at_risk_pence
            from found
            group by company_id, owner, exception_class, cause_detail
        ),
        listed as (
            select company_id, owner, exception_class, count(*) as causes,
                list(
                    {'detail': cause_detail, 'exceptions': exceptions}
                    order by value_at_risk_pence desc, exceptions desc, cause_detail
                )[1:3] as details
            from causes
            group by company_id, owner, exception_class
        )
        select classes.*, listed.causes, listed.details
        from classes
        inner join listed
            on classes.company_id = listed.company_id and classes.owner = listed.owner
            and classes.exception_class is not distinct from listed.exception_class
        order by classes.value_at_risk_pence desc, classes.open_exceptions desc, classes.exception_class,
        classes.owner limit $limit
        """,
        {"period": period, "company": company, "limit": limit},
    )


def store_days(
    published: Published, company: str, period: date, most_stores: int = 30, asked_store: str = ""
) -> Rows:
    """Every store-day of a company and month, for the stores with most open value where there are many
    stores; the one that is asked for is always among them."""
    return published.rows(
        """
        with days as (
            select * from store_days where company_id = $company and period = $period
        ),
        stores as (
            select store_id from days group by store_id
            order by store_id = $asked desc, sum(open_pence) desc, sum(not_checked_pence) desc, store_id
            limit $most
        )
        select days.* from days inner join stores using (store_id)
        order by store_id, business_date
        """,
        {"company": company, "period": period, "most": most_stores, "asked": asked_store},
    )


def stores_in(published: Published, company: str, period: date) -> int:
    """How many stores have a store-day in a company's month."""
    found = published.row(
        "select count(distinct store_id) as stores from store_days where company_id = ? and period = ?",
        [company, period],
    )
    return int(found["stores"])


def exceptions(
    published: Published,
    *,
    status: str | None = "open",
    owner: str | None = None,
    store: str | None = None,
    company: str | None = None,
    business_date: date | None = None,
    limit: int = 50,
) -> Rows:
    """Exceptions, worst first: open severities before milder ones, more value before less."""
    where, values = _conditions(status, owner, store, company, business_date)
    return published.rows(
        f"select * from exceptions {where} order by {_WORST_FIRST} limit ?",
        [*values, limit],
    )


def exceptions_counted(
    published: Published,
    *,
    status: str | None = "open",
    owner: str | None = None,
    store: str | None = None,
    company: str | None = None,
    business_date: date | None = None,
) -> Row:
    """How many exceptions there are of which `exceptions` lists the first, and their value at risk."""
    where, values = _conditions(status, owner, store, company, business_date)
    return published.row(
        f"""
        select count(*) as exceptions,
            cast(coalesce(sum(value_at_risk_pence), 0) as bigint) as value_at_risk_pence
        from exceptions {where}
        """,
        values,
    )


def stores_judged(published: Published) -> list[str]:
    """Every store with a store-day or an exception, by its id."""
    rows = published.rows(
        """select store_id from store_days union select store_id from exceptions where store_id is not null
           order by store_id"""
    )
    return [row["store_id"] for row in rows]


def stores_with_two_writers(published: Published) -> Rows:
    """Stores that nothing is posted for until what two writers posted is settled, and since when."""
    return published.rows(
        """
        select company_id, store_id, count(*) as open_exceptions, min(first_seen_at) as first_seen_at
        from exceptions
        where exception_class = 'posted_by_two_writers' and status = 'open'
        group by company_id, store_id
        order by company_id, store_id
        """
    )


_WORST_FIRST = "severity, value_at_risk_pence desc, business_date, store_id, receipt_no, exception_id"


def _conditions(
    status: str | None, owner: str | None, store: str | None, company: str | None, business_date: date | None
) -> tuple[str, Sequence[object]]:
    given = {
        "status": status,
        "owner": owner,
        "store_id": store,
        "company_id": company,
        "business_date": business_date,
    }
    asked = {column: value for column, value in given.items() if value is not None}
    where = "where " + " and ".join(f"{column} = ?" for column in asked) if asked else ""
    return where, list(asked.values())


def posting_truths(published: Published) -> Row:
    """How far the postings came, by the five truths, and what stands in the way of the rest."""
    return published.row(
        """
        select
            count(*) as decided,
            count(*) filter (truth_sent) as sent,
            count(*) filter (truth_acknowledged) as acknowledged,
            count(*) filter (truth_present) as present,
            count(*) filter (truth_in_nominal) as in_nominal,
            count(*) filter (truth_right) as right,
            count(*) filter (state = 'refused') as refused,
            count(*) filter (state = 'unknown') as unknown,
            count(*) filter (state = 'held') as held
        from postings
        """
    )


def proposals(published: Published) -> Rows:
    """What is proposed, by remedy and whether it may be posted, with the first words of why not."""
    return published.rows(
        """
        select remedy, may_post, coalesce(hold_reason, '') as hold_reason, count(*) as documents,
            cast(sum(gross_pence) as bigint) as value_pence
        from posting_proposals
        group by remedy, may_post, hold_reason
        order by may_post desc, documents desc, remedy, hold_reason
        """
    )


def passes(published: Published) -> Rows:
    """How long each stage of each pass took, where clocks were published; nothing otherwise."""
    if "health_passes" not in published.models:
        return []
    return published.rows(
        "select distinct pass_number, stage, milliseconds, published_at from health_passes "
        "order by pass_number, published_at, stage"
    )


def fixes(published: Published, limit: int = 20) -> Rows:
    """What stops missing documents, the mending that frees most value first."""
    return published.rows("select * from fix_set order by company_id, fix_rank limit ?", [limit])


def closed_ahead(published: Published) -> Rows:
    """Combinations that Sage would refuse as it is now, those that are sold most first."""
    return published.rows(
        "select * from look_ahead where status <> 'open' "
        "order by lately_pence desc, company_id, cell, store_id, tried_key"
    )


def period_bridge(published: Published, company_id: str, first: date, last: date) -> Rows:
    """From the tills to Sage by each accounting period that has a day in a range of days: its lines, sales first.

    Sage's periods need not be months: a 4-4-5 year has one that began before the first and lasts into it.
    """
    if "period_bridge" not in published.models:
        return []  # published before there was any
    return published.rows(
        """
        select * from period_bridge
        where company_id = $company and period_start_date <= $last
            and period_start_date >= coalesce(
                (
                    select max(period_start_date) from period_bridge
                    where company_id = $company and period_start_date <= $first
                ), $first)
        order by period_start_date, measure, line_order, line_kind, other_period_start_date
        """,
        {"company": company_id, "first": first, "last": last},
    )


def vat_returns(published: Published, company_id: str, first: date, last: date) -> Rows:
    """The VAT periods that a range of days touches, with what corrected each since it was filed and what is open."""
    if "vat_returns" not in published.models:
        return []  # published before there were any
    return published.rows(
        """
        select * from vat_returns
        where company_id = $company and period_start_date <= $last and period_end_date >= $first
        order by period_start_date
        """,
        {"company": company_id, "first": first, "last": last},
    )


def stood_at(published: Published, company_id: str, account_kind: str, account: str, before: date) -> Row:
    """Documents on a till customer or clearing bank dated before a day, and what they come to."""
    return published.row(
        """
        select cast(coalesce(sum(document_count), 0) as bigint) as documents,
            cast(coalesce(sum(balance_pence), 0) as bigint) as balance_pence
        from till_customer_balances
        where company_id = $company and account_kind = $kind and customer_reference = $account
            and document_date < $before
        """,
        {"company": company_id, "kind": account_kind, "account": account, "before": before},
    )


def clearing_banks(published: Published, company_id: str) -> list[tuple[str, str | None]]:
    """Each clearing bank with the store it is of; no store where several share it."""
    found = published.rows(
        """
        select distinct customer_reference, store_id from till_customer_balances
        where company_id = $company and account_kind = 'clearing_bank' order by 1, 2
        """,
        {"company": company_id},
    )
    return [(row["customer_reference"], row["store_id"]) for row in found]
