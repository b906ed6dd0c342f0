-- No Sage row carries a store. Ordered rules say whose a document is: our key, the connector's reference, the till customer.
with documents as (
    select * from {{ ref('int_ledger_documents_read') }}
),

our_keys as (
    select posting_key, store_id from {{ ref('expected_documents') }}
    union
    select posting_key, store_id from {{ ref('stg_operations__intents') }}
),

till_customers as (
    select company_id, till_customer_reference, min(store_id) as store_id
    from {{ ref('stg_operations__stores') }}
    group by company_id, till_customer_reference
),

tried as (
    select
        documents.ledger_document_id,
        patterns.connector,
        {{ three_groups_of('documents.reference', 'patterns.pattern') }} as named
    from documents
    inner join {{ ref('stg_operations__connector_patterns') }} as patterns
        on documents.company_id = patterns.company_id
    where documents.reference is not null
),

named_receipts as (
    select
        ledger_document_id,
        min(connector) as connector,
        min(named.a) as named_store_id,
        min(named.b) as named_receipt_no,
        min(try_cast(nullif(named.c, '') as integer)) as named_ordinal
    from tried
    where named.b <> ''
    group by ledger_document_id
),

read_references as (
    select
        documents.*,
        case when regexp_matches(coalesce(documents.reference, ''), '^TP[0-9A-HJKMNP-TV-Z]{13}[A-Z][0-9]{2}[0-9][PX]$')
            then documents.reference
        end as our_key,
        named_receipts.named_store_id,
        named_receipts.named_receipt_no,
        named_receipts.named_ordinal,
        named_receipts.connector
    from documents
    left join named_receipts on documents.ledger_document_id = named_receipts.ledger_document_id
),

attributed as (
    select
        read_references.*,
        coalesce(our_keys.store_id, read_references.named_store_id, till_customers.store_id) as store_id,
        case
            when read_references.our_key is not null then 'ours'
            when read_references.named_receipt_no is not null then 'connector'
            when till_customers.store_id is not null then 'till_customer'
        end as mark
    from read_references
    left join our_keys on read_references.our_key = our_keys.posting_key
    left join till_customers
        on read_references.company_id = till_customers.company_id
        and read_references.customer_reference = till_customers.till_customer_reference
)

select * from attributed
