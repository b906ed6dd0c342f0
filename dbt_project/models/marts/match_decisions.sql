with decisions as (
    select
        decisions.company_id,
        decisions.posting_key,
        decisions.ledger_document_id,
        decisions.candidates,
        decisions.decided_by,
        decisions.reason,
        -- that a receipt is a copy of the one which the document is: the document stays with that one
        decisions.is_in_force or copies.posting_key is not null as is_in_force,
        case when copies.posting_key is null then decisions.lapsed_because end as lapsed_because
    from {{ ref('int_match_decisions_weighed') }} as decisions
    left join {{ ref('int_receipts_repeated') }} as copies
        on
            decisions.posting_key = copies.posting_key
            and decisions.ledger_document_id = copies.candidates
            and copies.likeness = 'copy'
)

select * from decisions
