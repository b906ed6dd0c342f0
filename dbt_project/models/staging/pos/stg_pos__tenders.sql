{{ config(materialized='table') }}
with source as (
    select * from {{ newest_versions(source('pos', 'tenders'), 'document_date') }}
),

renamed as (
    select
        company_id,
        store_code,
        till_code as till_id,
        receipt_no,
        occurrence,
        document_date,
        taken_at_local,
        tender_no,
        upper(trim(tender_type)) as tender_type,
        {{ pence('tender_amount') }} as tender_pence,
        coalesce({{ pence('tip_amount') }}, 0) as tip_pence,
        source_file,
        source_row,
        pass_number
    from source
)

select * from renamed
