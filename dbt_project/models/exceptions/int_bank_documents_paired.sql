{{ config(materialized='view') }}
-- Which bank documents that are open may be undone by a document of ours. Sage wants the lines of one each with its tax code, and
-- does not say which went together. Any pairing that comes to the same by account and by code is the same in the books and on the
-- return; where none does, a person undoes it.
with open_documents as (
    select
        ledger_document_id,
        partner_id
    from {{ ref('int_documents_classed') }}
    where verdict in ('drifted', 'duplicate_in_ledger')
),

-- a copy, or what it is a copy of
undone as (
    select ledger_document_id from open_documents
    union
    select partner_id from open_documents
),

documents as (
    select ledger.*
    from {{ ref('int_ledger_documents_read') }} as ledger
    inner join undone on ledger.ledger_document_id = undone.ledger_document_id
    where ledger.document_kind in ('bank_receipt', 'bank_payment')
),

paired as (
    select
        documents.ledger_document_id,
        sum(case when legs.leg_type = 'nominal' then legs.net_pence else 0 end) = min(documents.net_pence)
        and sum(case when legs.leg_type = 'tax' then legs.net_pence else 0 end) = min(documents.net_pence)
        and min(legs.net_pence) > 0 as is_paired
    from documents
    inner join {{ ref('int_ledger_legs_read') }} as legs on documents.ledger_document_id = legs.ledger_document_id
    group by documents.ledger_document_id
)

select * from paired
