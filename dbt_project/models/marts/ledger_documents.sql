{{ config(materialized='view') }}
with documents as (
    select
        ledger.ledger_document_id,
        ledger.company_id,
        coalesce(ledger.store_id, 'unknown') as store_id,
        ledger.source_ledger,
        ledger.urn,
        ledger.document_kind,
        ledger.reference,
        ledger.second_reference,
        ledger.customer_reference,
        ledger.bank_code,
        ledger.to_bank_code,
        ledger.document_date,
        ledger.period_start_date,
        ledger.gross_pence,
        ledger.net_pence,
        ledger.tax_pence,
        ledger.user_name,
        ledger.mark,
        ledger.is_in_nominal,
        ledger.is_in_suspense,
        ledger.is_allocated,
        ledger.unallocated_pence,
        ledger.is_bank_reconciled,
        matches.posting_key,
        cast(coalesce(matches.rung, grouped.rung) as integer) as rung
    from {{ ref('int_ledger_documents_attributed') }} as ledger
    left join {{ ref('int_matches_unioned') }} as matches on ledger.ledger_document_id = matches.ledger_document_id
    left join (select distinct
        document_id,
        rung
    from {{ ref('int_documents_grouped') }}
    where side = 'ledger') as grouped on ledger.ledger_document_id = grouped.document_id
)

select * from documents
