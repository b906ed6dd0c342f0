-- Rung 2: the ledger document's reference names the receipt, in the pattern its connector writes, at any distance in time.
with expected_documents as (
    select expected.*
    from {{ ref('expected_documents') }} as expected
    left join {{ ref('int_documents_matched_by_posting_key') }} as stricter
        on expected.posting_key = stricter.posting_key
    where
        expected.document_kind <> 'none' and stricter.posting_key is null
        and expected.posting_key not in (select member_key from {{ ref('int_documents_in_tranches') }})
),

ledger_documents as (
    select ledger.*
    from {{ ref('int_ledger_documents_unreversed') }} as ledger
    left join {{ ref('int_documents_matched_by_posting_key') }} as stricter
        on ledger.ledger_document_id = stricter.ledger_document_id
    where ledger.named_receipt_no is not null and stricter.ledger_document_id is null
),

candidates as (
    select
        expected_documents.company_id,
        expected_documents.posting_key,
        ledger_documents.ledger_document_id,
        row_number() over (
            partition by expected_documents.posting_key
            order by
                -- a number that came round again belongs to the nearer day
                abs(date_diff('day', expected_documents.document_date, ledger_documents.document_date)) // 180,
                case when ledger_documents.is_bank_reconciled or ledger_documents.is_on_filed_return then 0 when ledger_documents.is_allocated then 1 else 2 end,
                ledger_documents.urn
        ) as survivor_rank,
        row_number() over (
            partition by ledger_documents.ledger_document_id
            order by
                abs(date_diff('day', expected_documents.document_date, ledger_documents.document_date)),
                expected_documents.posting_key
        ) as claimant_rank
    from expected_documents
    inner join ledger_documents
        on
            expected_documents.company_id = ledger_documents.company_id
            and expected_documents.store_id = ledger_documents.named_store_id
            and expected_documents.receipt_no = ledger_documents.named_receipt_no
            and expected_documents.document_kind = ledger_documents.document_kind
            and (
                expected_documents.document_kind in ('invoice', 'credit_note')
                or expected_documents.ordinal = coalesce(ledger_documents.named_ordinal, 1)
            )
),

matches as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        2 as rung,
        'receipt number in the reference' as evidence
    from candidates
    where survivor_rank = 1 and claimant_rank = 1
)

select * from matches
