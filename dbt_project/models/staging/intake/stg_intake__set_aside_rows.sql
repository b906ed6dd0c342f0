with source as (
    select * from {{ newest_versions(source('intake', 'set_aside_rows')) }}
),

renamed as (
    select
        company_id,
        delivery_id,
        source_file,
        source_row,
        column_name,
        reason,
        raw_text,
        store_code,
        till_code as till_id,
        receipt_no,
        pass_number
    from source
)

select * from renamed
