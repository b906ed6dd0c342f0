-- The connector's last word on each document it named. A claim is evidence of what was said, never of what was posted.
with attempts as (
    select
        attempts.*,
        named.named_store_id,
        named.named_receipt_no,
        coalesce(named.named_ordinal, 0) as named_ordinal
    from {{ ref('stg_connector__attempts') }} as attempts
    inner join {{ ref('int_references_read') }} as named
        on attempts.company_id = named.company_id and attempts.reference = named.reference
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
