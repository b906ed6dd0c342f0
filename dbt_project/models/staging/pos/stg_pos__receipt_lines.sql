with source as (
    select * from {{ newest_versions(source('pos', 'receipt_lines'), 'document_date') }}
),

renamed as (
    select
        company_id,
        store_code,
        till_code as till_id,
        receipt_no,
        occurrence,
        document_date,
        upper(receipt_kind) as receipt_kind,
        sold_at_local,
        sku as sku_as_sent,
        upper(trim(sku)) as sku,
        description,
        quantity,
        unit_price as unit_price_amount,
        {{ pence('net_amount') }} as net_pence,
        {{ pence('tax_amount') }} as tax_pence,
        {{ pence('gross_amount') }} as gross_pence,
        upper(trim(tax_code)) as till_tax_code,
        cast(tax_rate * 1000 as bigint) as tax_rate_thousandths,
        customer_no,
        destination,
        original_store_code,
        original_till_code as original_till_id,
        original_receipt_no,
        original_date,
        profile,
        line_occurrence,
        source_key,
        delivery_id,
        source_file,
        source_row,
        pass_number
    from source
)

select * from renamed
