-- Receipt numbers that never came, where the store declares that its tills count without gaps: between two receipts of one run of
-- the counter, once the later is past its grace. A counter that falls back by more than half has wrapped or begun anew. A receipt
-- of which rows were set aside came.
with counted as (
    select
        receipts.company_id,
        receipts.store_id,
        receipts.store_code,
        receipts.till_id,
        receipts.business_date,
        receipts.sold_at,
        receipts.receipt_no,
        case when stores.receipt_numbers = 'per_till' then receipts.till_id else '' end as counter,
        try_cast(regexp_replace(receipts.receipt_no, '^[^0-9]+', '') as bigint) as number
    from {{ whole_of('receipts') }} as receipts
    inner join {{ ref('stg_operations__stores') }} as stores
        on
            receipts.company_id = stores.company_id
            and receipts.store_code = stores.store_code
            and {{ is_in_force('stores', 'receipts.document_date') }}
    where stores.receipt_numbers in ('per_till', 'per_store')
),

ordered as (
    select
        *,
        lag(number) over (partition by company_id, store_code, counter order by sold_at, number) as previous_number
    from counted
    where number is not null
),

in_runs as (
    select
        *,
        sum(case when 2 * number < previous_number then 1 else 0 end) over (
            partition by company_id, store_code, counter
            order by sold_at, number rows between unbounded preceding and current row
        ) as run_no
    from ordered
),

numbered as (
    select
        company_id,
        store_id,
        store_code,
        counter,
        run_no,
        number,
        min(till_id) as till_id,
        min(business_date) as business_date,
        min(sold_at) as sold_at
    from in_runs
    group by company_id, store_id, store_code, counter, run_no, number
),

followed as (
    select
        *,
        lag(number) over (partition by company_id, store_code, counter, run_no order by number) as lower_number,
        lag(sold_at) over (partition by company_id, store_code, counter, run_no order by number) as lower_sold_at
    from numbered
),

gaps as (
    select
        followed.*,
        followed.number - followed.lower_number - 1 as numbers_between
    from followed
    cross join {{ ref('stg_run__pass') }} as pass
    left join {{ ref('stg_operations__companies') }} as companies on followed.company_id = companies.company_id
    where
        followed.number > followed.lower_number + 1
        -- what was sold before it and comes later is late, not lost
        and {{ seconds_between('greatest(followed.sold_at, followed.lower_sold_at)', 'pass.as_of') }} >= coalesce(companies.grace_hours, 0) * 3600
),

set_aside as (
    select distinct
        company_id,
        store_code,
        till_id,
        document_date,
        try_cast(regexp_replace(receipt_no, '^[^0-9]+', '') as bigint) as number
    from {{ ref('int_deliveries_awaited') }}
    where document_date is not null and receipt_no is not null
),

came_in_part as (
    select
        gaps.company_id,
        gaps.store_code,
        gaps.counter,
        gaps.run_no,
        gaps.number,
        {{ whole('count(distinct set_aside.number)') }} as numbers
    from gaps
    inner join set_aside
        on
            gaps.company_id = set_aside.company_id
            and gaps.store_code = set_aside.store_code
            and (gaps.counter = '' or gaps.counter = set_aside.till_id)
            and gaps.lower_number < set_aside.number
            and gaps.number > set_aside.number
            and abs(date_diff('day', set_aside.document_date, gaps.business_date)) <= 31
    group by gaps.company_id, gaps.store_code, gaps.counter, gaps.run_no, gaps.number
),

worded as (
    select
        gaps.company_id,
        gaps.store_id,
        gaps.store_code,
        gaps.till_id,
        gaps.business_date,
        {{ whole('gaps.numbers_between - coalesce(came_in_part.numbers, 0)') }} as missing_count,
        right('000000000000000000' || cast(gaps.lower_number as varchar), 18) as order_text,
        cast(gaps.lower_number + 1 as varchar)
        || case when gaps.numbers_between > 1 then ' to ' || cast(gaps.number - 1 as varchar) else '' end as words
    from gaps
    left join came_in_part
        on
            gaps.company_id = came_in_part.company_id
            and gaps.store_code = came_in_part.store_code
            and gaps.counter = came_in_part.counter
            and gaps.run_no = came_in_part.run_no
            and gaps.number = came_in_part.number
    where gaps.numbers_between > coalesce(came_in_part.numbers, 0)
),

skipped as (
    select
        company_id,
        min(store_id) as store_id,
        store_code,
        till_id,
        business_date,
        {{ whole('sum(missing_count)') }} as missing_count,
        string_agg(words, ', ' order by order_text) as missing_receipt_nos
    from worded
    group by company_id, store_code, till_id, business_date
)

select * from skipped
