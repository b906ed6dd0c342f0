with source as (
    select * from {{ newest_versions(source('operations', 'period_overrides')) }}
),

renamed as (
    select
        company_id,
        accounting_period_id,
        period_state
    from source
)

select * from renamed
