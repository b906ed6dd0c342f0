with source as (
    select * from {{ newest_versions(source('pos', 'till_closures')) }}
),

renamed as (
    select
        company_id,
        store_code,
        till_code as till_id,
        closure_no,
        document_date as business_date,
        opened_at_local,
        closed_at_local,
        receipts_count,
        {{ pence('sales_amount') }} as sales_pence,
        {{ pence('returns_amount') }} as returns_pence,
        {{ pence('cash_amount') }} as cash_pence,
        {{ pence('card_amount') }} as card_pence,
        {{ pence('counted_cash_amount') }} as counted_cash_pence
    from source
)

select * from renamed
