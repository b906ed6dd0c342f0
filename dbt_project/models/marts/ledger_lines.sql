{{ config(materialized='view') }}
with lines as (
    select
        classed.company_id,
        documents.ledger_document_id,
        classed.urn,
        classed.line_id,
        classed.transaction_date as document_date,
        classed.nominal_code,
        classed.cost_centre,
        classed.department,
        classed.leg_role,
        classed.debit_pence,
        classed.credit_pence,
        classed.reference,
        classed.narrative,
        classed.user_name
    from {{ ref('int_ledger_lines_classed') }} as classed
    inner join {{ ref('int_ledger_documents_read') }} as documents
        on classed.company_id = documents.company_id and classed.urn = documents.urn
)

select * from lines
