-- The connector's last word on each document it named. A claim is evidence of what was said, never of what was posted.
with attempts as (
    select
        attempts.*,
        {{ group_of('attempts.reference', 'patterns.pattern', 1) }} as named_store_id,
        {{ group_of('attempts.reference', 'patterns.pattern', 2) }} as named_receipt_no,
        coalesce(try_cast({{ group_of('attempts.reference', 'patterns.pattern', 3) }} as integer), 0) as named_ordinal
    from {{ ref('stg_connector__attempts') }} as attempts
    inner join {{ ref('stg_operations__connector_patterns') }} as patterns
        on attempts.company_id = patterns.company_id
        and regexp_matches(coalesce(attempts.reference, ''), patterns.pattern)
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
