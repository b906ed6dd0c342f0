with source as (
    select * from {{ newest_versions(source('operations', 'companies')) }}
),

renamed as (
    select
        company_id,
        name,
        currency,
        ledger_kind,
        suspense_nominal_code,
        grace_hours,
        late_policy,
        tax_rounding_cap_pence,
        outside_scope_tax_code,
        coalesce(match_tolerance_pence, 0) as match_tolerance_pence,
        coalesce(match_tolerance_days, 0) as match_tolerance_days,
        unallocated_after_days,
        coalesce(sales_posted_as, 'invoice') as sales_posted_as,
        posting_enabled as is_posting_enabled
    from source
)

select * from renamed
