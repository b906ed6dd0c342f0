-- The store-days that this pass judged, and why their days were chosen (orchestration/touched_days.py).
with slots as (
    select
        company_id,
        store_id,
        business_date
    from {{ ref('expected_documents') }}
    union
    select
        company_id,
        coalesce(store_id, 'unknown') as store_id,
        document_date as business_date
    from {{ ref('int_ledger_documents_attributed') }}
),

reasoned as (
    select
        slots.company_id,
        slots.store_id,
        slots.business_date,
        {% if are_days_kept() %}judged_days.reason{% else %}'all_days' as reason{% endif %},
        pass.pass_number
    from slots
    cross join {{ ref('stg_run__pass') }} as pass
    {%- if are_days_kept() %}
    inner join kept.judged_days as judged_days on slots.business_date = judged_days.day
    {%- endif %}
)

select * from reasoned
