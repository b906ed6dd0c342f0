with set_aside as (
    select
        company_id,
        delivery_id,
        source_file,
        source_row,
        column_name,
        reason,
        raw_text,
        store_code,
        till_id,
        receipt_no,
        pass_number
    from {{ ref('stg_intake__set_aside_rows') }}
)

select * from set_aside
