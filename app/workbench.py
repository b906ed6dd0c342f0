"""What the exceptions page lists: lanes, causes and cases by what was asked, fixes and what they free, age and debt.

Money is whole pence. What people said of a case is not published: its ids come in from the operations store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.published import Published, Row, Rows

ORDERS = {
    "value": "value_at_risk_pence desc, severity, exception_id",
    "oldest": "first_seen_at, value_at_risk_pence desc, exception_id",
    "due": "due_at, value_at_risk_pence desc, exception_id",
    "severity": "severity, value_at_risk_pence desc, exception_id",
    "store": "store_id, business_date, receipt_no, exception_id",
}
AGES = (("today", 0), ("1 to 7 days", 7), ("8 to 30 days", 30), ("31 to 90 days", 90))
OLDEST = "over 90 days"


@dataclass(frozen=True)
class Asked:
    """Which exceptions are wanted. `among` (where given) and `but` are exception ids that people's words chose."""

    company_id: str
    owner: str | None = None
    exception_class: str | None = None
    store_id: str | None = None
    business_date: date | None = None
    text: str = ""
    status: str = "open"
    among: tuple[str, ...] | None = None
    but: tuple[str, ...] = ()


def _where(asked: Asked) -> tuple[str, list[object]]:
    parts = ["company_id = ?", "status = ?"]
    values: list[object] = [asked.company_id, asked.status]
    given: list[tuple[str, object]] = [
        ("owner = ?", asked.owner),
        ("exception_class = ?", asked.exception_class),
        ("store_id = ?", asked.store_id),
        ("business_date = ?", asked.business_date),
        ("list_contains(?, exception_id)", None if asked.among is None else list(asked.among)),
        ("not list_contains(?, exception_id)", list(asked.but) or None),
    ]
    for part, value in given:
        if value is not None:
            parts.append(part)
            values.append(value)
    if asked.text.strip():
        parts.append(
            "contains(lower(concat_ws(' ', exception_id, receipt_no, event_id, store_id, till_id, cause_detail, "
            "sync_message, ledger_urn)), lower(?))"
        )
        values.append(asked.text.strip())
    return "where " + " and ".join(parts), values


def lanes(published: Published, company_id: str) -> Rows:
    """Open exceptions of each owner, with value at risk and debt; every owner who has any."""
    return published.rows(
        """
        select owner, count(*) as exceptions,
            cast(coalesce(sum(value_at_risk_pence), 0) as bigint) as value_at_risk_pence,
            cast(coalesce(sum(debt_pence_days), 0) as bigint) as debt_pence_days,
            count(*) filter (due_at <= ?) as overdue
        from exceptions where company_id = ? and status = 'open' group by owner order by owner
        """,
        [published.as_of, company_id],
    )


def stores(published: Published, company_id: str) -> list[str]:
    """Stores with an open exception."""
    found = published.rows(
        "select distinct store_id from exceptions where company_id = ? and status = 'open' "
        "and store_id is not null order by store_id",
        [company_id],
    )
    return [row["store_id"] for row in found]


def causes(published: Published, asked: Asked) -> Rows:
    """Exceptions grouped by class and owner, most value first."""
    where, values = _where(asked)
    return published.rows(
        f"""
        select exception_class, owner, count(*) as exceptions, min(severity) as severity,
            cast(sum(value_at_risk_pence) as bigint) as value_at_risk_pence,
            cast(sum(abs(vat_effect_pence)) as bigint) as vat_at_risk_pence,
            cast(sum(debt_pence_days) as bigint) as debt_pence_days,
            cast(max(days_open) as bigint) as days_open, min(due_at) as due_at,
            count(distinct store_id) as stores
        from exceptions {where}
        group by exception_class, owner
        order by value_at_risk_pence desc, exceptions desc, exception_class, owner
        """,
        values,
    )


def cases(published: Published, asked: Asked, order: str = "value", limit: int = 20, offset: int = 0) -> Rows:
    """One page of exceptions in one of ORDERS."""
    where, values = _where(asked)
    return published.rows(
        f"select * from exceptions {where} order by {ORDERS[order]} limit ? offset ?",
        [*values, limit, offset],
    )


def case_ids(published: Published, asked: Asked, limit: int) -> tuple[list[str], int]:
    """The ids of all that was asked for, at most `limit` of them, and their value at risk."""
    where, values = _where(asked)
    found = published.rows(
        f"select exception_id, value_at_risk_pence from exceptions {where} order by {ORDERS['value']} limit ?",
        [*values, limit],
    )
    return [row["exception_id"] for row in found], sum(row["value_at_risk_pence"] for row in found)


def summed(published: Published, asked: Asked) -> Row:
    """How many there are, and what they are worth."""
    where, values = _where(asked)
    return published.row(
        f"""
        select count(*) as exceptions,
            cast(coalesce(sum(value_at_risk_pence), 0) as bigint) as value_at_risk_pence
        from exceptions {where}
        """,
        values,
    )


def not_open(published: Published, company_id: str, exception_ids: Sequence[str]) -> list[str]:
    """Which of the ids are no open exception of the company."""
    found = published.rows(
        "select exception_id from exceptions where company_id = ? and status = 'open' "
        "and list_contains(?, exception_id)",
        [company_id, list(exception_ids)],
    )
    known = {row["exception_id"] for row in found}
    return [each for each in exception_ids if each not in known]


def fixes(published: Published, company_id: str, owner: str | None = None, limit: int = 50) -> Rows:
    """What to mend first, the most freed first; of one owner or of all."""
    return published.rows(
        "select * from fix_set where company_id = ? and (? is null or owner = ?) order by fix_rank limit ?",
        [company_id, owner, owner, limit],
    )


def fix_documents(published: Published, fix: Row, limit: int = 200) -> Rows:
    """The missing documents that one fix touches, most value first, each with what else stops it.

    Documents of a cut list of SKUs (`further SKUs`) are not found one by one: then fewer come than the fix touches.
    """
    return published.rows(
        """
        with blocks as (
            select posting_key, rule_id, observed_value, receipt_no, store_id, business_date, event_id,
                case when runbook = 'period_closed' then [left(observed_value, 7)]
                    when rule_id = 'SKU-01' then string_split(observed_value, ',')
                    else [observed_value] end as things
            from gate_flags where company_id = $company and severity = 'block'
        ),
        touched as (
            select posting_key, min(receipt_no) as receipt_no, min(store_id) as store_id,
                min(business_date) as business_date, min(event_id) as event_id
            from blocks where rule_id = $rule and list_contains(things, $thing) group by posting_key
        ),
        needs as (
            select posting_key, thing, rule_id from (
                select distinct posting_key, rule_id, unnest(things) as thing from blocks
            ) as each_thing
            where not (rule_id = $rule and thing = $thing)
        ),
        others as (
            select posting_key, string_agg(rule_id || ' ' || thing, ', ' order by rule_id, thing) as also
            from needs group by posting_key
        )
        select touched.*, others.also, exceptions.exception_id, exceptions.document_kind,
            coalesce(exceptions.value_at_risk_pence, 0) as value_at_risk_pence
        from touched
        left join others using (posting_key)
        left join exceptions
            on exceptions.company_id = $company and exceptions.subject_id = touched.posting_key
            and exceptions.status = 'open'
        order by value_at_risk_pence desc, touched.posting_key
        limit $limit
        """,
        {"company": fix["company_id"], "rule": fix["rule_id"], "thing": fix["to_mend"], "limit": limit},
    )


def ages(published: Published, company_id: str, owner: str | None = None) -> Rows:
    """Open exceptions by how long they are open: every bucket of AGES, in order, empty ones too."""
    found = published.rows(
        """
        select days_open, count(*) as exceptions, cast(sum(value_at_risk_pence) as bigint) as value_at_risk_pence
        from exceptions where company_id = ? and status = 'open' and (? is null or owner = ?)
        group by days_open
        """,
        [company_id, owner, owner],
    )
    buckets = {name: {"age": name, "exceptions": 0, "value_at_risk_pence": 0} for name, _ in AGES}
    buckets[OLDEST] = {"age": OLDEST, "exceptions": 0, "value_at_risk_pence": 0}
    for row in found:
        name = next((name for name, most in AGES if row["days_open"] <= most), OLDEST)
        buckets[name]["exceptions"] += row["exceptions"]
        buckets[name]["value_at_risk_pence"] += row["value_at_risk_pence"]
    return list(buckets.values())


def debt_trend(published: Published, company_id: str, owner: str | None = None) -> Rows:
    """Value at risk and debt (pence times whole days open) at each of the last passes, oldest first.

    Nothing where the publication is of before it was published.
    """
    if "debt_by_pass" not in published.models:
        return []
    return published.rows(
        """
        select pass_number, max(as_of) as as_of, cast(sum(open_exceptions) as bigint) as exceptions,
            cast(sum(value_at_risk_pence) as bigint) as value_at_risk_pence,
            cast(sum(debt_pence_days) as bigint) as debt_pence_days
        from debt_by_pass where company_id = ? and (? is null or owner = ?)
        group by pass_number order by pass_number
        """,
        [company_id, owner, owner],
    )
