with source as (
    select * from {{ newest_versions(source('operations', 'store_stops')) }}
),

renamed as (
    select
        company_id,
        store_id,
        reason,
        is_lifted
    from source
)

select * from renamed
