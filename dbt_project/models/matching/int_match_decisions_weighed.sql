-- Whether a person's word still holds. It lapses, and is never bent to something else, once a side of it has gone or a
-- reference has claimed it, once two words claim one document, or where 'none of them' meets one that it was not about.
with decisions as (
    select * from {{ ref('stg_operations__match_decisions') }}
),

documents_left as (
    select * from {{ ref('int_documents_left_by_references') }}
),

strangers as (
    select decisions.posting_key
    from decisions
    inner join documents_left as expected_side
        on decisions.posting_key = expected_side.document_id and expected_side.side = 'expected'
    inner join documents_left as ledger_side
        on expected_side.cell_id = ledger_side.cell_id and ledger_side.side = 'ledger'
    where
        decisions.ledger_document_id is null
        and position(',' || ledger_side.document_id || ',' in ',' || decisions.candidates || ',') = 0
    group by decisions.posting_key
),

faced as (
    select
        decisions.*,
        expected.posting_key is not null as is_expected,
        expected_side.document_id is not null as is_expected_left,
        decisions.ledger_document_id is null as is_none_of_them,
        journals.ledger_document_id is not null as is_journal,
        coalesce(ledger.ledger_document_id, journals.ledger_document_id) is not null as is_in_ledger,
        coalesce(ledger_side.document_id, journals.ledger_document_id) is not null as is_ledger_left,
        strangers.posting_key is not null as has_stranger
    from decisions
    left join {{ ref('expected_documents') }} as expected
        on
            decisions.company_id = expected.company_id
            and decisions.posting_key = expected.posting_key
            and expected.document_kind <> 'none'
    left join {{ ref('int_ledger_documents_unreversed') }} as ledger
        on decisions.company_id = ledger.company_id and decisions.ledger_document_id = ledger.ledger_document_id
    left join documents_left as expected_side
        on expected.posting_key = expected_side.document_id and expected_side.side = 'expected'
    left join documents_left as ledger_side
        on ledger.ledger_document_id = ledger_side.document_id and ledger_side.side = 'ledger'
    left join {{ ref('int_journals_faced') }} as journals
        on decisions.company_id = journals.company_id and decisions.ledger_document_id = journals.ledger_document_id
    left join strangers on decisions.posting_key = strangers.posting_key
),

counted as (
    select
        *,
        {{ whole('sum(case when is_expected_left and is_ledger_left then 1 else 0 end) over (partition by ledger_document_id)') }} as claims
    from faced
),

weighed as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        candidates,
        is_journal,
        decided_by,
        reason,
        case
            when not is_expected then 'receipt_gone'
            when not is_expected_left then 'receipt_matched'
            when is_none_of_them and has_stranger then 'new_candidate'
            when is_none_of_them then null
            when not is_in_ledger then 'document_gone'
            when not is_ledger_left then 'document_claimed'
            when claims > 1 then 'document_decided_twice'
        end as lapsed_because
    from counted
),

worded as (
    select
        *,
        lapsed_because is null as is_in_force,
        case when ledger_document_id is null then 'none of its candidates, by ' else '' end
        || 'the word of ' || decided_by || ': ' || reason as evidence
    from weighed
)

select * from worded
