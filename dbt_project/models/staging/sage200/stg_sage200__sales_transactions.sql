with source as (
    select * from {{ newest_versions(source('sage200', 'sales_posted_transactions'), 'transaction_date') }}
),

renamed as (
    select
        company_id,
        id as transaction_id,
        customer_id,
        trader_transaction_type,
        reference,
        second_reference,
        transaction_date,
        posted_date as posted_at,
        {{ pence('document_goods_value') }} as net_pence,
        {{ pence('document_tax_value') }} as tax_pence,
        {{ pence('document_gross_value') }} as gross_pence,
        {{ pence('document_allocated_value') }} as allocated_pence,
        urn,
        user_name,
        cast(null as date) as vat_reconciled_date,
        is_historical
    from source
)

select * from renamed
