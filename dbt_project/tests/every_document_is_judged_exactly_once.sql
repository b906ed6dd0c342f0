{{ config(tags=['money']) }}
-- An expected document, or a ledger document with a till's mark, is under one verdict: not two, not none.
with judged as (
    select posting_key as subject, 'expected' as side from {{ ref('document_verdicts') }} where posting_key is not null
    union all
    select ledger_document_id as subject, 'ledger' as side from {{ ref('document_verdicts') }} where ledger_document_id is not null
    union all
    select document_id as subject, 'group' as side from {{ ref('document_verdicts') }}
    where document_kind in ('sales_summary', 'takings_summary')
),

due as (
    select posting_key as subject, 'expected' as side from {{ ref('expected_documents') }}
    union all
    select ledger_document_id as subject, 'ledger' as side
    from {{ ref('int_ledger_documents_attributed') }}
    where mark is not null and ledger_document_id not in (
        select unnest(string_split(coalesce(journal_id, candidates), ',')) from {{ ref('int_documents_covered_by_journal') }}
        union all
        select document_id from {{ ref('int_documents_grouped') }} where side = 'ledger'
    )
    union all
    select group_id as subject, 'group' as side from {{ ref('int_groups_weighed') }}
),

counted as (
    select subject, side, sum(is_due) as times_due, sum(is_judged) as times_judged
    from (
        select subject, side, 1 as is_due, 0 as is_judged from due
        union all
        select subject, side, 0 as is_due, 1 as is_judged from judged
    ) as both_sides
    group by subject, side
)

select * from counted
where times_due <> 1 or times_judged <> 1
