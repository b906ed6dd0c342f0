-- What each reference names, a receipt or a whole day, by the patterns of its connector: read once for the ledger and the
-- connector's log alike.
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
        patterns.day_pattern,
        {{ three_groups_of('written.reference', 'patterns.pattern', known_values('staging', 'stg_operations__connector_patterns', 'pattern')) }} as named
    from written
    inner join {{ ref('stg_operations__connector_patterns') }} as patterns
        on written.company_id = patterns.company_id
),

-- what names a receipt is not asked for a day
asked as (
    select
        tried.*,
        len(named) = 3 as is_receipt,
        case when len(named) <> 3 and day_pattern is not null then {{ three_groups_of('reference', 'day_pattern', known_values('staging', 'stg_operations__connector_patterns', 'day_pattern')) }} end as named_day
    from tried
),

dated as (
    select
        *,
        case when len(named_day) = 3 then {{ date_of('named_day[2]') }} end as named_date
    from asked
),

-- of two connectors' patterns, the one that sees a receipt in it
grouped as (
    select
        company_id,
        reference,
        bool_or(is_receipt) as is_receipt,
        min(case when is_receipt then connector end) as receipt_connector,
        min(case when is_receipt then named[1] end) as receipt_store_id,
        min(case when is_receipt then named[2] end) as named_receipt_no,
        min(case when is_receipt then try_cast(nullif(named[3], '') as integer) end) as named_ordinal,
        min(case when named_date is not null then connector end) as day_connector,
        min(case when named_date is not null then named_day[1] end) as day_store_id,
        min(named_date) as named_date,
        min(case when named_date is not null then nullif(named_day[3], '') end) as named_till_id
    from dated
    where is_receipt or named_date is not null
    group by company_id, reference
),

named as (
    select
        company_id,
        reference,
        case when is_receipt then receipt_connector else day_connector end as connector,
        case when is_receipt then receipt_store_id else day_store_id end as named_store_id,
        named_receipt_no,
        named_ordinal,
        case when not is_receipt then named_date end as named_date,
        case when not is_receipt then named_till_id end as named_till_id
    from grouped
)

select * from named
