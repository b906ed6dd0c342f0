with source as (
    select * from {{ newest_versions(source('operations', 'writers_of_record')) }}
),

renamed as (
    select
        company_id,
        store_id,
        writer,
        valid_from,
        valid_to
    from source
)

select * from renamed
