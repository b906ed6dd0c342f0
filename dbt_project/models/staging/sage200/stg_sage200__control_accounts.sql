with source as (
    select * from {{ newest_versions(source('sage200', 'control_nominal_codes')) }}
),

renamed as (
    select
        company_id,
        control_nominal_code_type as control_type,
        name,
        account_number as nominal_code
    from source
)

select * from renamed
