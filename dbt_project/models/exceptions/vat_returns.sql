-- Each VAT period with what corrections of ours have added to its return since it was filed, and what is still open in it.
with periods as (
    select * from {{ ref('stg_operations__vat_periods') }}
),

corrections as (
    select
        company_id,
        corrects_return,
        {{ whole('sum(box_1_pence)') }} as net_error_pence,
        {{ whole('sum(box_6_pence)') }} as net_error_box_6_pence,
        count(*) as corrections
    from {{ ref('stg_operations__intents') }}
    where corrects_return is not null and truth_present
    group by company_id, corrects_return
),

still_open as (
    select
        company_id,
        vat_period_start_date,
        count(*) as open_exceptions,
        {{ whole('sum(vat_effect_pence)') }} as open_vat_effect_pence,
        {{ whole('sum(coalesce(box_6_effect_pence, 0))') }} as open_box_6_effect_pence
    from {{ ref('exceptions') }}
    where status = 'open' and (vat_effect_pence <> 0 or box_6_effect_pence <> 0)
    group by company_id, vat_period_start_date
),

returns as (
    select
        periods.company_id,
        periods.valid_from as period_start_date,
        periods.valid_to as period_end_date,
        periods.filed_on,
        periods.error_limit_pence,
        coalesce(corrections.corrections, 0) as corrections,
        coalesce(corrections.net_error_pence, 0) as net_error_pence,
        coalesce(corrections.net_error_box_6_pence, 0) as net_error_box_6_pence,
        coalesce(still_open.open_exceptions, 0) as open_exceptions,
        coalesce(still_open.open_vat_effect_pence, 0) as open_vat_effect_pence,
        coalesce(still_open.open_box_6_effect_pence, 0) as open_box_6_effect_pence
    from periods
    left join corrections
        on periods.company_id = corrections.company_id and periods.valid_from = corrections.corrects_return
    left join still_open
        on periods.company_id = still_open.company_id and periods.valid_from = still_open.vat_period_start_date
)

select * from returns
