with source as (
    select * from {{ newest_versions(source('sage50', 'tax_codes')) }}
),

renamed as (
    select
        company_id,
        cast(substr(tax_code, 2) as bigint) as tax_code_id,
        cast(substr(tax_code, 2) as integer) as tax_code,
        description as name,
        cast(tax_rate * 1000 as bigint) as tax_rate_thousandths
    from source
)

select * from renamed
