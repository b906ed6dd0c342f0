with deliveries as (
    select
        company_id,
        delivery_id,
        source_file,
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
    from {{ ref('stg_intake__deliveries') }}
)

select * from deliveries
