"""The real sales, with what the data lacks derived from them: store, till, tender, tax class, tax.

Source: UCI Online Retail, cut (sandbox/data/LICENCE.md). A document's store, till and tender come from an
md5 of its number; a SKU's tax class from its descriptions, one class for all its sales; the rate from
class, destination and date. Money is whole pence throughout: DuckDB's `/` on decimals would return a
double.

Tables that `open_sales` leaves in its connection:

- `derived_skus`: one row per folded SKU (sku, name, tax_class, product_group, unit_price)
- `derived_lines`: one row per source line, in the source's order (line_no)
- `derived_receipts`: one row per document
- `derived_tenders`: one row per tender of a document that is worth anything
- `derived_events`: which receipts are none of the data's (derived_events.py)
- `derived_closures`: one row per store, till and trading day, but for the faults of closure_faults.py
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

SALES = Path(__file__).parent.parent / "data" / "uci_online_retail_2010-12_2011-08.parquet"

NOT_A_SALE = ("AMAZONFEE", "BANK CHARGES", "B", "CRUK")
PARTY_BAGS = ("DCGSSGIRL", "DCGSSBOY")
NOT_A_PRODUCT = (
    "POST",
    "DOT",
    "C2",
    "D",
    "M",
    "S",
    *PARTY_BAGS,
    *NOT_A_SALE,
    "GIFT_0001_10",
    "GIFT_0001_20",
    "GIFT_0001_30",
    "GIFT_0001_40",
    "GIFT_0001_50",
    "GIFTCARD",
    "ROUNDING",
    "MPVOUCHER",
    "SPVOUCHER",
    "DEPOSIT",
    "PAYACC",
    "TIP",
    "COUPON",
)
REDUCED_RATE = ("21486", "23355", "23356")  # three hot water bottles, so that about thirty receipts carry `R`
NOT_YET_IN_SAGE = (
    "DCGS0003",
    "DCGS0004",
    "DCGS0055",
    "DCGS0057",
    "DCGS0066P",
    "DCGS0067",
    "DCGS0068",
    "DCGS0069",
    "DCGS0070",
    "DCGS0071",
    "DCGS0072",
    "DCGS0073",
    "DCGS0074",
    "DCGS0076",
    "PADS",
    "23433",
    "23445",
    "90176E",
)
ZERO_RATED_WORDS = "BOOK|DIARY|COLOURING|JOURNAL"
EU_COUNTRIES = (
    "Austria",
    "Belgium",
    "Cyprus",
    "Czech Republic",
    "Denmark",
    "EIRE",
    "European Community",
    "Finland",
    "France",
    "Germany",
    "Greece",
    "Italy",
    "Lithuania",
    "Malta",
    "Netherlands",
    "Poland",
    "Portugal",
    "Spain",
    "Sweden",
)
UK_COUNTRIES = ("United Kingdom", "Unspecified")  # where the data names none, the goods left the counter here

LINE_BASIS_STORES = ("S01", "S02")  # VAT by line; the other stores by receipt and tax code
UNKNOWN_STORE_RECEIPTS = 6
UNREADABLE_QUANTITIES = ("1O", "six", "n/a", "2..5", "#VALUE!")
FORTNIGHT_START = "2011-08-18"
PART_DAYS = (("2010-12-01", "2010-12-02"), ("2011-08-01", "2011-08-31"))  # both ends included
PART_LINES = 200


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def half_up(numerator: str, denominator: int) -> str:
    """SQL for whole-number division, half away from zero."""
    return f"(sign({numerator}) * ((2 * abs({numerator}) + {denominator}) // {2 * denominator}))::bigint"


def open_sales(
    seed: int, parquet: Path = SALES, kinds: Sequence[str] | None = None
) -> duckdb.DuckDBPyConnection:
    """Derive everything the tills print; same seed and file, same rows. `kinds` of events, all unless said.

    The seed chooses only which receipts are printed with an unknown store, which have an unreadable
    quantity, beside which a derived event stands, and which closures are wrong.
    """
    from sandbox.scenario.closure_faults import commit_closure_faults
    from sandbox.scenario.derived_events import KINDS, add_events

    connection = open_skus(parquet)
    for statement in (
        PRICED_LINES,
        RECEIPT_TAX,
        LINES,
        RECEIPTS,
        TENDERS,
        ODDITIES.format(seed=int(seed)),
    ):
        connection.execute(statement)
    add_events(connection, seed, kinds or KINDS)
    connection.execute(CLOSURES)
    commit_closure_faults(connection, seed)
    return connection


def cut_sales(target: Path) -> Path:
    """Write a small part of the sales to `target`, `PART_DAYS` and no document over `PART_LINES`; returns it.

    The rows keep their columns and order, so that whatever reads `SALES` can read the part.
    """
    days = " or ".join(f"\"InvoiceDate\"::date between '{first}' and '{last}'" for first, last in PART_DAYS)
    target.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select * exclude (file_row_number)
                from read_parquet($source, file_row_number = true)
                where {days}
                qualify count(*) over (partition by "InvoiceNo") <= $most_lines
                order by file_row_number
            ) to '{str(target).replace("'", "''")}' (format parquet)
            """,
            {"source": str(SALES), "most_lines": PART_LINES},
        )
    return target


def open_skus(parquet: Path = SALES) -> duckdb.DuckDBPyConnection:
    """`derived_skus` alone, over the view `source` of the file's lines."""
    connection = duckdb.connect()
    quoted = str(parquet).replace("'", "''")
    connection.execute(
        "create view source as select *, file_row_number + 1 as line_no "
        f"from read_parquet('{quoted}', file_row_number = true)"
    )
    connection.execute(SKUS)
    return connection


SKUS = f"""
create table derived_skus as
with folded as (
    select upper(trim("StockCode")) as sku, "Description" as description, "UnitPrice" as unit_price, line_no
    from source
),
described as (
    select
        sku,
        max(case when regexp_matches(description, '{ZERO_RATED_WORDS}') then 1 else 0 end) = 1 as is_book,
        coalesce(
            arg_min(description, line_no)
                filter (description = upper(description) and length(description) > 8),
            arg_min(description, line_no),
            ''
        ) as name,
        coalesce(arg_min(unit_price, line_no) filter (unit_price > 0), 0) as unit_price
    from folded
    group by sku
)
select
    sku,
    trim(name) as name,
    case
        when sku in ({_listed(NOT_A_SALE)}) then 'X'
        when sku in ({_listed(REDUCED_RATE)}) then 'R'
        when is_book then 'Z'
        else 'S'
    end as tax_class,
    case when is_book and sku not in ({_listed(REDUCED_RATE)}) then 'BOOK' else 'GIFT' end as product_group,
    unit_price
from described
"""

PRICED_LINES = f"""
create table priced_lines as
with placed as (
    select
        "InvoiceNo" as receipt_no,
        'S0' || cast(1 + md5_number_lower('store' || "InvoiceNo") % 5 as varchar) as store_id,
        cast(1 + md5_number_lower('till' || "InvoiceNo") % 2 as varchar) as till_id
    from (select distinct "InvoiceNo" from source)
)
select
    source.line_no,
    placed.receipt_no,
    "StockCode" as sku,
    derived_skus.sku as folded_sku,
    "Description" as description,
    "Quantity" as quantity,
    "UnitPrice" as unit_price,
    "InvoiceDate" as sold_at,
    "CustomerID" as customer_no,
    "Country" as destination,
    placed.store_id,
    placed.till_id,
    {half_up('"Quantity"::bigint * ("UnitPrice" * 1000)::bigint', 10)} as net_pence,
    case
        when tax_class = 'X' then 'X'
        when "Country" in ({_listed(UK_COUNTRIES)}) then tax_class
        when "Country" in ({_listed(EU_COUNTRIES)}) then 'E'
        else 'X'
    end as tax_code,
    case
        when tax_code = 'S' and "InvoiceDate" < timestamp '2011-01-04' then 175
        when tax_code = 'S' then 200
        when tax_code = 'R' then 50
        else 0
    end as rate_tenths
from source
inner join placed on "InvoiceNo" = placed.receipt_no
inner join derived_skus on upper(trim("StockCode")) = derived_skus.sku
"""

# By receipt and tax code: the tax of the sum, shared out by line; the largest takes what rounding leaves.
RECEIPT_TAX = f"""
create table receipt_tax as
with totals as (
    select receipt_no, tax_code, rate_tenths, sum(net_pence)::bigint as net_pence
    from priced_lines
    group by receipt_no, tax_code, rate_tenths
),
shares as (
    select
        lines.line_no,
        {half_up("totals.net_pence * totals.rate_tenths", 1000)} as tax_of_receipt,
        {half_up("lines.net_pence * lines.rate_tenths", 1000)} as share_pence,
        row_number() over (
            partition by lines.receipt_no, lines.tax_code, lines.rate_tenths
            order by abs(lines.net_pence) desc, lines.line_no
        ) as size_rank,
        sum(share_pence) over (
            partition by lines.receipt_no, lines.tax_code, lines.rate_tenths
        ) as shared_pence
    from priced_lines as lines
    inner join totals using (receipt_no, tax_code, rate_tenths)
)
select
    line_no,
    (share_pence + case when size_rank = 1 then tax_of_receipt - shared_pence else 0 end)::bigint
        as apportioned_pence
from shares
"""

LINES = f"""
create table derived_lines as
select
    lines.*,
    case
        when store_id in ({_listed(LINE_BASIS_STORES)}) then {half_up("net_pence * rate_tenths", 1000)}
        else apportioned_pence
    end as tax_pence,
    lines.net_pence + tax_pence as gross_pence  -- the alias: no table here has the name
from priced_lines as lines
inner join receipt_tax using (line_no)
"""

RECEIPTS = f"""
create table derived_receipts as
select
    receipt_no,
    min(store_id) as store_id,
    min(till_id) as till_id,
    case left(receipt_no, 1) when 'C' then 'REFUND' when 'A' then 'ADJUST' else 'SALE' end as kind,
    min(sold_at) as started_at,
    max(sold_at) as completed_at,
    max(sold_at)::date as document_date,
    min(customer_no) as customer_no,
    min(destination) as destination,
    count(*) as line_count,
    min(line_no) as first_line_no,
    sum(gross_pence)::bigint as gross_pence,
    bool_and(folded_sku in ({_listed(NOT_A_SALE)})) as is_not_a_sale,
    bool_or(tax_code = 'R' or folded_sku in ({_listed(PARTY_BAGS + NOT_YET_IN_SAGE)})) as is_special
from derived_lines
group by receipt_no
"""

# A split is the cash of a whole number of pounds, then the rest on card. Refunds go back by one tender.
TENDERS = """
create table derived_tenders as
with chosen as (
    select
        *,
        md5_number_lower('split' || receipt_no) % 100 < 6
            and gross_pence >= 2000 and not is_not_a_sale as is_split,
        case
            when is_not_a_sale or abs(gross_pence) >= 50000 then 'CARD'
            when md5_number_lower('tender' || receipt_no) % 100 < 35 then 'CASH'
            else 'CARD'
        end as tender_type,
        (gross_pence * (10 + md5_number_lower('cash' || receipt_no) % 50)::bigint // 10000) * 100
            as cash_pence
    from derived_receipts
    where gross_pence <> 0
)
select receipt_no, 1 as tender_no, case when is_split then 'CASH' else tender_type end as tender_type,
       (case when is_split then cash_pence else gross_pence end)::bigint as tender_pence, 0::bigint as tip_pence
from chosen
union all
select receipt_no, 2, 'CARD', (gross_pence - cash_pence)::bigint, 0 from chosen where is_split
order by 1, 2
"""

# Which receipts a till prints wrongly: with a store nobody knows, or with one quantity nobody can read.
ODDITIES = f"""
create table oddities as
with candidates as (
    select *, md5('{{seed}}' || receipt_no) as draw from derived_receipts
    where gross_pence > 0 and kind = 'SALE' and not is_special and not is_not_a_sale
),
unknown_store as (
    select receipt_no, 'S09' as printed_store, null::varchar as quantity_text, null::bigint as line_no
    from candidates
    where store_id = 'S02' and document_date >= date '{FORTNIGHT_START}'
    order by draw
    limit {UNKNOWN_STORE_RECEIPTS}
),
unreadable as (
    select
        receipt_no,
        document_date >= date '{FORTNIGHT_START}' as is_late,
        row_number() over (partition by is_late order by draw) as nth
    from candidates
    where store_id <> 'S05' and line_count between 4 and 30
      and receipt_no not in (select receipt_no from unknown_store)
),
chosen as (
    select receipt_no, row_number() over (order by is_late, nth) as nth
    from unreadable
    where nth <= case when is_late then 3 else 2 end
),
lines as (
    select receipt_no, arg_max(line_no, net_pence * 1000000 - line_no) as line_no
    from derived_lines inner join chosen using (receipt_no) group by receipt_no
)
select * from unknown_store
union all
select receipt_no, null, ([{_listed(UNREADABLE_QUANTITIES)}])[nth], line_no
from chosen inner join lines using (receipt_no)
"""

CLOSURES = """
create table derived_closures as
with tendered as (
    select
        receipt_no,
        sum(case when tender_type = 'CASH' then tender_pence else 0 end)::bigint as cash_pence,
        sum(case when tender_type = 'CARD' then tender_pence else 0 end)::bigint as card_pence
    from derived_tenders
    group by receipt_no
)
select
    store_id,
    till_id,
    document_date as business_date,
    row_number() over (partition by store_id, till_id order by document_date) as closure_no,
    least(document_date + interval 8 hour, date_trunc('hour', min(started_at))) as opened_at,
    document_date + interval 1230 minute as closed_at,
    count(*) as receipts_count,
    sum(case when gross_pence >= 0 then gross_pence else 0 end)::bigint as sales_pence,
    sum(case when gross_pence < 0 then gross_pence else 0 end)::bigint as returns_pence,
    sum(coalesce(cash_pence, 0))::bigint as cash_pence,
    sum(coalesce(card_pence, 0))::bigint as card_pence,
    sum(coalesce(cash_pence, 0))::bigint as counted_cash_pence
from derived_receipts
left join tendered using (receipt_no)
where receipt_no not in (select receipt_no from oddities where printed_store is not null)
  and kind not in ('VOID', 'TRAINING')
group by store_id, till_id, document_date
"""
