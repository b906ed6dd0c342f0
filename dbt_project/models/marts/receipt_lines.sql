with lines as (
    select
        event_id,
        company_id,
        store_id,
        {{ business_date('sold_at_local', 'coalesce(day_cutoff_minutes, 0)') }} as business_date,
        cast(row_number() over (partition by company_id, event_id order by source_file, source_row, source_key) as integer) as line_no,
        sku_as_sent,
        sku,
        category,
        description,
        quantity,
        unit_price_amount,
        net_pence,
        till_tax_code,
        cast(tax_rate_thousandths as bigint) as tax_rate_thousandths,
        tax_pence,
        gross_pence,
        {{ is_return_line('category', 'receipt_kind', 'gross_pence') }} as is_return,
        source_file,
        source_row
    from {{ ref('int_receipt_lines_placed') }}
)

select * from lines
