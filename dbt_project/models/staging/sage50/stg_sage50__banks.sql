-- A bank of Sage 50 is a nominal account; which of them are banks, the settings say.
with banks as (
    select accounts.*
    from {{ ref('stg_sage50__nominal_codes') }} as accounts
    inner join {{ ref('stg_sage50__account_roles') }} as roles
        on accounts.company_id = roles.company_id and accounts.nominal_code = roles.nominal_code
    where roles.account_role = 'Bank'
),

shaped as (
    select
        company_id,
        nominal_code_id as bank_id,
        nominal_code as bank_code,
        name as description,
        account_status,
        nominal_code,
        cost_centre,
        department
    from banks
)

select * from shaped
