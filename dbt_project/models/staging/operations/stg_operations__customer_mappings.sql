with source as (
    select * from {{ newest_versions(source('operations', 'customer_mappings')) }}
),

renamed as (
    select
        company_id,
        customer_no,
        customer_reference,
        valid_from,
        valid_to
    from source
)

select * from renamed
