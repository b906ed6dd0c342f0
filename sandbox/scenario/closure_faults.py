"""What the tills get wrong at the end of a day, and the truth about every closure.

Four till-days of the fortnight, drawn from the seed, one fault each: the closure never sent, sent again under
the next day, counting a receipt more than was exported, and a drawer five pounds short in the store whose accountant
posts no cash over and short. In the other stores eight more drawers are counted over or short: what Sage should hold of
each is a document, and the connector knows what became of it. Nothing else is odd about these days, so each fault
shows as itself.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sandbox.scenario.sales import FORTNIGHT_START

LOST_RECEIPT_PENCE = 1250
SHORT_PENCE = 500
UNPOSTED_STORE = "S05"
"""Whose cash over and short is mapped to no account."""
COUNTED_PENCE = (-500, -120, 240, -75, 35, -1010, 305, -45)

CHOSEN = """
create table closure_faults as
with odd_days as (
    select store_id, till_id, document_date as business_date
    from derived_receipts inner join oddities using (receipt_no)
),
days as (
    select
        *,
        lead(business_date) over (partition by store_id, till_id order by business_date) as next_date
    from derived_closures
),
drawn as (
    select
        days.*,
        store_id = '{unposted}' as is_unposted,
        md5('{seed}closure' || store_id || till_id || business_date) as draw,
        row_number() over (partition by store_id, till_id order by draw) as place
    from days anti join odd_days using (store_id, till_id, business_date)
    where business_date >= date '{fortnight}' and next_date is not null
      and receipts_count >= 2 and cash_pence >= 2000
),
numbered as (
    select *, row_number() over (partition by is_unposted order by draw) as nth from drawn where place = 1
),
-- on another day of a till than its fault, and than the day that its closure is sent again under
left_over as (
    select *, row_number() over (partition by store_id, till_id order by draw) as pick
    from drawn
    where place > 1 and not is_unposted
      and (store_id, till_id, business_date) not in (select (store_id, till_id, next_date) from numbered)
),
counted as (
    select *, row_number() over (order by draw) as nth from left_over where pick = 1
)
select
    case when is_unposted then 'cash_short' else ['missing', 'repeated', 'unequal'][nth] end as fault,
    store_id, till_id, business_date, next_date, closure_no, -{short} as counted_pence
from numbered where nth <= case when is_unposted then 1 else 3 end
union all
select 'counted', store_id, till_id, business_date, next_date, closure_no, {counted}[nth]
from counted where nth <= len({counted})
"""
COMMITTED = (
    # the next day's file brings the closure of the day before once more
    """
    insert into derived_closures by name
    select derived_closures.* replace (closure_faults.next_date as business_date)
    from derived_closures inner join closure_faults using (store_id, till_id, business_date)
    where fault = 'repeated'
    """,
    """
    delete from derived_closures
    where (store_id, till_id, business_date)
        in (select (store_id, till_id, business_date) from closure_faults where fault = 'missing')
    """,
    f"""
    update derived_closures set
        receipts_count = receipts_count + 1,
        sales_pence = sales_pence + {LOST_RECEIPT_PENCE},
        card_pence = card_pence + {LOST_RECEIPT_PENCE}
    where (store_id, till_id, business_date)
        in (select (store_id, till_id, business_date) from closure_faults where fault = 'unequal')
    """,
    """
    update derived_closures set counted_cash_pence = counted_cash_pence + closure_faults.counted_pence
    from closure_faults
    where fault in ('cash_short', 'counted') and derived_closures.store_id = closure_faults.store_id
        and derived_closures.till_id = closure_faults.till_id
        and derived_closures.business_date = closure_faults.business_date
    """,
)

# What must be said of every till-day, in the words of the exceptions; nothing where the closure agrees.
TRUTH = """
with till_days as (
    select
        coalesce(printed_store, store_id) as store_id, till_id, document_date as business_date,
        bool_or(printed_store is not null or quantity_text is not null) as is_grey
    from derived_receipts left join oddities using (receipt_no)
    group by all
),
faults as (
    select store_id, till_id, business_date, 'closure_missing' as word
    from closure_faults where fault = 'missing'
    union all
    select store_id, till_id, next_date, 'closure_repeated' from closure_faults where fault = 'repeated'
    union all
    select store_id, till_id, business_date, 'closure_unequal' from closure_faults where fault = 'unequal'
    union all
    select store_id, till_id, business_date, 'cash_over_short' from closure_faults where fault = 'cash_short'
),
words as (
    select * from faults
    union all
    select store_id, till_id, business_date, 'not_checked' from till_days where is_grey
)
select
    store_id, till_id, business_date, coalesce(string_agg(word, ',' order by word), '') as words
from till_days left join words using (store_id, till_id, business_date)
group by all
order by all
"""


def commit_closure_faults(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Plant the faults into `derived_closures`; `closure_faults` says where."""
    connection.execute(
        CHOSEN.format(
            seed=int(seed),
            fortnight=FORTNIGHT_START,
            unposted=UNPOSTED_STORE,
            short=SHORT_PENCE,
            counted=list(COUNTED_PENCE),
        )
    )
    for statement in COMMITTED:
        connection.execute(statement)


def write_closure_truth(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the truth about every till-day, for the judge alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    quoted = path.as_posix().replace("'", "''")
    connection.execute(f"copy ({TRUTH}) to '{quoted}' (format parquet)")
