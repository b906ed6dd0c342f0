-- What each till counted at the end of a trading day (its Z) against the receipts it delivered for that day.
with pass as (
    select * from {{ ref('stg_run__pass') }}
),

closures as (
    select
        company_id,
        store_code,
        till_id,
        business_date,
        {{ whole('count(*)') }} as closure_count,
        {{ list_of('cast(closure_no as varchar)') }} as closure_nos,
        {{ list_of('case when is_repeated then cast(closure_no as varchar) end') }} as repeated_closure_nos,
        max(case when is_after_gap then closure_no end) as gap_before_no,
        max(case when is_after_gap then lower_no end) as gap_after_no,
        max(case when is_after_gap then lower_date end) as gap_after_date,
        max(closed_at_local) as closed_at_local,
        {{ whole('sum(case when is_counted then receipts_count end)') }} as closure_receipts,
        {{ whole('sum(case when is_counted then sales_pence end)') }} as closure_sales_pence,
        -- some tills print returns as what they are worth, some with a minus
        {{ whole('sum(case when is_counted then -abs(returns_pence) end)') }} as closure_returns_pence,
        {{ whole('sum(case when is_counted then cash_pence end)') }} as closure_cash_pence,
        {{ whole('sum(case when is_counted then card_pence end)') }} as closure_card_pence,
        {{ whole('sum(case when is_counted then counted_cash_pence end)') }} as counted_cash_pence
    from {{ ref('int_closures_counted') }}
    group by company_id, store_code, till_id, business_date
),

tenders as (
    select
        company_id,
        event_id,
        sum(case when tender_type = 'CASH' then tender_pence else 0 end) as cash_pence,
        sum(case when tender_type = 'CARD' then tender_pence else 0 end) as card_pence,
        bool_and(tender_type in ('CASH', 'CARD')) as is_cash_or_card
    from {{ ref('receipt_tenders') }}
    group by company_id, event_id
),

judged_receipts as (
    select
        receipts.company_id,
        receipts.store_code,
        receipts.till_id,
        receipts.business_date,
        bool_and(receipts.is_complete) as are_receipts_complete,
        {{ whole('sum(case when receipts.is_sold then 1 else 0 end)') }} as receipts,
        {{ whole('sum(case when receipts.is_sold then 0 else 1 end)') }} as voided_receipts,
        {{ whole('sum(case when receipts.is_sold and receipts.gross_pence > 0 then receipts.gross_pence else 0 end)') }} as sales_pence,
        {{ whole('sum(case when receipts.is_sold and receipts.gross_pence < 0 then receipts.gross_pence else 0 end)') }} as returns_pence,
        {{ whole('sum(case when receipts.is_sold then tenders.cash_pence end)') }} as cash_pence,
        {{ whole('sum(case when receipts.is_sold then tenders.card_pence end)') }} as card_pence,
        coalesce(bool_and(tenders.is_cash_or_card), bool_and(receipts.gross_pence = 0)) as is_cash_or_card
    from (
        select
            *,
            receipt_kind not in ('void', 'no_sale', 'training') as is_sold
        from {{ ref('receipts') }}
        -- the same sale again was sold once
        where verdict <> 'duplicate_in_pos'
    ) as receipts
    left join tenders on receipts.company_id = tenders.company_id and receipts.event_id = tenders.event_id
    group by receipts.company_id, receipts.store_code, receipts.till_id, receipts.business_date
),

-- what the receipts of a kept day come to was published; a day with a receipt that is not whole is never kept
receipts as (
    select * from judged_receipts
    {%- if are_days_kept() %}
    union all by name
    select
        company_id,
        store_code,
        till_id,
        business_date,
        true as are_receipts_complete,
        receipts,
        voided_receipts,
        sales_pence,
        returns_pence,
        cash_pence,
        card_pence,
        cash_pence is not null as is_cash_or_card
    from kept.till_closures
    where receipts + voided_receipts > 0
    {%- endif %}
),

till_days as (
    select
        coalesce(receipts.company_id, closures.company_id) as company_id,
        coalesce(receipts.store_code, closures.store_code) as store_code,
        coalesce(receipts.till_id, closures.till_id) as till_id,
        coalesce(receipts.business_date, closures.business_date) as business_date,
        coalesce(closures.closure_count, 0) as closure_count,
        closures.* exclude (company_id, store_code, till_id, business_date, closure_count),
        coalesce(receipts.are_receipts_complete, true) as are_receipts_complete,
        coalesce(receipts.receipts, 0) as receipts,
        coalesce(receipts.voided_receipts, 0) as voided_receipts,
        coalesce(receipts.sales_pence, 0) as sales_pence,
        coalesce(receipts.returns_pence, 0) as returns_pence,
        -- the closure has two kinds of money; a day with a third word for it cannot be laid beside them
        case when coalesce(receipts.is_cash_or_card, true) then coalesce(receipts.cash_pence, 0) end as cash_pence,
        case when coalesce(receipts.is_cash_or_card, true) then coalesce(receipts.card_pence, 0) end as card_pence
    from receipts
    full outer join closures
        on
            receipts.company_id = closures.company_id
            and receipts.store_code = closures.store_code
            and receipts.till_id = closures.till_id
            and receipts.business_date = closures.business_date
),

placed as (
    select
        till_days.*,
        coalesce(stores.store_id, till_days.store_code) as store_id,
        stores.store_id is not null as is_store_mapped,
        {{ seconds_between(utc_of(
            'cast(till_days.business_date as timestamp) + to_minutes(cast(1440 + coalesce(stores.day_cutoff_minutes, 0) as integer))',
            "coalesce(stores.zone, 'Europe/London')"
        ), 'pass.as_of') }} >= 3600 * coalesce(companies.grace_hours, 0) as is_past_grace,
        min(case when till_days.closure_count > 0 then till_days.business_date end) over (
            partition by till_days.company_id, till_days.store_code
        ) as first_closure_date,
        sum(case when till_days.closure_count = 0 then 1 else 0 end) over (
            partition by till_days.company_id, till_days.store_code, till_days.till_id order by till_days.business_date
        ) as days_without
    from till_days
    cross join pass
    left join {{ ref('stg_operations__stores') }} as stores
        on
            till_days.company_id = stores.company_id
            and till_days.store_code = stores.store_code
            and {{ is_in_force('stores', 'till_days.business_date') }}
    left join {{ ref('stg_operations__companies') }} as companies on till_days.company_id = companies.company_id
),

compared as (
    select
        placed.*,
        concat_ws(
            ',',
            case when placed.closure_receipts not in (placed.receipts, placed.receipts + placed.voided_receipts) then 'receipts' end,
            case when placed.closure_sales_pence <> placed.sales_pence then 'sales' end,
            case when placed.closure_returns_pence <> placed.returns_pence then 'returns' end,
            case when placed.closure_cash_pence <> placed.cash_pence then 'cash' end,
            case when placed.closure_card_pence <> placed.card_pence then 'card' end
        ) as differences,
        case
            when placed.closure_cash_pence <> placed.cash_pence then null
            else placed.counted_cash_pence - coalesce(placed.cash_pence, placed.closure_cash_pence)
        end as cash_over_short_pence,
        -- a number is missing besides those of the days that have no closure at all
        placed.gap_before_no - placed.gap_after_no - 1
        > placed.days_without - coalesce(lower_days.days_without, placed.days_without) as has_gap
    from placed
    left join placed as lower_days
        on
            placed.company_id = lower_days.company_id
            and placed.store_code = lower_days.store_code
            and placed.till_id = lower_days.till_id
            and placed.gap_after_date = lower_days.business_date
),

judged as (
    select
        company_id,
        store_id,
        store_code,
        till_id,
        business_date,
        case
            when not is_store_mapped then 'not_checked'
            when closure_count = 0 and business_date < coalesce(first_closure_date, date '9999-12-31') then 'not_checked'
            when closure_count > 0 and differences = '' then 'agrees'
            when closure_count > 0 and not are_receipts_complete then 'not_checked'
            when not is_past_grace then 'pending'
            when closure_count = 0 then 'missing'
            else 'unequal'
        end as closure_verdict,
        case
            when not is_store_mapped then 'store_unmapped'
            when closure_count = 0 and business_date < coalesce(first_closure_date, date '9999-12-31') then 'before_first_closure'
            when closure_count > 0 and differences <> '' and not are_receipts_complete then 'rows_set_aside'
        end as reason,
        differences,
        closure_count,
        closure_nos,
        repeated_closure_nos,
        case when has_gap and is_past_grace then cast(gap_after_no + 1 as varchar) || '-' || cast(gap_before_no - 1 as varchar) end as missing_closure_nos,
        closed_at_local,
        closure_receipts,
        receipts,
        voided_receipts,
        closure_sales_pence,
        sales_pence,
        closure_returns_pence,
        returns_pence,
        closure_cash_pence,
        cash_pence,
        closure_card_pence,
        card_pence,
        counted_cash_pence,
        case when is_past_grace then {{ whole('cash_over_short_pence') }} end as cash_over_short_pence
    from compared
)

select * from judged
