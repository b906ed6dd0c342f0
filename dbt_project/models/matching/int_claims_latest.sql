-- The connector's last word on each expected document it named. A claim is evidence of what was said, never of what was posted.
-- Numbers wrap: what was said before the sale, or half a year after it, was said of another receipt.
with attempts as (
    select
        attempts.*,
        named.named_store_id,
        named.named_receipt_no,
        coalesce(named.named_ordinal, 0) as named_ordinal
    from {{ ref('stg_connector__attempts') }} as attempts
    inner join {{ ref('int_references_read') }} as named
        on attempts.company_id = named.company_id and attempts.reference = named.reference
    where named.named_receipt_no is not null
),

ranked as (
    select
        expected.posting_key,
        attempts.claim,
        attempts.message as claim_message,
        attempts.ended_at as claimed_at,
        attempts.target_urn as claimed_urn,
        row_number() over (
            partition by expected.posting_key
            order by attempts.ended_at desc, attempts.attempt desc, attempts.run_id desc
        ) as place
    from {{ ref('expected_documents') }} as expected
    inner join attempts
        on
            expected.company_id = attempts.company_id
            and expected.store_id = attempts.named_store_id
            and expected.receipt_no = attempts.named_receipt_no
            and attempts.named_ordinal = case when expected.document_kind in ('receipt', 'payment') then expected.ordinal else 0 end
    -- clocks may differ by hours
    where
        cast(attempts.ended_at as date) >= cast(expected.sold_at as date) - 1
        and cast(attempts.ended_at as date) < cast(expected.sold_at as date) + 180
),

latest as (
    select
        posting_key,
        claim,
        claim_message,
        claimed_at,
        claimed_urn
    from ranked
    where place = 1
)

select * from latest
