with source as (
    select * from {{ newest_versions(source('operations', 'sku_mappings')) }}
),

renamed as (
    select
        company_id,
        upper(trim(sku)) as sku,
        lower(category) as category,
        valid_from,
        valid_to
    from source
)

select * from renamed
