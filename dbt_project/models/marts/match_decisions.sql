with decisions as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        candidates,
        decided_by,
        reason,
        is_in_force,
        lapsed_because
    from {{ ref('int_match_decisions_weighed') }}
)

select * from decisions
