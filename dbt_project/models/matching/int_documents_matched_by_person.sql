-- Rung 9, asked after rung 2: a person named the pair, where the machine saw several and may not choose. A word that names a
-- journal is rung 7's.
with decisions as (
    select * from {{ ref('int_match_decisions_weighed') }}
    where is_in_force and ledger_document_id is not null and not is_journal
),

matches as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        9 as rung,
        evidence
    from decisions
)

select * from matches
