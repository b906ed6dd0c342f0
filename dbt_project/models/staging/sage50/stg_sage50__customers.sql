with source as (
    select * from {{ newest_versions(source('sage50', 'sales_ledger')) }}
),

renamed as (
    select
        company_id,
        {{ number_of('account_ref') }} as customer_id,
        account_ref as customer_reference,
        name,
        coalesce(account_on_hold, 0) <> 0 as is_on_hold,
        case when coalesce(inactive_flag, 0) = 0 then 'active' else 'hidden' end as account_status
    from source
)

select * from renamed
