with source as (
    select * from {{ newest_versions(source('sage200', 'tax_codes')) }}
),

renamed as (
    select
        company_id,
        id as tax_code_id,
        code as tax_code,
        name,
        cast(tax_rate * 1000 as bigint) as tax_rate_thousandths
    from source
)

select * from renamed
