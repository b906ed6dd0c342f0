-- Can I close? One row per company and calendar period: what stands in the way, in order of value.
with slots as (
    select
        company_id,
        period,
        {{ whole('count(*)') }} as store_days,
        {{ whole("sum(case when slot_verdict = 'open' then 1 else 0 end)") }} as open_store_days,
        {{ whole('sum(money_receipts)') }} as money_receipts,
        {{ whole('sum(nothing_to_post_receipts)') }} as nothing_to_post_receipts,
        {{ whole('sum(till_sales_pence)') }} as till_sales_pence,
        {{ whole('sum(sage_sales_pence)') }} as sage_sales_pence,
        {{ whole('sum(matched_pence)') }} as matched_pence,
        {{ whole('sum(explained_pence)') }} as explained_pence,
        {{ whole('sum(open_pence)') }} as open_pence,
        {{ whole('sum(not_checked_pence)') }} as not_checked_pence,
        {{ whole('sum(residual_pence)') }} as residual_pence
    from {{ whole_of('store_days') }} as store_days
    group by company_id, period
),

blockers as (
    select
        company_id,
        {{ month_of('business_date') }} as period,
        {{ whole('count(*)') }} as open_exceptions,
        {{ whole('sum(value_at_risk_pence)') }} as value_at_risk_pence,
        {{ whole('sum(abs(vat_effect_pence))') }} as vat_at_risk_pence
    from {{ ref('exceptions') }}
    where blocks_close
    group by company_id, {{ month_of('business_date') }}
),

periods as (
    select
        slots.*,
        coalesce(blockers.open_exceptions, 0) as open_exceptions,
        coalesce(blockers.value_at_risk_pence, 0) as value_at_risk_pence,
        coalesce(blockers.vat_at_risk_pence, 0) as vat_at_risk_pence,
        case
            when coalesce(blockers.open_exceptions, 0) = 0 and slots.residual_pence = 0 and slots.not_checked_pence = 0 then 'ready'
            else 'blocked'
        end as close_verdict
    from slots
    left join blockers on slots.company_id = blockers.company_id and slots.period = blockers.period
)

select * from periods
