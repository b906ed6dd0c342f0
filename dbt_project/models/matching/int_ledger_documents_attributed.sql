-- No Sage row carries a store. Ordered rules say whose a document is: our key, the connector's reference, the till customer.
with documents as (
    select * from {{ ref('int_ledger_documents_read') }}
),

our_keys as (
    select
        posting_key,
        store_id
    from {{ ref('expected_documents') }}
    union
    select
        posting_key,
        store_id
    from {{ ref('stg_operations__intents') }}
),

-- what a person showed to be a document of ours, though it bears another reference
shown as (
    select
        company_id,
        urn,
        document_kind,
        reference_in_sage,
        posting_key
    from {{ ref('stg_operations__intents') }}
    where reference_in_sage <> ''
),

till_customers as (
    select
        company_id,
        till_customer_reference,
        min(store_id) as store_id
    from {{ ref('stg_operations__stores') }}
    group by company_id, till_customer_reference
),

read_references as (
    select
        documents.*,
        case
            when regexp_matches(coalesce(documents.reference, ''), '^TP[0-9A-HJKMNP-TV-Z]{13}[A-Z][0-9]{2}[0-9][PX]$')
                then documents.reference
            -- Sage carries the number of a sales order onto the invoice it becomes
            when
                documents.document_kind = 'invoice'
                and regexp_matches(coalesce(documents.second_reference, ''), '^TP[0-9A-HJKMNP-TV-Z]{13}N[0-9]{3}P$')
                then documents.second_reference
            else shown.posting_key
        end as our_key,
        named.named_store_id,
        named.named_receipt_no,
        named.named_ordinal,
        named.named_date,
        named.named_till_id,
        named.connector
    from documents
    left join {{ ref('int_references_read') }} as named
        on documents.company_id = named.company_id and documents.reference = named.reference
    left join shown
        on
            documents.company_id = shown.company_id
            and documents.urn = shown.urn
            and documents.document_kind = shown.document_kind
            and documents.reference = shown.reference_in_sage
),

attributed as (
    select
        read_references.*,
        coalesce(our_keys.store_id, read_references.named_store_id, till_customers.store_id) as store_id,
        case
            when read_references.our_key is not null then 'ours'
            when read_references.named_receipt_no is not null or read_references.named_date is not null then 'connector'
            when till_customers.store_id is not null then 'till_customer'
        end as mark
    from read_references
    left join our_keys on read_references.our_key = our_keys.posting_key
    left join till_customers
        on
            read_references.company_id = till_customers.company_id
            and read_references.customer_reference = till_customers.till_customer_reference
)

select * from attributed
