-- Rung 8, suggestions and no more: of a document that one side lacks, the likeliest that the other side lacks, of the same store
-- and kind and within 31 days: either the amounts are within a twentieth, or the numbers look alike. Nothing acts on it.
with open_documents as (
    select
        company_id,
        store_id,
        document_id,
        document_kind,
        document_date,
        receipt_no,
        ledger_reference,
        expected_gross_pence,
        ledger_gross_pence,
        posting_key is not null as is_expected
    from {{ whole_of('document_verdicts') }} as verdicts
    where verdict in ('missing_in_ledger', 'missing_in_pos')
),

pairs as (
    select
        lost.company_id,
        lost.document_id as expected_id,
        stray.document_id as ledger_id,
        lost.receipt_no,
        stray.ledger_reference,
        lost.document_date as expected_date,
        stray.document_date as ledger_date,
        lost.expected_gross_pence,
        stray.ledger_gross_pence,
        abs(lost.expected_gross_pence - stray.ledger_gross_pence) as apart_pence,
        abs(date_diff('day', lost.document_date, stray.document_date)) as apart_days,
        {{ likeness('lost.receipt_no', 'coalesce(stray.receipt_no, stray.ledger_reference)') }} as likeness
    from open_documents as lost
    inner join open_documents as stray
        on
            lost.company_id = stray.company_id
            and lost.store_id = stray.store_id
            and lost.document_kind = stray.document_kind
    where
        lost.is_expected and not stray.is_expected
        and abs(date_diff('day', lost.document_date, stray.document_date)) <= 31
),

likely as (
    select *
    from pairs
    where 20 * apart_pence <= expected_gross_pence or likeness >= 90
),

ranked as (
    select
        *,
        row_number() over (partition by company_id, expected_id order by apart_pence, apart_days, -likeness, ledger_id) as place_of_receipt,
        row_number() over (partition by company_id, ledger_id order by apart_pence, apart_days, -likeness, expected_id) as place_of_document
    from likely
),

suggested as (
    select
        company_id,
        expected_id as subject_id,
        ledger_id || coalesce(' ' || ledger_reference, '') || ': ' || cast({{ pounds('ledger_gross_pence') }} as varchar)
        || ' on ' || cast(ledger_date as varchar) as likely_partner
    from ranked
    where place_of_receipt = 1
    union all
    select
        company_id,
        ledger_id as subject_id,
        'receipt ' || receipt_no || ': ' || cast({{ pounds('expected_gross_pence') }} as varchar)
        || ' on ' || cast(expected_date as varchar) as likely_partner
    from ranked
    where place_of_document = 1
)

select * from suggested
