with source as (
    select * from {{ newest_versions(source('sage200', 'banks')) }}
),

renamed as (
    select
        company_id,
        id as bank_id,
        code as bank_code,
        description,
        case account_status_type when 'AccountStatusHidden' then 'hidden' else 'active' end as account_status,
        nominal_reference as nominal_code,
        coalesce(nominal_cost_centre, '') as cost_centre,
        coalesce(nominal_department, '') as department
    from source
)

select * from renamed
