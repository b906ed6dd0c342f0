-- Every pair that a rung believed in; the rule version moves when a rung's belief does.
with matches as (
    select * from {{ ref('int_documents_matched_by_posting_key') }}
    union all
    select * from {{ ref('int_documents_matched_by_pos_id') }}
    union all
    select * from {{ ref('int_documents_matched_by_person') }}
    union all
    select * from {{ ref('int_documents_matched_by_multiset') }}
    union all
    select
        company_id,
        posting_key,
        ledger_document_id,
        rung,
        evidence
    from {{ ref('int_documents_matched_by_tolerance') }}
    where is_only_one
),

versioned as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        rung,
        evidence,
        1 as rule_version
    from matches
)

select * from versioned
