with source as (
    select * from {{ newest_versions(source('operations', 'tender_mappings')) }}
),

renamed as (
    select
        company_id,
        upper(trim(tender_type)) as tender_type,
        store_id,
        nullif(bank_code, '') as bank_code,
        coalesce(settlement, 'bank') as settlement,
        nullif(category, '') as category,
        upper(nullif(till_tax_code, '')) as till_tax_code,
        valid_from,
        valid_to
    from source
)

select * from renamed
