-- Accounts that Sage posts to by itself, so that a document's own legs can be told from them: never by narrative.
with controls as (
    select
        company_id,
        nominal_code,
        case
            when lower(control_type) like '%debtor%' then 'debtors'
            when lower(control_type) like '%vat%' or lower(control_type) like '%tax%' then 'vat'
            when lower(control_type) like '%suspense%' then 'suspense'
        end as control_role
    from {{ ref('stg_ledger__control_accounts') }}
),

suspense_by_setting as (
    select
        company_id,
        suspense_nominal_code as nominal_code,
        'suspense' as control_role
    from {{ ref('stg_operations__companies') }}
    where suspense_nominal_code is not null
),

named as (
    select
        company_id,
        nominal_code,
        control_role
    from controls
    where control_role is not null
    union
    select * from suspense_by_setting
)

select * from named
