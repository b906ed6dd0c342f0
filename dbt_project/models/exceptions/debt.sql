-- Reconciliation debt: value at risk times days open, by owner and cause. A document counts once, under its one open exception.
-- The forecast: what an owner has open of a class clears in as many days as it takes at the pace at which exceptions of that class
-- were resolved over the last 28 days, or over as many as history has, if nothing new opens.
with exceptions as (
    select * from {{ ref('exceptions') }}
),

debt as (
    select
        company_id,
        owner,
        exception_class,
        cause_key,
        {{ whole('count(*)') }} as open_exceptions,
        {{ whole('sum(value_at_risk_pence)') }} as value_at_risk_pence,
        {{ whole('sum(vat_effect_pence)') }} as vat_effect_pence,
        {{ whole('sum(debt_pence_days)') }} as debt_pence_days,
        min(first_seen_at) as oldest_first_seen_at,
        min(severity) as worst_severity,
        min(suggested_remedy) as suggested_remedy,
        min(runbook) as runbook
    from exceptions
    where status = 'open'
    group by company_id, owner, exception_class, cause_key
),

first_passes as (
    select
        company_id,
        min(as_of) as first_judged_at
    from {{ ref('stg_history__judgements') }}
    group by company_id
),

windows as (
    select
        first_passes.company_id,
        pass.as_of,
        least({{ forecast_window_days() }}, {{ seconds_between('first_passes.first_judged_at', 'pass.as_of') }} // 86400) as window_days
    from first_passes
    cross join {{ ref('stg_run__pass') }} as pass
),

paces as (
    select
        exceptions.company_id,
        exceptions.owner,
        exceptions.exception_class,
        {{ whole("sum(case when exceptions.status = 'open' then 1 else 0 end)") }} as open_exceptions,
        {{ whole("sum(case when exceptions.status = 'resolved' and exceptions.resolved_at > windows.as_of - to_days(cast(windows.window_days as integer)) then 1 else 0 end)") }} as resolved_exceptions,
        min(windows.window_days) as window_days,
        min(windows.as_of) as as_of
    from exceptions
    inner join windows on exceptions.company_id = windows.company_id
    where windows.window_days >= {{ forecast_least_days() }}
    group by exceptions.company_id, exceptions.owner, exceptions.exception_class
),

forecast as (
    select
        debt.*,
        coalesce(paces.resolved_exceptions, 0) as resolved_exceptions,
        -- whole days, a begun one counts; ten years and more are no forecast
        case
            when paces.resolved_exceptions > 0 and paces.open_exceptions * paces.window_days <= 3650 * paces.resolved_exceptions
                then cast(paces.as_of + to_days(cast((paces.open_exceptions * paces.window_days + paces.resolved_exceptions - 1) // paces.resolved_exceptions as integer)) as date)
        end as forecast_clear_date
    from debt
    left join paces
        on
            debt.company_id = paces.company_id
            and debt.owner = paces.owner
            and debt.exception_class = paces.exception_class
)

select * from forecast
