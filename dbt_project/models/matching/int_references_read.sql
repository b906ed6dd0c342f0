-- What each reference names, by the pattern of its connector: read once for the ledger and the connector's log alike.
with written as (
    select
        company_id,
        reference
    from {{ ref('int_ledger_documents_read') }}
    where reference is not null
    union
    select
        company_id,
        reference
    from {{ ref('stg_connector__attempts') }}
    where reference is not null
),

tried as (
    select
        written.company_id,
        written.reference,
        patterns.connector,
        {{ three_groups_of('written.reference', 'patterns.pattern', known_values('staging', 'stg_operations__connector_patterns', 'pattern')) }} as named
    from written
    inner join {{ ref('stg_operations__connector_patterns') }} as patterns
        on written.company_id = patterns.company_id
),

named_receipts as (
    select
        company_id,
        reference,
        min(connector) as connector,
        min(named[1]) as named_store_id,
        min(named[2]) as named_receipt_no,
        min(try_cast(nullif(named[3], '') as integer)) as named_ordinal
    from tried
    where len(named) = 3
    group by company_id, reference
)

select * from named_receipts
