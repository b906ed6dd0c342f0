-- The connector's last word on each document it named. A claim is evidence of what was said, never of what was posted.
with read_references as (
    select
        attempts.*,
        {{ three_groups_of('attempts.reference', 'patterns.pattern') }} as named
    from {{ ref('stg_connector__attempts') }} as attempts
    inner join {{ ref('stg_operations__connector_patterns') }} as patterns
        on attempts.company_id = patterns.company_id
    where attempts.reference is not null
),

attempts as (
    select
        read_references.* exclude (named),
        named.a as named_store_id,
        named.b as named_receipt_no,
        coalesce(try_cast(nullif(named.c, '') as integer), 0) as named_ordinal
    from read_references
    where named.b <> ''
),

ranked as (
    select
        attempts.*,
        row_number() over (
            partition by company_id, named_store_id, named_receipt_no, named_ordinal
            order by ended_at desc, attempt desc, run_id desc
        ) as place
    from attempts
),

latest as (
    select
        company_id,
        named_store_id,
        named_receipt_no,
        named_ordinal,
        claim,
        message as claim_message,
        ended_at as claimed_at,
        target_urn as claimed_urn
    from ranked
    where place = 1
)

select * from latest
