with source as (
    select * from {{ newest_versions(source('sage200', 'nominal_codes')) }}
),

renamed as (
    select
        company_id,
        id as nominal_code_id,
        reference as nominal_code,
        coalesce(cost_centre_code, '') as cost_centre,
        coalesce(department_code, '') as department,
        name,
        lower(nominal_account_type) as account_type,
        case account_status_type when 'AccountStatusHidden' then 'hidden' else 'active' end as account_status
    from source
)

select * from renamed
