with source as (
    select * from {{ newest_versions(source('intake', 'deliveries')) }}
),

renamed as (
    select
        company_id,
        delivery_id,
        source_file,
        modified_ns,
        store_code,
        profile,
        table_name,
        status,
        rows_read,
        rows_landed,
        rows_set_aside,
        duplicate_of,
        message,
        pass_number
    from source
)

select * from renamed
