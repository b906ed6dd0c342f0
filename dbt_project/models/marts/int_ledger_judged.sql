{{ config(materialized='view') }}
-- The verdict on each ledger document that bears a till's mark and no expected document explains.
-- judged with what they carry, or may
with carriers as (
    select unnest(string_split(coalesce(journal_id, candidates), ',')) as ledger_document_id
    from {{ ref('int_documents_covered_by_journal') }}
    union
    select document_id as ledger_document_id from {{ ref('int_documents_grouped') }}
    where side = 'ledger'
),

documents as (
    select ledger.*
    from {{ ref('int_ledger_documents_attributed') }} as ledger
    left join {{ ref('int_matches_unioned') }} as matches on ledger.ledger_document_id = matches.ledger_document_id
    left join carriers on ledger.ledger_document_id = carriers.ledger_document_id
    where ledger.mark is not null and matches.ledger_document_id is null and carriers.ledger_document_id is null
),

reversed_documents as (
    select
        contra_id as ledger_document_id,
        target_id as partner_id,
        evidence,
        'contra' as part
    from {{ ref('int_documents_matched_as_contras') }}
    where is_certain
    union all
    select
        target_id as ledger_document_id,
        contra_id as partner_id,
        evidence,
        'reversed' as part
    from {{ ref('int_documents_matched_as_contras') }}
    where is_certain
),

-- it undoes one of several, and nothing says which
contras_in_doubt as (
    select
        contra_id as ledger_document_id,
        {{ list_of('target_id') }} as candidates
    from {{ ref('int_documents_matched_as_contras') }}
    where not is_certain
    group by contra_id
),

events_without_trace as (
    select
        company_id,
        store_id,
        receipt_no,
        min(event_id) as event_id
    from {{ ref('expected_documents') }}
    where document_kind = 'none'
    group by company_id, store_id, receipt_no
),

judged as (
    select
        documents.*,
        case
            when reversed_documents.ledger_document_id is not null then 'reversed'
            when contras_in_doubt.ledger_document_id is not null then 'ambiguous'
            when duplicates.ledger_document_id is not null then 'duplicate_in_ledger'
            when ambiguous.document_id is not null then 'ambiguous'
            when summed.document_id is not null then 'ambiguous'
            else 'missing_in_pos'
        end as verdict,
        case
            when reversed_documents.ledger_document_id is not null then reversed_documents.part
            when contras_in_doubt.ledger_document_id is not null then 'undoes_one_of_several'
            when duplicates.survivor_mark = 'ours' and documents.mark <> 'ours' then 'posted_by_two_writers'
            when duplicates.ledger_document_id is not null then 'posted_twice'
            when ambiguous.document_id is not null then 'several_equal_candidates'
            when summed.document_id is not null then 'several_sums_fit'
            when events_without_trace.event_id is not null then 'nothing_should_be_posted'
            else 'no_such_receipt'
        end as reason,
        coalesce(reversed_documents.evidence, duplicates.evidence) as evidence,
        coalesce(reversed_documents.partner_id, duplicates.survivor_id) as partner_id,
        duplicates.posting_key as duplicated_posting_key,
        coalesce(contras_in_doubt.candidates, ambiguous.candidates, summed.candidates) as candidates,
        coalesce(duplicated.event_id, events_without_trace.event_id) as event_id,
        coalesce(duplicated.receipt_no, documents.named_receipt_no) as receipt_no,
        duplicated.business_date as event_business_date,
        duplicated.till_id
    from documents
    left join reversed_documents on documents.ledger_document_id = reversed_documents.ledger_document_id
    left join contras_in_doubt on documents.ledger_document_id = contras_in_doubt.ledger_document_id
    left join {{ ref('int_ledger_duplicates_found') }} as duplicates on documents.ledger_document_id = duplicates.ledger_document_id
    left join {{ ref('expected_documents') }} as duplicated on duplicates.posting_key = duplicated.posting_key
    left join {{ ref('int_documents_ambiguous') }} as ambiguous on documents.ledger_document_id = ambiguous.document_id
    left join {{ ref('int_documents_summed') }} as summed
        on documents.ledger_document_id = summed.document_id and summed.side = 'ledger' and not summed.is_settled
    left join events_without_trace
        on
            documents.company_id = events_without_trace.company_id
            and documents.named_store_id = events_without_trace.store_id
            and documents.named_receipt_no = events_without_trace.receipt_no
)

select * from judged
