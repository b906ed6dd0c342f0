with source as (
    select * from {{ newest_versions(source('sage200', 'period_states')) }}
),

renamed as (
    select
        company_id,
        accounting_period_id,
        ledger_type,
        classification,
        message,
        lower(period_state) as period_state
    from source
)

select * from renamed
