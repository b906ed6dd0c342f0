-- Reconciliation debt: value at risk times days open, by owner and cause. A document counts once, under its one open exception.
with open_exceptions as (
    select * from {{ ref('exceptions') }}
    where status = 'open'
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
    from open_exceptions
    group by company_id, owner, exception_class, cause_key
)

select * from debt
