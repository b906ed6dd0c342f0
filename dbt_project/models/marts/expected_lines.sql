{{ config(materialized='view') }}
with documents as (
    select * from {{ ref('expected_documents') }}
    where document_kind <> 'none'
),

legs as (
    select * from {{ ref('expected_legs') }}
    where leg_type in ('nominal', 'bank')
),

lines as (
    select
        documents.company_id,
        documents.store_id,
        documents.business_date,
        documents.document_date,
        documents.posting_key,
        cast(legs.leg_no as integer) as leg_no,
        legs.leg_type,
        documents.document_kind,
        documents.customer_reference,
        documents.is_on_account,
        documents.customer_no,
        documents.tender_type,
        documents.bank_code,
        legs.category,
        legs.till_tax_code,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        legs.tax_code,
        legs.net_pence,
        legs.tax_pence
    from legs
    inner join documents on legs.posting_key = documents.posting_key
)

select * from lines
