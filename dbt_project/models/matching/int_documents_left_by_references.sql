-- What rungs 1 and 2 left, on both sides, by what identifies a document that names nobody: store, day, kind, and its figures.
-- A reference that names some receipt, or a whole day, is evidence against every other, so such a document is not offered here.
with stricter as (
    select
        company_id,
        posting_key,
        ledger_document_id
    from {{ ref('int_documents_matched_by_posting_key') }}
    union all
    select
        company_id,
        posting_key,
        ledger_document_id
    from {{ ref('int_documents_matched_by_pos_id') }}
    union all
    select distinct
        company_id,
        member_key as posting_key,
        cast(null as varchar) as ledger_document_id
    from {{ ref('int_documents_in_tranches') }}
),

expected_left as (
    select
        expected.company_id,
        expected.posting_key as document_id,
        'expected' as side,
        expected.store_id,
        expected.document_date,
        expected.document_kind,
        expected.gross_pence,
        case when expected.document_kind in ('invoice', 'credit_note') then cast(expected.tax_pence as varchar) else expected.bank_code end as detail,
        expected.posting_key as order_text
    from {{ ref('expected_documents') }} as expected
    left join stricter on expected.posting_key = stricter.posting_key
    where expected.document_kind <> 'none' and stricter.posting_key is null
),

ledger_left as (
    select
        ledger.company_id,
        ledger.ledger_document_id as document_id,
        'ledger' as side,
        ledger.store_id,
        ledger.document_date,
        ledger.document_kind,
        ledger.gross_pence,
        case when ledger.document_kind in ('invoice', 'credit_note') then cast(ledger.tax_pence as varchar) else ledger.bank_code end as detail,
        right('000000000000000000' || cast(ledger.urn as varchar), 18) as order_text
    from {{ ref('int_ledger_documents_unreversed') }} as ledger
    left join stricter on ledger.ledger_document_id = stricter.ledger_document_id
    where
        stricter.ledger_document_id is null and ledger.our_key is null and ledger.named_receipt_no is null
        and ledger.named_date is null
),

unioned as (
    select * from expected_left
    union all
    select * from ledger_left
),

celled as (
    select
        company_id,
        document_id,
        side,
        order_text,
        {{ key_of(['company_id', 'store_id', 'document_date', 'document_kind', 'gross_pence', 'detail']) }} as cell_id
    from unioned
)

select * from celled
