with source as (
    select * from {{ newest_versions(source('operations', 'cutovers')) }}
),

renamed as (
    select
        company_id,
        store_id,
        cutover_date,
        opening_balance_pence
    from source
)

select * from renamed
