with source as (
    select * from {{ newest_versions(source('pos', 'products')) }}
),

renamed as (
    select
        company_id,
        store_code,
        sku as sku_as_sent,
        upper(trim(sku)) as sku,
        description,
        upper(trim(tax_code)) as till_tax_code,
        unit_price as unit_price_amount
    from source
)

select * from renamed
