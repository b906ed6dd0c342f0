-- Sage 50 corrects a row in place and marks what it deletes; DATE_AMENDED says that it did, also where nobody saw the row before.
with splits as (
    select * from {{ restated_facts(source('sage50', 'audit_splits'), 'document_tran', {
        'document_date': 'transaction_date', 'account': "coalesce(account_ref, '') || coalesce(' ' || bank_code, '')",
        'nominal': 'nominal_code', 'tax_code': 'tax_code', 'net': 'abs(net_amount)', 'tax': 'abs(tax_amount)',
        'reference': "coalesce(inv_ref, '') || coalesce(' ' || extra_ref, '')", 'deleted': 'deleted_flag'}) }}
),

journals as (
    select * from {{ restated_facts(source('sage50', 'audit_journals'), 'document_tran', {
        'line_date': 'transaction_date', 'line_deleted': 'deleted_flag'}) }}
),

amended as (
    select
        splits.company_id,
        splits.urn,
        ['not amended'] as was_facts,
        ['amended ' || cast(headers.amended_date as varchar) || coalesce(' by ' || headers.amended_by, '')] as now_facts
    from {{ ref('stg_sage50__audit_headers') }} as headers
    inner join (select distinct
        company_id,
        urn,
        header_number
    from {{ ref('stg_sage50__audit_splits') }}) as splits
        on headers.company_id = splits.company_id and headers.header_number = splits.header_number
    where headers.amended_date is not null
),

unioned as (
    select * from splits
    union all
    select * from journals
    union all
    select * from amended
)

select * from unioned
