-- What references and people left, counted on both sides: a document that a person decided is offered to nobody else.
with documents_left as (
    select * from {{ ref('int_documents_left_by_references') }}
),

decided as (
    select posting_key as document_id from {{ ref('int_match_decisions_weighed') }}
    where is_in_force
    union all
    select ledger_document_id as document_id from {{ ref('int_documents_matched_by_person') }}
),

undecided as (
    select documents_left.*
    from documents_left
    left join decided on documents_left.document_id = decided.document_id
    where decided.document_id is null
),

counted as (
    select
        undecided.*,
        row_number() over (partition by side, cell_id order by order_text) as place,
        {{ whole("sum(case when side = 'expected' then 1 else 0 end) over (partition by cell_id)") }} as expected_count,
        {{ whole("sum(case when side = 'ledger' then 1 else 0 end) over (partition by cell_id)") }} as ledger_count
    from undecided
)

select * from counted
where expected_count > 0 and ledger_count > 0
