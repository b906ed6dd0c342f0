{{ config(materialized='ephemeral') }}

-- What of a document is outside the scope of VAT, and so in no box of a return: of one expected, one in Sage, one of a summary.
with outside_codes as (
    select
        company_id,
        outside_scope_tax_code as tax_code
    from {{ ref('stg_operations__companies') }}
    where outside_scope_tax_code is not null
),

summed as (
    select
        'expected' as side,
        posting_key as document_id,
        {{ whole('sum(net_pence)') }} as outside_scope_pence
    from {{ ref('expected_legs') }}
    where leg_type = 'nominal' and is_outside_scope
    group by posting_key
    union all
    select
        'ledger' as side,
        legs.ledger_document_id as document_id,
        {{ whole('sum(legs.net_pence)') }} as outside_scope_pence
    from {{ ref('int_ledger_legs_read') }} as legs
    inner join {{ ref('int_ledger_documents_read') }} as ledger on legs.ledger_document_id = ledger.ledger_document_id
    inner join outside_codes on ledger.company_id = outside_codes.company_id and legs.tax_code = outside_codes.tax_code
    where legs.leg_type = 'tax'
    group by legs.ledger_document_id
    union all
    select
        'summary' as side,
        members.tranche_key as document_id,
        {{ whole('sum(members.net_pence)') }} as outside_scope_pence
    from {{ ref('tranche_members') }} as members
    inner join outside_codes on members.company_id = outside_codes.company_id and members.tax_code = outside_codes.tax_code
    where members.leg_type = 'nominal' and members.tranche_state = 'next'
    group by members.tranche_key
)

select * from summed
