with source as (
    select * from {{ newest_versions(source('sage200', 'sales_tax_items')) }}
),

renamed as (
    select
        company_id,
        urn,
        item_no,
        tax_code,
        {{ pence('goods_amount') }} as net_pence,
        {{ pence('tax_amount') }} as tax_pence
    from source
)

select * from renamed
