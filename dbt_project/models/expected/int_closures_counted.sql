-- Each closure of a till (its Z), and, where its store maps over and short, the bank document by which the cash that was counted
-- parts from the cash that was taken: into the cash tender's bank where it was over, out of it where short. Its identity is the
-- closure's own, never the amount. Where closure and tenders disagree there is nothing to count against, and no document.
with ordered as (
    select
        *,
        row_number() over (partition by company_id, store_code, till_id order by business_date, closed_at_local, closure_no) as place,
        lag(closure_no) over (partition by company_id, store_code, till_id order by business_date, closed_at_local, closure_no) as previous_no
    from {{ ref('stg_pos__till_closures') }}
),

-- A counter that falls back to 1 began anew (wrapped, or another till): its numbers are compared with their own run only.
in_runs as (
    select
        *,
        sum(case when closure_no <= 1 and previous_no > closure_no then 1 else 0 end) over (
            partition by company_id, store_code, till_id order by place
        ) as run_no
    from ordered
),

numbered as (
    select
        *,
        row_number() over (partition by company_id, store_code, till_id, run_no, closure_no order by place) > 1 as is_repeated
    from in_runs
),

-- With the next lower number of the run.
followed as (
    select
        *,
        lag(closure_no) over (partition by company_id, store_code, till_id, run_no, is_repeated order by closure_no) as lower_no,
        lag(business_date) over (partition by company_id, store_code, till_id, run_no, is_repeated order by closure_no) as lower_date,
        -- a repeated one counts only where its day has no other
        min(case when is_repeated then 1 else 0 end) over (partition by company_id, store_code, till_id, business_date) = case when is_repeated then 1 else 0 end as is_counted
    from numbered
),

-- Where an earlier day has the lower number, what lies between never came.
skipping as (
    select
        *,
        not is_repeated and closure_no > lower_no + 1 and lower_date <= business_date as is_after_gap
    from followed
),

-- by the mapping of the category `cash_over_short`; one that names the store stands above one for any
mapped as (
    select
        skipping.company_id,
        skipping.store_code,
        skipping.till_id,
        skipping.closure_no,
        skipping.business_date,
        skipping.cash_pence,
        skipping.counted_cash_pence,
        stores.store_id,
        {{ utc_of('cast(skipping.business_date as timestamp) + to_minutes(cast(1440 + coalesce(stores.day_cutoff_minutes, 0) as integer))', "coalesce(stores.zone, 'Europe/London')") }} as day_ends_at,
        mappings.nominal_code,
        case when mappings.cost_centre = '=' then stores.cost_centre else mappings.cost_centre end as cost_centre,
        case when mappings.department = '=' then stores.department else mappings.department end as department,
        companies.outside_scope_tax_code as tax_code,
        companies.currency,
        case when tenders.settlement = 'bank' then tenders.bank_code end as bank_code,
        row_number() over (
            partition by skipping.company_id, skipping.store_code, skipping.till_id, skipping.closure_no, skipping.business_date
            order by
                case when mappings.store_id = '*' then 1 else 0 end asc, mappings.valid_from desc,
                case when tenders.store_id = '*' then 1 else 0 end asc, tenders.bank_code asc
        ) as mapping_rank
    from skipping
    inner join {{ ref('stg_operations__stores') }} as stores
        on
            skipping.company_id = stores.company_id
            and skipping.store_code = stores.store_code
            and {{ is_in_force('stores', 'skipping.business_date') }}
    inner join {{ ref('stg_operations__nominal_mappings') }} as mappings
        on
            skipping.company_id = mappings.company_id
            and mappings.category = 'cash_over_short'
            and mappings.store_id in (stores.store_id, '*')
            and {{ is_in_force('mappings', 'skipping.business_date') }}
    left join {{ ref('stg_operations__tender_mappings') }} as tenders
        on
            skipping.company_id = tenders.company_id
            and tenders.tender_type = 'CASH'
            and tenders.store_id in (stores.store_id, '*')
            and {{ is_in_force('tenders', 'skipping.business_date') }}
    left join {{ ref('stg_operations__companies') }} as companies on skipping.company_id = companies.company_id
    where skipping.is_counted and {{ is_judged_now('skipping.business_date') }}
),

counting as (
    select
        *,
        count(*) over (partition by company_id, store_code, till_id, business_date) as closures_of_day,
        bool_and(cash_pence is not null) over (partition by company_id, store_code, till_id, business_date) as has_cash,
        {{ whole('sum(cash_pence) over (partition by company_id, store_code, till_id, business_date)') }} as day_cash_pence
    from mapped
    where mapping_rank = 1
),

till_days as (
    select distinct
        company_id,
        store_code,
        till_id,
        business_date
    from counting
),

-- what each receipt of those days took, and whether another was printed in its moment and comes to the same: a till that is
-- exported twice sold it once
receipts as (
    select
        receipts.company_id,
        receipts.store_code,
        receipts.till_id,
        receipts.business_date,
        receipts.event_id,
        receipts.currency,
        receipts.is_complete,
        row_number() over (
            partition by
                receipts.company_id, receipts.store_code, receipts.till_id, receipts.sold_at_local, receipts.receipt_kind, receipts.gross_pence,
                receipts.tax_pence, receipts.line_count, receipts.customer_no
            order by receipts.event_id
        ) > 1 as may_be_a_copy,
        coalesce(sum(case when tenders.tender_type = 'CASH' then tenders.tender_pence end), 0) as cash_pence,
        coalesce(bool_and(tenders.tender_type in ('CASH', 'CARD')), receipts.gross_pence = 0) as is_cash_or_card
    from {{ ref('int_receipts_totalled') }} as receipts
    inner join till_days
        on
            receipts.company_id = till_days.company_id
            and receipts.store_code = till_days.store_code
            and receipts.till_id = till_days.till_id
            and receipts.business_date = till_days.business_date
    left join {{ ref('int_tenders_placed') }} as tenders
        on
            receipts.company_id = tenders.company_id
            and receipts.store_code = tenders.store_code
            and receipts.till_id = tenders.till_id
            and receipts.receipt_no = tenders.receipt_no
            and receipts.document_date = tenders.document_date
            and receipts.occurrence = tenders.occurrence
    where receipts.receipt_kind not in ('VOID', 'NO_SALE', 'TRAINING')
    group by
        receipts.company_id, receipts.store_code, receipts.till_id, receipts.business_date, receipts.event_id, receipts.currency,
        receipts.is_complete, receipts.sold_at_local, receipts.receipt_kind, receipts.gross_pence, receipts.tax_pence, receipts.line_count,
        receipts.customer_no
),

taken as (
    select
        company_id,
        store_code,
        till_id,
        business_date,
        min(currency) as least_currency,
        max(currency) as greatest_currency,
        bool_and(is_complete) as is_complete,
        bool_and(is_cash_or_card) as is_cash_or_card,
        {{ whole('sum(cash_pence)') }} as cash_pence,
        {{ whole('sum(case when may_be_a_copy then 0 else cash_pence end)') }} as cash_once_pence
    from receipts
    group by company_id, store_code, till_id, business_date
),

-- a closure says itself what it took, and its day's tenders agree; the only one of a day may leave that to the tenders
differing as (
    select
        counting.*,
        case
            when
                counting.has_cash and coalesce(taken.is_cash_or_card, true)
                and counting.day_cash_pence not in (coalesce(taken.cash_pence, 0), coalesce(taken.cash_once_pence, 0))
                then null
            when counting.has_cash then counting.counted_cash_pence - counting.cash_pence
            when
                counting.closures_of_day = 1 and coalesce(taken.is_cash_or_card, true) and coalesce(taken.is_complete, true)
                and coalesce(taken.cash_pence = taken.cash_once_pence, true)
                then counting.counted_cash_pence - coalesce(taken.cash_pence, 0)
        end as over_short_pence,
        case
            when taken.least_currency <> counting.currency or taken.greatest_currency <> counting.currency then 'foreign'
            else 'home'
        end as currency_status
    from counting
    left join taken
        on
            counting.company_id = taken.company_id
            and counting.store_code = taken.store_code
            and counting.till_id = taken.till_id
            and counting.business_date = taken.business_date
),

counted as (
    select
        skipping.*,
        'closure:' || skipping.store_code || ':' || skipping.till_id || ':' || cast(skipping.closure_no as varchar) || ':'
        || cast(skipping.business_date as varchar) || ':1' as event_id,
        -- what a connector may call it by: the till and the number that it prints
        skipping.till_id || 'Z' || cast(skipping.closure_no as varchar) as document_no,
        case when differing.over_short_pence > 0 then 'bank_receipt' when differing.over_short_pence < 0 then 'bank_payment' end as document_kind,
        {{ whole('differing.over_short_pence') }} as over_short_pence,
        differing.store_id,
        differing.day_ends_at,
        differing.bank_code,
        differing.nominal_code,
        differing.cost_centre,
        differing.department,
        differing.tax_code,
        differing.currency_status
    from skipping
    left join differing
        on
            skipping.company_id = differing.company_id
            and skipping.store_code = differing.store_code
            and skipping.till_id = differing.till_id
            and skipping.closure_no = differing.closure_no
            and skipping.business_date = differing.business_date
            and differing.over_short_pence <> 0
)

select * from counted
