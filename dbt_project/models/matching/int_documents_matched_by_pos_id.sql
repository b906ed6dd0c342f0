-- Rung 2: the ledger document's reference names the receipt, in the pattern its connector writes, at any distance in time.
-- Numbers wrap and repeat per till, so a document claims the day that is nearest, and where several receipts of that day bear
-- the number the figures say whose it is; what they do not say goes in order.
with expected_documents as (
    select
        expected.*,
        stricter.posting_key is null
        and expected.posting_key not in (select member_key from {{ ref('int_documents_in_tranches') }}) as is_free
    from {{ ref('expected_documents') }} as expected
    left join {{ ref('int_documents_matched_by_posting_key') }} as stricter
        on expected.posting_key = stricter.posting_key
    where expected.document_kind <> 'none'
),

ledger_documents as (
    select
        ledger.*,
        case when ledger.is_bank_reconciled or ledger.is_on_filed_return then 0 when ledger.is_allocated then 1 else 2 end as survivor_class
    from {{ ref('int_ledger_documents_unreversed') }} as ledger
    left join {{ ref('int_documents_matched_by_posting_key') }} as stricter
        on ledger.ledger_document_id = stricter.ledger_document_id
    where ledger.named_receipt_no is not null and stricter.ledger_document_id is null
),

-- a reference without a tender's number may mean any tender of the receipt
candidates as (
    select
        expected_documents.company_id,
        expected_documents.posting_key,
        ledger_documents.ledger_document_id,
        expected_documents.is_free,
        count(*) over (partition by expected_documents.posting_key) = 1
        and count(*) over (partition by ledger_documents.ledger_document_id) = 1 as is_sole
    from expected_documents
    inner join ledger_documents
        on
            expected_documents.company_id = ledger_documents.company_id
            and expected_documents.store_id = ledger_documents.named_store_id
            and expected_documents.receipt_no = ledger_documents.named_receipt_no
            and expected_documents.document_kind = ledger_documents.document_kind
            and (
                expected_documents.document_kind in ('invoice', 'credit_note')
                or ledger_documents.named_ordinal is null
                or expected_documents.ordinal = ledger_documents.named_ordinal
            )
),

named as (
    select
        candidates.company_id,
        candidates.posting_key,
        candidates.ledger_document_id,
        candidates.is_free,
        expected_documents.event_id,
        expected_documents.ordinal,
        expected_documents.sold_at,
        expected_documents.document_date,
        ledger_documents.survivor_class,
        ledger_documents.urn,
        abs(date_diff('day', expected_documents.document_date, ledger_documents.document_date)) as days_apart,
        -- a document is never dated before its sale, but for the night that belongs to the day before
        ledger_documents.document_date < expected_documents.document_date - 1 as is_before_it,
        {{ key_of([
            'expected_documents.company_id', 'expected_documents.store_id', 'expected_documents.receipt_no',
            'expected_documents.document_kind', 'expected_documents.document_date', 'ledger_documents.named_ordinal',
        ]) }} as name_id,
        expected_documents.gross_pence = ledger_documents.gross_pence
        and case
            when {{ is_sales_kind('expected_documents.document_kind') }} then expected_documents.tax_pence = ledger_documents.tax_pence
            else expected_documents.bank_code = ledger_documents.bank_code
        end as is_alike,
        {{ key_of(['ledger_documents.gross_pence', 'ledger_documents.tax_pence', 'ledger_documents.bank_code']) }} as figures
    from candidates
    inner join expected_documents on candidates.posting_key = expected_documents.posting_key
    inner join ledger_documents on candidates.ledger_document_id = ledger_documents.ledger_document_id
    where not candidates.is_sole
),

-- what a receipt has that stands in Sage already still claims: the document is its copy, and no other receipt's
claimed as (
    select
        *,
        min(posting_key) over (partition by name_id) <> max(posting_key) over (partition by name_id) as has_namesakes,
        min(ordinal) over (partition by name_id, event_id) = ordinal as is_first_of_its_kind
    from (
        select
            *,
            first_value(document_date) over (
                partition by ledger_document_id
                order by days_apart // 180, is_before_it, days_apart, document_date
            ) = document_date as is_of_its_day
        from named
    ) as dated
    where is_of_its_day and is_free
),

-- every document of these figures may stand for every receipt of them: the first is the first's
placed_by_figures as (
    select
        *,
        dense_rank() over (partition by name_id, figures order by sold_at, ordinal, posting_key) as receipt_place,
        dense_rank() over (partition by name_id, figures order by days_apart // 180, survivor_class, urn, ledger_document_id) as document_place
    from claimed
    where has_namesakes and is_alike
),

by_figures as (
    select *
    from (
        select
            *,
            row_number() over (partition by posting_key order by days_apart // 180, survivor_class, urn, ledger_document_id) as survivor_rank
        from placed_by_figures
        where receipt_place = document_place
    ) as survivors
    where survivor_rank = 1
),

placed_in_order as (
    select
        claimed.*,
        dense_rank() over (partition by claimed.name_id order by claimed.sold_at, claimed.posting_key) as receipt_place,
        dense_rank() over (
            partition by claimed.name_id
            order by claimed.days_apart // 180, claimed.survivor_class, claimed.urn, claimed.ledger_document_id
        ) as document_place
    from claimed
    left join by_figures as receipts on claimed.posting_key = receipts.posting_key
    left join by_figures as documents on claimed.ledger_document_id = documents.ledger_document_id
    where receipts.posting_key is null and documents.ledger_document_id is null and claimed.is_first_of_its_kind
),

in_order as (
    select *
    from (
        select
            *,
            row_number() over (partition by posting_key order by days_apart // 180, survivor_class, urn, ledger_document_id) as survivor_rank
        from placed_in_order
        where receipt_place = document_place
    ) as survivors
    where survivor_rank = 1
),

matches as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        2 as rung,
        'receipt number in the reference' as evidence
    from (
        select
            company_id,
            posting_key,
            ledger_document_id
        from candidates
        where is_sole and is_free
        union all
        select
            company_id,
            posting_key,
            ledger_document_id
        from by_figures
        union all
        select
            company_id,
            posting_key,
            ledger_document_id
        from in_order
    ) as pairs
)

select * from matches
