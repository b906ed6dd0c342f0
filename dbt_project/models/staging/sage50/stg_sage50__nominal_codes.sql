-- Departments are no part of a Sage 50 account. A control account takes no posting of ours.
with source as (
    select * from {{ newest_versions(source('sage50', 'nominal_ledger')) }}
),

controls as (
    select distinct
        company_id,
        nominal_code
    from {{ ref('stg_sage50__account_roles') }}
    where account_role in ('Debtors', 'Creditors', 'VAT')
),

renamed as (
    select
        source.company_id,
        {{ number_of('source.account_ref') }} as nominal_code_id,
        source.account_ref as nominal_code,
        '' as cost_centre,
        '' as department,
        source.name,
        case when controls.nominal_code is null then 'posting' else 'control' end as account_type,
        case when source.inactive_flag = 0 then 'active' else 'hidden' end as account_status
    from source
    left join controls
        on source.company_id = controls.company_id and source.account_ref = controls.nominal_code
)

select * from renamed
