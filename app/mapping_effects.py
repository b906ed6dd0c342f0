"""What a change of mappings would move or break: the documents that go by a row of it today, and where they would lead.

Which row a document goes by is asked of the rows before and after, by code, store and day, as the models ask; what it
leads to now is what was published. Set-based, over the newest months that together have at most MOST_ROWS such lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app import words
from app.published import PublicationIncompleteError, Published, Rows

MOST_ROWS = 100_000
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9999, 12, 31)
NEAR = timedelta(days=2)
"""A document's date lies so near its trading day."""
MappingRow = Mapping[str, Any]
STORE_FACTS: tuple[str, ...] = (
    "till_customer_reference", "cost_centre", "department", "zone", "day_cutoff_minutes", "currency",
)  # fmt: skip


@dataclass(frozen=True)
class Usage:
    """Where the use of a mapping file is seen: which rows of which table, by what code, and what they lead to now."""

    model: str
    code: str
    led_to: str
    only: str
    code_of: Callable[[MappingRow], str]
    target_of: Callable[[MappingRow], str]
    leads_to_of: Callable[[MappingRow], str | None]
    document: str = "posting_key"
    on: str = "document_date"
    otherwise: str = "null"
    """What a line leads to where no row is in force."""


@dataclass(frozen=True)
class Effects:
    """What would move, by code and target; from which day on it was counted, where the days before were left out."""

    rows: Rows
    is_counted: bool
    since: date | None = None


def _bank(row: MappingRow) -> str:
    return str(row["bank_code"] or f"settled by {row.get('settlement')}")


USAGES = {
    "tax_mappings": Usage(
        "expected_lines", "till_tax_code", "cast(tax_code as varchar)", "leg_type = 'nominal'",
        lambda row: str(row["till_tax_code"]), lambda row: f"VAT code {row['tax_code']}",
        lambda row: str(row["tax_code"]),
    ),
    "nominal_mappings": Usage(
        "expected_lines", "category", "nominal_code", "leg_type = 'nominal'",
        lambda row: str(row["category"]), words.account, lambda row: str(row["nominal_code"]),
    ),
    "tender_mappings": Usage(
        "expected_lines", "tender_type", "bank_code", "leg_type = 'bank'",
        lambda row: str(row["tender_type"]), _bank, lambda row: row["bank_code"] or None,
    ),
    "sku_mappings": Usage(
        "receipt_lines", "upper(sku)", "category", "true",
        lambda row: str(row["sku"]).upper(), lambda row: str(row["category"]), lambda row: str(row["category"]),
        document="event_id", on="business_date", otherwise="lines.led_to",
    ),
    # by its number, which a document bears where it goes on a customer's own account
    "customer_mappings": Usage(
        "expected_lines", "customer_no", "customer_reference", "is_on_account",
        lambda row: str(row["customer_no"]), lambda row: str(row["customer_reference"]),
        lambda row: str(row["customer_reference"]),
    ),
    "stores": Usage(
        "expected_lines", "store_id", "customer_reference", "leg_type = 'nominal' and not is_on_account",
        lambda row: str(row["store_id"]),
        lambda row: ", ".join("" if row[name] is None else str(row[name]) for name in STORE_FACTS),
        lambda row: str(row["till_customer_reference"]),
    ),
}  # fmt: skip
"""The files whose rows decide where a document goes. Others say who posts, since when, and how it is matched."""


def effects(
    published: Published, table: str, before: Sequence[MappingRow], changes: Iterable[MappingRow]
) -> Effects:
    """What changed rows of one file would move. `before`: all its rows as they are; `changes`: as an import tells."""
    usage, made = USAGES.get(table), list(changes)
    if usage is None or usage.model not in published.models:
        return Effects([], is_counted=False)
    try:
        return _counted(published, usage, table, before, made)
    except PublicationIncompleteError:  # published before its rows said what they go by
        return Effects([], is_counted=False)


def _counted(
    published: Published, usage: Usage, table: str, before: Sequence[MappingRow], made: Sequence[MappingRow]
) -> Effects:
    touched = [row for change in made for row in (change["before"], change["after"]) if row]
    codes = sorted({usage.code_of(row) for row in touched})
    company = made[0]["after"]["company_id"]
    gone = {change["key"] for change in made if change["before"]}
    was = [row for row in before if usage.code_of(row) in codes and row["company_id"] == company]
    will = [row for row in was if _key(table, row) not in gone] + [change["after"] for change in made]
    first = min(_days(row)[0] for row in touched)
    last = min(max(_days(row)[1] for row in touched), published.as_of.date() + NEAR)
    since = _since(published, usage, company, codes, first, last)
    begins = max(first, since or first)
    if begins > last:
        return Effects([], is_counted=True)
    around = (begins - NEAR if begins > FIRST_DAY else begins, last + NEAR)
    rows = published.rows(
        f"""
        with {_rows_as('was')}, {_rows_as('will')},
        lines as (
            select {usage.document} as document, store_id, {usage.on} as day, {usage.code} as code,
                {usage.led_to} as led_to, net_pence + tax_pence as pence
            from {published.within(usage.model, *around)}
            where company_id = $company and {usage.only} and list_contains($codes, {usage.code})
                and {usage.on} between $begins and $last
        ),
        places as (select distinct code, store_id, day from lines),
        went as ({_resolved('was')}),
        goes as ({_resolved('will')}),
        moved as (
            select lines.document, lines.code, sum(lines.pence) as pence,
                coalesce(went.target, {usage.otherwise}) as old_target, goes.target as new_target
            from lines
            inner join went on lines.code = went.code and lines.store_id = went.store_id and lines.day = went.day
            inner join goes on lines.code = goes.code and lines.store_id = goes.store_id and lines.day = goes.day
            where coalesce(went.target, {usage.otherwise}) is not null
                and coalesce(went.target, {usage.otherwise}) is distinct from goes.target
                and lines.led_to is not distinct from coalesce(went.leads_to, {usage.otherwise})
            group by all
        ),
        judged as (
            select {usage.document} as document, bool_or(ledger_document_id is not null) as is_in_sage
            from {published.within('document_verdicts', *around)}
            where {usage.document} in (select document from moved)
                and ({usage.document == 'posting_key'} or is_sales)
            group by {usage.document}
        ),
        ours as (select distinct {usage.document} as document from postings where state = 'proven' and role = 'P')
        select moved.code, moved.old_target, moved.new_target,
            count(*) as documents, cast(sum(moved.pence) as bigint) as value_pence,
            count(*) filter (judged.is_in_sage) as in_sage,
            cast(coalesce(sum(moved.pence) filter (judged.is_in_sage), 0) as bigint) as in_sage_pence,
            count(*) filter (ours.document is not null) as posted_by_us
        from moved
        left join judged on moved.document = judged.document
        left join ours on moved.document = ours.document
        group by moved.code, moved.old_target, moved.new_target
        order by new_target is not null, value_pence desc, moved.code, old_target, new_target
        """,
        {
            "company": company, "codes": codes, "begins": begins, "last": last,
            **_given("was", usage, was), **_given("will", usage, will),
        },
    )  # fmt: skip
    return Effects(rows, is_counted=True, since=since if since and since > first else None)


def _rows_as(name: str) -> str:
    """Rows of a mapping file, given as lists, as a table."""
    typed = {"code": "varchar", "store": "varchar", "begins": "date", "ends": "date"}
    columns = {**typed, "target": "varchar", "leads_to": "varchar"}
    cells = (f"cast(unnest(${name}_{each}) as {kind}) as {each}" for each, kind in columns.items())
    return f"{name} as (select {', '.join(cells)})"


def _given(name: str, usage: Usage, rows: Sequence[MappingRow]) -> dict[str, list[Any]]:
    days = [_days(row) for row in rows]
    return {
        f"{name}_code": [usage.code_of(row) for row in rows],
        # what a store's own row says holds for it alone; a file without stores for all
        f"{name}_store": [str(row.get("store_id") or "*") for row in rows],
        f"{name}_begins": [first for first, _ in days],
        f"{name}_ends": [last for _, last in days],
        f"{name}_target": [usage.target_of(row) for row in rows],
        f"{name}_leads_to": [usage.leads_to_of(row) for row in rows],
    }


def _resolved(name: str) -> str:
    """The row in force at each place: one that names the store before one for any."""
    rank = f"case when {name}.store = '*' then 1 else 0 end * 100000000 - epoch({name}.begins) / 86400"
    return f"""
        select places.code, places.store_id, places.day, arg_min({name}.target, {rank}) as target,
            arg_min({name}.leads_to, {rank}) as leads_to
        from places
        left join {name}
            on places.code = {name}.code and {name}.store in (places.store_id, '*')
            and places.day between {name}.begins and {name}.ends
        group by places.code, places.store_id, places.day
    """


def _days(row: MappingRow) -> tuple[date, date]:
    """The days that a row holds; open ends as the first and the last of all."""
    first, last = str(row.get("valid_from") or ""), str(row.get("valid_to") or "")
    return (
        date.fromisoformat(first) if first else FIRST_DAY,
        date.fromisoformat(last) if last else LAST_DAY,
    )


def _key(table: str, row: MappingRow) -> str:
    from orchestration.mapping_changes import FILES

    named = [row["company_id"], *(row[name] for name in FILES[table].key)]
    return "|".join(str(each) for each in [*named, *([row["valid_from"]] if "valid_from" in row else [])])


def _since(
    published: Published, usage: Usage, company: str, codes: list[str], first: date, last: date
) -> date | None:
    """The first day of the newest months whose lines of these codes are together no more than MOST_ROWS; None: all."""
    near = first if first == FIRST_DAY else first - NEAR
    months = published.rows(
        f"""
        select cast(date_trunc('month', business_date) as date) as month, count(*) as lines
        from {published.within(usage.model, near, last + NEAR)}
        where company_id = ? and {usage.only} and list_contains(?, {usage.code})
        group by all order by month desc
        """,
        [company, codes],
    )
    lines = 0
    since: date | None = None
    for row in months:
        lines += row["lines"]
        if lines > MOST_ROWS and since is not None:
            return since
        since = row["month"]
    return None
