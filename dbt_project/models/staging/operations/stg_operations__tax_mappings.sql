with source as (
    select * from {{ newest_versions(source('operations', 'tax_mappings')) }}
),

renamed as (
    select
        company_id,
        upper(trim(till_tax_code)) as till_tax_code,
        tax_code,
        cast(required_rate * 1000 as bigint) as required_rate_thousandths,
        valid_from,
        valid_to
    from source
)

select * from renamed
