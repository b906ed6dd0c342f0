{{ config(materialized='view') }}
with source as (
    select * from {{ newest_versions(source('sage200', 'products')) }}
),

renamed as (
    select
        company_id,
        id as product_id,
        code as sku_in_sage,
        upper(trim(code)) as sku,
        name,
        upper(product_group) as product_group
    from source
)

select * from renamed
