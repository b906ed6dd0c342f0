-- What Sage showed of a document when it was first seen and shows otherwise now, or not at all: what was posted is not supposed
-- to change. That it changed is evidence; whether it is a drift, the comparison with the tills says.
with facts as (
    select * from {{ ref('stg_ledger__restated_facts') }}
),

-- ids as people know them
accounts as (
    select
        company_id,
        'customer ' || cast(customer_id as varchar) as words,
        'customer ' || customer_reference as known_as
    from {{ ref('stg_ledger__customers') }}
    union all
    select
        company_id,
        'bank ' || cast(bank_id as varchar) as words,
        'bank ' || bank_code as known_as
    from {{ ref('stg_ledger__banks') }}
    union all
    select
        company_id,
        'nominal ' || cast(nominal_code_id as varchar) as words,
        'nominal ' || nominal_code as known_as
    from {{ ref('stg_ledger__nominal_codes') }}
),

sides as (
    select
        facts.company_id,
        facts.urn,
        sides.side,
        unnest(case sides.side when 'was' then facts.was_facts else facts.now_facts end) as words
    from facts
    cross join (values ('was'), ('now')) as sides (side)
),

worded as (
    select
        sides.company_id,
        sides.urn,
        sides.side,
        coalesce(accounts.known_as, sides.words) as words
    from sides
    left join accounts on sides.company_id = accounts.company_id and sides.words = accounts.words
),

changed as (
    select
        documents.company_id,
        cast(null as varchar) as posting_key,
        documents.ledger_document_id,
        {{ list_of("case when worded.side = 'was' then worded.words end", ', ') }} as was_text,
        {{ list_of("case when worded.side = 'now' then worded.words end", ', ') }} as now_text
    from worded
    inner join {{ ref('int_ledger_documents_read') }} as documents
        on worded.company_id = documents.company_id and worded.urn = documents.urn
    group by documents.company_id, documents.ledger_document_id
),

-- an earlier pass held it against a receipt
held as (
    select
        company_id,
        subject_id,
        ledger_document_id,
        ledger_gross_pence,
        pass_number
    from {{ ref('stg_history__judgements') }}
    where
        subject_kind = 'document' and ledger_document_id is not null and subject_id <> ledger_document_id
        and {{ is_judged_now('business_date') }}
),

-- few documents ever go: whose newest judgement it was is asked of those alone
once_there as (
    select distinct
        held.company_id,
        held.subject_id
    from held
    left join {{ ref('int_ledger_documents_read') }} as documents
        on held.company_id = documents.company_id and held.ledger_document_id = documents.ledger_document_id
    where documents.ledger_document_id is null
),

seen as (
    select
        held.company_id,
        held.subject_id,
        max(held.pass_number) as pass_number
    from held
    inner join once_there on held.company_id = once_there.company_id and held.subject_id = once_there.subject_id
    group by held.company_id, held.subject_id
),

gone as (
    select
        held.company_id,
        held.subject_id as posting_key,
        held.ledger_document_id,
        cast({{ pounds('held.ledger_gross_pence') }} as varchar) || ' as ' || held.ledger_document_id as was_text,
        'gone' as now_text
    from seen
    inner join held
        on
            seen.company_id = held.company_id
            and seen.subject_id = held.subject_id
            and seen.pass_number = held.pass_number
    left join {{ ref('int_ledger_documents_read') }} as documents
        on held.company_id = documents.company_id and held.ledger_document_id = documents.ledger_document_id
    where documents.ledger_document_id is null
),

unioned as (
    select * from changed
    union all
    select * from gone
)

select * from unioned
