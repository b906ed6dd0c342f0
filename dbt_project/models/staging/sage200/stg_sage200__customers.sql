with source as (
    select * from {{ newest_versions(source('sage200', 'customers')) }}
),

renamed as (
    select
        company_id,
        id as customer_id,
        reference as customer_reference,
        name,
        on_hold as is_on_hold,
        case account_status_type when 'AccountStatusHidden' then 'hidden' else 'active' end as account_status
    from source
)

select * from renamed
