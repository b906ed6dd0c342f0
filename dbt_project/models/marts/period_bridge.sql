-- For every accounting period, from what its tills took to what Sage has in it: the differences of its store-days by name, what of
-- it Sage has in another period, and what it holds of others. `sage` is summed by Sage's own period, without any store-day, so the
-- residual is a check that can fail.
with periods as (
    select
        company_id,
        period_start_date,
        period_end_date
    from {{ ref('stg_ledger__periods') }}
),

-- the period of a day that no period of Sage's covers is its month
of_days as (
    select
        lines.company_id,
        coalesce(periods.period_start_date, {{ month_of('lines.business_date') }}) as period_start_date,
        lines.measure,
        lines.line_order,
        lines.line_kind,
        cast(null as date) as other_period_start_date,
        {{ whole('sum(lines.amount_pence)') }} as amount_pence,
        {{ whole('sum(lines.document_count)') }} as document_count
    from {{ whole_of('bridge_lines') }} as lines
    left join periods
        on
            lines.company_id = periods.company_id
            and lines.business_date between periods.period_start_date and periods.period_end_date
    where lines.line_kind not in ('sage', 'residual')
    group by
        lines.company_id, coalesce(periods.period_start_date, {{ month_of('lines.business_date') }}), lines.measure, lines.line_order,
        lines.line_kind
),

documents as (
    select
        slotted.company_id,
        slotted.measure,
        coalesce(periods.period_start_date, {{ month_of('slotted.business_date') }}) as day_period,
        slotted.period_start_date as ledger_period,
        slotted.amount_pence,
        slotted.document_count
    from {{ whole_of('sage_by_slot') }} as slotted
    left join periods
        on
            slotted.company_id = periods.company_id
            and slotted.business_date between periods.period_start_date and periods.period_end_date
),

moved as (
    select
        company_id,
        day_period,
        ledger_period,
        measure,
        {{ whole('sum(amount_pence)') }} as amount_pence,
        {{ whole('sum(document_count)') }} as document_count
    from documents
    where ledger_period is null or ledger_period <> day_period
    group by company_id, day_period, ledger_period, measure
),

accounted_elsewhere as (
    select
        company_id,
        day_period as period_start_date,
        measure,
        case when ledger_period is null then 52 when ledger_period > day_period then 50 else 51 end as line_order,
        case
            when ledger_period is null then 'not_accounted_yet'
            when ledger_period > day_period then 'this_period_accounted_later'
            else 'this_period_accounted_earlier'
        end as line_kind,
        ledger_period as other_period_start_date,
        -amount_pence as amount_pence,
        document_count
    from moved
),

accounted_here as (
    select
        company_id,
        ledger_period as period_start_date,
        measure,
        case when day_period < ledger_period then 53 else 54 end as line_order,
        case when day_period < ledger_period then 'earlier_periods_accounted_here' else 'later_periods_accounted_here' end as line_kind,
        day_period as other_period_start_date,
        amount_pence,
        document_count
    from moved
    where ledger_period is not null
),

sage_totals as (
    select
        company_id,
        period_start_date,
        measure,
        98 as line_order,
        'sage' as line_kind,
        cast(null as date) as other_period_start_date,
        {{ whole('sum(amount_pence)') }} as amount_pence,
        {{ whole('sum(document_count)') }} as document_count
    from {{ whole_of('sage_by_date') }} as dated
    where period_start_date is not null
    group by company_id, period_start_date, measure
),

named as (
    select * from of_days
    union all
    select * from accounted_elsewhere
    union all
    select * from accounted_here
    union all
    select * from sage_totals
),

residuals as (
    select
        company_id,
        period_start_date,
        measure,
        99 as line_order,
        'residual' as line_kind,
        cast(null as date) as other_period_start_date,
        {{ whole("sum(case when line_kind = 'sage' then -amount_pence else amount_pence end)") }} as amount_pence,
        cast(0 as bigint) as document_count
    from named
    group by company_id, period_start_date, measure
),

bridge as (
    select * from named
    union all
    select * from residuals
),

typed as (
    select
        company_id,
        period_start_date,
        measure,
        cast(line_order as integer) as line_order,
        line_kind,
        other_period_start_date,
        amount_pence,
        document_count
    from bridge
)

select * from typed
