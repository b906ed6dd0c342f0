{# two deliveries may have a line in the same place: then in the order of what is printed, which is dearer to name by its key -#}
{%- set printed = 'sold_at_local, sku_as_sent, gross_pence, quantity, description, unit_price_amount, net_pence, tax_pence, till_tax_code, line_occurrence' -%}
with lines as (
    select
        event_id,
        company_id,
        store_id,
        {{ business_date('sold_at_local', 'coalesce(day_cutoff_minutes, 0)') }} as business_date,
        cast(row_number() over (partition by company_id, event_id order by source_file, source_row, {{ printed }}) as integer) as line_no,
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
