with source as (
    select * from {{ newest_versions(source('operations', 'tender_mappings')) }}
),

renamed as (
    select
        company_id,
        upper(trim(tender_type)) as tender_type,
        store_id,
        bank_code,
        valid_from,
        valid_to
    from source
)

select * from renamed
