"""What the real sales have none of: gift cards sold and used, exchanges, voids, training, cash rounding.

Twenty receipts of each kind, June to mid-August 2011, each beside a real sale that the seed chooses: the same
till, the same minute. Numbers begin with 8, which no document of the data does. Lines carry round net amounts,
so that VAT is the same by line and by receipt.
"""

from __future__ import annotations

import duckdb

EACH = 20
KINDS = (
    "gift_card_sold",
    "gift_card_used",
    "exchange_even",
    "exchange_uneven",
    "void",
    "training",
    "cash_rounded",
)
FIRST_DAY, LAST_DAY = "2011-06-01", "2011-08-12"
GIFT_CARD, ROUNDING = "GIFTCARD", "ROUNDING"

CHOSEN = """
create table derived_events as
with drawn as (
    select
        store_id, till_id, completed_at, destination,
        row_number() over (order by md5('{seed}event' || receipt_no)) as nth
    from derived_receipts
    where kind = 'SALE' and gross_pence > 0 and not is_special and not is_not_a_sale
      and destination = 'United Kingdom' and document_date between date '{first}' and date '{last}'
      and receipt_no not in (select receipt_no from oddities)
)
select *, '8' || lpad(cast(nth as varchar), 5, '0') as receipt_no, [{kinds}][nth % {count} + 1] as event
from drawn
where nth <= {each} * {count}
"""

# What each kind has on it: SKU, net pence, VAT code and rate; a till rounds cash to the five pence below.
LINES = f"""
create table derived_event_lines as
with printed as (
    select *, '{GIFT_CARD}' as sku, 'GIFT CARD' as description, 2500 as net_pence, 'N' as tax_code
    from derived_events where event = 'gift_card_sold'
    union all
    select *, '85123A', 'WHITE HANGING HEART T-LIGHT HOLDER', 2000 + nth * 5, 'S'
    from derived_events where event <> 'gift_card_sold'
    union all
    select *, '22423', 'REGENCY CAKESTAND 3 TIER', -(2000 + nth * 5), 'S'
    from derived_events where event = 'exchange_even'
    union all
    select *, '22423', 'REGENCY CAKESTAND 3 TIER', -1275, 'S'
    from derived_events where event = 'exchange_uneven'
    union all
    select *, '{ROUNDING}', 'ROUNDING', -((2000 + nth * 5) * 6 // 5 % 5), 'N'
    from derived_events where event = 'cash_rounded'
)
select
    (select max(line_no) from derived_lines)
    + row_number() over (order by receipt_no, net_pence, sku) as line_no,
    *,
    case tax_code when 'S' then 200 else 0 end as rate_tenths,
    case tax_code when 'S' then net_pence // 5 else 0 end as tax_pence
from printed
where net_pence <> 0
"""

ADDED = (
    """
    insert into derived_lines by name
    select line_no, receipt_no, sku, sku as folded_sku, description,
           case when net_pence < 0 then -1 else 1 end as quantity,
           abs(net_pence) * cast(0.01 as decimal(3, 2)) as unit_price, completed_at as sold_at,
           destination, store_id, till_id, net_pence, tax_code, rate_tenths, tax_pence,
           net_pence + tax_pence as gross_pence
    from derived_event_lines
    """,
    """
    insert into derived_receipts by name
    select receipt_no, min(store_id) as store_id, min(till_id) as till_id,
           case when event like 'exchange%' then 'EXCHANGE' when event in ('void', 'training') then upper(event)
                else 'SALE' end as kind,
           min(completed_at) as started_at, min(completed_at) as completed_at,
           min(completed_at)::date as document_date, min(destination) as destination, count(*) as line_count,
           min(line_no) as first_line_no, sum(net_pence + tax_pence)::bigint as gross_pence,
           false as is_not_a_sale, true as is_special
    from derived_event_lines group by receipt_no, event
    """,
    # a gift card pays all of it, or ten pounds and cash the rest
    """
    insert into derived_tenders by name
    with worth as (
        select receipt_no, gross_pence, event, nth from derived_receipts inner join derived_events using (receipt_no)
        where gross_pence <> 0 and event not in ('void', 'training')
    )
    select receipt_no, 1 as tender_no,
           case event when 'gift_card_used' then 'GIFT_CARD' when 'gift_card_sold' then 'CARD' else 'CASH' end
               as tender_type,
           case when event = 'gift_card_used' and nth % 2 = 0 then 1000 else gross_pence end as tender_pence
    from worth
    union all
    select receipt_no, 2, 'CASH', gross_pence - 1000 from worth where event = 'gift_card_used' and nth % 2 = 0
    """,
)


def add_events(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Add them to `derived_lines`, `derived_receipts` and `derived_tenders`; `derived_events` says which is what."""
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    connection.execute(
        CHOSEN.format(
            seed=int(seed), first=FIRST_DAY, last=LAST_DAY, kinds=listed, count=len(KINDS), each=EACH
        )
    )
    for statement in (LINES, *ADDED):
        connection.execute(statement)
