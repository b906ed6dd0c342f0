-- What is left to hold against the tills once contras and their targets are out.
with documents as (
    select * from {{ ref('int_ledger_documents_attributed') }}
    where mark is not null
),

reversed_documents as (
    select contra_id as ledger_document_id from {{ ref('int_documents_matched_as_contras') }}
    union
    select target_id from {{ ref('int_documents_matched_as_contras') }}
    where is_certain
),

unreversed as (
    select documents.*
    from documents
    left join reversed_documents on documents.ledger_document_id = reversed_documents.ledger_document_id
    where reversed_documents.ledger_document_id is null
)

select * from unreversed
