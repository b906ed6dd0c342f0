with source as (
    select * from {{ newest_versions(source('sage50', 'account_roles')) }}
),

renamed as (
    select
        company_id,
        nominal_code,
        account_role
    from source
)

select * from renamed
