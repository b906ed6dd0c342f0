-- Rung 1: the ledger document carries the key we would have given it, in whatever revision, at any distance in time.
with expected_documents as (
    select * from {{ ref('expected_documents') }}
    where document_kind <> 'none'
),

ledger_documents as (
    select * from {{ ref('int_ledger_documents_unreversed') }}
    where our_key is not null
),

candidates as (
    select
        expected_documents.company_id,
        expected_documents.posting_key,
        ledger_documents.ledger_document_id,
        row_number() over (
            partition by expected_documents.posting_key
            order by
                case when ledger_documents.is_bank_reconciled or ledger_documents.is_on_filed_return then 0 when ledger_documents.is_allocated then 1 else 2 end,
                ledger_documents.urn
        ) as survivor_rank
    from expected_documents
    inner join ledger_documents
        on
            expected_documents.company_id = ledger_documents.company_id
            and expected_documents.posting_key = {{ first_revision('ledger_documents.our_key') }}
),

matches as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        1 as rung,
        'our posting key' as evidence
    from candidates
    where survivor_rank = 1
)

select * from matches
