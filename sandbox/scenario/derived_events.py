"""What the real sales have none of: gift cards and vouchers sold and used, deposits, sales on account and their
payment, tips on a line or on the tender alone, coupons, exchanges, refunds at last year's rate, on a gift card or of a
sale that the till names, voids, training, cash rounding.

Twenty receipts of each kind, June to mid-August 2011, each beside a real sale that the seed chooses: the same
till, the same minute. Numbers begin with 8, which no document of the data does. Lines carry round net amounts,
so that VAT is the same by line and by receipt.

And a till of two stores that had no line for three days: what it sold from 15 to 17 August comes in a file of the 20th.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

EACH = 20
TILL_KINDS = (
    "gift_card_sold",
    "gift_card_used",
    "exchange_even",
    "exchange_uneven",
    "void",
    "training",
    "cash_rounded",
)
KINDS = (
    *TILL_KINDS,
    "voucher_multi_sold",
    "voucher_multi_used",
    "voucher_single_sold",
    "deposit_taken",
    "deposit_used",
    "account_sale",
    "account_payment",
    "tip",
    "coupon_own",
    "coupon_maker",
    "refund_old_rate",
    "refund_to_gift_card",
)
"""Of the second story's connector, which posts summaries of a till's day, only the first are known."""
LATER_KINDS = ("voucher_single_used", "tip_on_tender", "refund_of_sale")
"""Drawn after all the others, so that a seed gives those the receipts that it always gave them."""
FIRST_DAY, LAST_DAY = "2011-06-01", "2011-08-12"
GIFT_CARD, ROUNDING = "GIFTCARD", "ROUNDING"
SKUS = {
    "voucher_multi_sold": ("MPVOUCHER", 2500, "N"),
    "voucher_single_sold": ("SPVOUCHER", 2000, "S"),
    "deposit_taken": ("DEPOSIT", 1000, "N"),
    "account_payment": ("PAYACC", 4200, "N"),
    "tip": ("TIP", 150, "N"),
    "coupon_own": ("COUPON", -500, "S"),
}
"""What is printed beside the goods, or alone: SKU, net pence, VAT letter."""
ALONE = ("gift_card_sold", "voucher_multi_sold", "voucher_single_sold", "deposit_taken", "account_payment")
REFUNDS = ("refund_old_rate", "refund_to_gift_card")
TRADE_CUSTOMER = 99001
LATE_STORES, LATE_DAYS, LATE_EACH = ("S01", "S03"), ("2011-08-15", "2011-08-17"), 6
EXPORTED_AT = "2011-08-20 09:05:00"

CHOSEN = """
create table derived_events as
with drawn as (
    select
        store_id, till_id, completed_at, destination, receipt_no as beside_no,
        row_number() over (order by md5('{seed}event' || receipt_no)) as nth,
        row_number() over (order by md5('{seed}later' || receipt_no)) as later_nth
    from derived_receipts
    where kind = 'SALE' and gross_pence > 0 and not is_special and not is_not_a_sale
      and destination = 'United Kingdom' and document_date between date '{first}' and date '{last}'
      and day(document_date) % 3 <> 0  -- other days are left for what befalls a whole day
      and receipt_no not in (select receipt_no from oddities)
),
kinds as (
    select * exclude (later_nth), [{kinds}][nth % {count} + 1] as event, nth // {count} as place
    from drawn
    where nth <= {each} * {count}
    union all
    select
        * exclude (nth, later_nth), {each} * {count} + later_nth as nth,
        [{later}][later_nth % {later_kinds} + 1] as event, later_nth // {later_kinds} as place
    from drawn
    where later_nth <= {each} * {later_count}
)
select
    * exclude (beside_no), '8' || lpad(cast(nth as varchar), 5, '0') as receipt_no,
    case when event = 'refund_of_sale' then beside_no end as original_no
from kinds
"""

# What each kind has on it: SKU, net pence, VAT code and rate; a till rounds cash to the five pence below.
LINES = f"""
create table derived_event_lines as
with printed as (
    select *, '{GIFT_CARD}' as sku, 'GIFT CARD' as description, 2500 as net_pence, 'N' as tax_code
    from derived_events where event = 'gift_card_sold'
    union all
    select *, '85123A', 'WHITE HANGING HEART T-LIGHT HOLDER', 2000 + nth * 5, 'S'
    from derived_events where event not in {ALONE + REFUNDS} and original_no is null
    union all
    select *, '22423', 'REGENCY CAKESTAND 3 TIER', -(2000 + nth * 40), 'S'
    from derived_events where event in {REFUNDS}
    union all
    -- the first line of the sale itself whose VAT is 20% to the penny
    select derived_events.*, sold.sku, sold.description, -sold.net_pence, sold.tax_code
    from derived_events inner join derived_lines as sold on original_no = sold.receipt_no
    where sold.tax_code = 'S' and sold.net_pence > 0 and sold.tax_pence * 5 = sold.net_pence
    qualify row_number() over (partition by original_no order by sold.line_no) = 1
    union all
    select derived_events.*, beside.sku, beside.sku, beside.net_pence, beside.tax_code
    from derived_events inner join (
        values {", ".join(f"('{event}', '{sku}', {net}, '{code}')" for event, (sku, net, code) in SKUS.items())}
    ) as beside (of_event, sku, net_pence, tax_code) on event = of_event
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
    case when tax_code <> 'S' then 0 when event = 'refund_old_rate' then 175 else 200 end as rate_tenths,
    net_pence * rate_tenths // 1000 as tax_pence
from printed
where net_pence <> 0
"""

ADDED = (
    f"""
    insert into derived_lines by name
    select line_no, receipt_no, sku, sku as folded_sku, description,
           case when net_pence < 0 then -1 else 1 end as quantity,
           abs(net_pence) * cast(0.01 as decimal(3, 2)) as unit_price, completed_at as sold_at,
           destination, store_id, till_id, net_pence, tax_code, rate_tenths, tax_pence,
           net_pence + tax_pence as gross_pence,
           case when event like 'account%' then {TRADE_CUSTOMER} end as customer_no
    from derived_event_lines
    """,
    f"""
    insert into derived_receipts by name
    select receipt_no, min(store_id) as store_id, min(till_id) as till_id,
           case when event like 'exchange%' then 'EXCHANGE' when event in ('void', 'training') then upper(event)
                when event like 'refund%' then 'REFUND' else 'SALE' end as kind,
           case when event like 'account%' then {TRADE_CUSTOMER} end as customer_no,
           min(completed_at) as started_at, min(completed_at) as completed_at,
           min(completed_at)::date as document_date, min(destination) as destination, count(*) as line_count,
           min(line_no) as first_line_no, sum(net_pence + tax_pence)::bigint as gross_pence,
           false as is_not_a_sale, true as is_special
    from derived_event_lines group by receipt_no, event
    """,
    # a gift card or voucher pays all of it, or ten pounds and cash the rest, as after a deposit or a maker's coupon
    """
    insert into derived_tenders by name
    with worth as (
        select
            receipt_no,
            gross_pence,
            case event
                when 'gift_card_used' then 'GIFT_CARD' when 'refund_to_gift_card' then 'GIFT_CARD'
                when 'voucher_multi_used' then 'VOUCHER' when 'voucher_single_used' then 'SPVOUCHER'
                when 'deposit_used' then 'DEPOSIT'
                when 'account_sale' then 'ACCOUNT' when 'coupon_maker' then 'COUPON'
                when 'gift_card_sold' then 'CARD' when 'deposit_taken' then 'CARD' when 'tip' then 'CARD'
                when 'tip_on_tender' then 'CARD'
                when 'voucher_single_sold' then 'CARD'
                else 'CASH'
            end as tender_type,
            case
                when event in ('gift_card_used', 'voucher_multi_used', 'voucher_single_used') and place % 2 = 0
                    then 1000
                when event = 'deposit_used' then 1000
                when event = 'coupon_maker' then 300
                else gross_pence
            end as first_pence,
            case when event = 'tip_on_tender' then 150 else 0 end as tip_pence
        from derived_receipts inner join derived_events using (receipt_no)
        where gross_pence <> 0 and event not in ('void', 'training')
    )
    select receipt_no, 1 as tender_no, tender_type, first_pence + tip_pence as tender_pence, tip_pence from worth
    union all
    select receipt_no, 2, 'CASH', gross_pence - first_pence, 0 from worth where gross_pence <> first_pence
    """,
)
LATE_UPLOADS = f"""
create or replace table late_uploads as
with plain as (
    select
        receipt_no,
        row_number() over (partition by store_id order by md5('{{seed}}late' || receipt_no)) as place
    from derived_receipts
    where kind = 'SALE' and gross_pence > 0 and not is_special and not is_not_a_sale and line_count < 30
      and store_id in {LATE_STORES} and document_date between date '{LATE_DAYS[0]}' and date '{LATE_DAYS[1]}'
      and receipt_no not in (select receipt_no from oddities)
)
select receipt_no, timestamp '{EXPORTED_AT}' as exported_at from plain where place <= {{each}}
"""


def add_events(connection: duckdb.DuckDBPyConnection, seed: int, kinds: Sequence[str] = KINDS) -> None:
    """Add them to `derived_lines`, `derived_receipts` and `derived_tenders`; `derived_events` says which is what, and
    `late_uploads` what was exported late (nothing, where not every kind is wanted).
    """
    is_whole = tuple(kinds) == KINDS
    listed, later = (", ".join(f"'{kind}'" for kind in some) for some in (kinds, LATER_KINDS))
    connection.execute(
        CHOSEN.format(
            seed=int(seed),
            first=FIRST_DAY,
            last=LAST_DAY,
            kinds=listed,
            count=len(kinds),
            later=later,
            later_kinds=len(LATER_KINDS),
            later_count=len(LATER_KINDS) if is_whole else 0,
            each=EACH,
        )
    )
    late = LATE_EACH if is_whole else 0
    connection.execute(LATE_UPLOADS.format(seed=int(seed), each=late))
    for statement in (LINES, *ADDED):
        connection.execute(statement)
