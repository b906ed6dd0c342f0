with source as (
    select * from {{ newest_versions(source('operations', 'nominal_mappings')) }}
),

renamed as (
    select
        company_id,
        lower(category) as category,
        store_id,
        nominal_code,
        coalesce(cost_centre, '') as cost_centre,
        coalesce(department, '') as department,
        valid_from,
        valid_to
    from source
)

select * from renamed
