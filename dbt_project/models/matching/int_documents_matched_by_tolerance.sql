-- Rung 4: what names nobody and has no equal among the receipts is the one receipt of its store and kind that is as near as the
-- company allows, in pence and days; through the same bank, or with VAT as near. What they are apart by stays a drift. Where
-- either could be another's too, is_only_one is false: a person decides.
with tolerances as (
    select
        company_id,
        match_tolerance_pence,
        match_tolerance_days
    from {{ ref('stg_operations__companies') }}
    where match_tolerance_pence > 0 or match_tolerance_days > 0
),

spoken_for as (
    select document_id from {{ ref('int_multiset_cells_counted') }}
    union
    select posting_key as document_id from {{ ref('int_match_decisions_weighed') }}
    where is_in_force
    union
    select ledger_document_id as document_id from {{ ref('int_documents_matched_by_person') }}
),

documents_left as (
    select
        documents_left.side,
        documents_left.document_id
    from {{ ref('int_documents_left_by_references') }} as documents_left
    inner join tolerances on documents_left.company_id = tolerances.company_id
    left join spoken_for on documents_left.document_id = spoken_for.document_id
    where spoken_for.document_id is null
),

expected_left as (
    select expected.*
    from documents_left
    inner join {{ ref('expected_documents') }} as expected on documents_left.document_id = expected.posting_key
    where documents_left.side = 'expected'
),

ledger_left as (
    select ledger.*
    from documents_left
    inner join {{ ref('int_ledger_documents_unreversed') }} as ledger on documents_left.document_id = ledger.ledger_document_id
    where documents_left.side = 'ledger'
),

near as (
    select
        expected_left.company_id,
        expected_left.posting_key,
        ledger_left.ledger_document_id,
        {{ whole('ledger_left.gross_pence - expected_left.gross_pence') }} as residual_pence,
        {{ whole("date_diff('day', expected_left.document_date, ledger_left.document_date)") }} as residual_days
    from expected_left
    inner join tolerances on expected_left.company_id = tolerances.company_id
    inner join ledger_left
        on
            expected_left.company_id = ledger_left.company_id
            and expected_left.store_id = ledger_left.store_id
            and expected_left.document_kind = ledger_left.document_kind
    where
        abs(ledger_left.gross_pence - expected_left.gross_pence) <= tolerances.match_tolerance_pence
        and abs(date_diff('day', expected_left.document_date, ledger_left.document_date)) <= tolerances.match_tolerance_days
        and case
            when expected_left.document_kind in ('invoice', 'credit_note')
                then abs(ledger_left.tax_pence - expected_left.tax_pence) <= tolerances.match_tolerance_pence
            else expected_left.bank_code = ledger_left.bank_code
        end
),

counted as (
    select
        *,
        count(*) over (partition by posting_key) as documents_of_receipt,
        count(*) over (partition by ledger_document_id) as receipts_of_document
    from near
),

matches as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        4 as rung,
        documents_of_receipt = 1 and receipts_of_document = 1 as is_only_one,
        residual_pence,
        residual_days,
        'store and kind, and the only one so near: ' || cast({{ pounds('residual_pence') }} as varchar)
        || ' and ' || cast(residual_days as varchar) || ' days apart' as evidence
    from counted
)

select * from matches
