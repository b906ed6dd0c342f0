with roles as (
    select * from {{ ref('stg_sage50__account_roles') }}
    where account_role <> 'Bank'
),

shaped as (
    select
        company_id,
        account_role as control_type,
        account_role as name,
        nominal_code
    from roles
)

select * from shaped
