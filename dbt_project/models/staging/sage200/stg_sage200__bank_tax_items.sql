with source as (
    select * from {{ newest_versions(source('sage200', 'bank_tax_items'), 'transaction_date') }}
),

renamed as (
    select
        company_id,
        urn,
        item_no,
        cast(null as varchar) as nominal_code,  -- Sage 200 keeps accounts and tax codes apart
        tax_code,
        {{ pence('goods_amount') }} as net_pence,
        {{ pence('tax_amount') }} as tax_pence
    from source
)

select * from renamed
