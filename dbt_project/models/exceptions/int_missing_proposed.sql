{{ config(materialized='view') }}
-- Each missing document that would be posted by itself.
with open_documents as (
    select * from {{ ref('int_documents_classed') }}
    where verdict in ('missing_in_ledger', 'covered_by_journal')
),

-- what goes in a summary, or was decided in one, does not go by itself
in_summaries as (
    select member_key as posting_key from {{ ref('tranche_members') }}
    union
    select member_key as posting_key from {{ ref('stg_tranches__members') }}
    where not is_withdrawn
),

-- decided by itself before its store was posted by day: no longer proposed, it is withdrawn, and the next summary takes it
withdrawing as (
    select distinct posting_key from {{ ref('stg_operations__intents') }}
    where members_digest = '' and state in ('decided', 'held', 'refused')
),

-- whose missing sales are entered as sales orders
ordering as (
    select company_id from {{ ref('stg_operations__companies') }}
    where sales_posted_as = 'order' and ledger_kind = 'sage200'
),

to_post as (
    select
        open_documents.posting_key,
        open_documents.company_id,
        open_documents.store_id,
        open_documents.event_id,
        open_documents.receipt_no,
        open_documents.business_date,
        open_documents.document_date,
        open_documents.document_kind,
        open_documents.ordinal,
        cast(1 as integer) as revision,
        'P' as role,
        case
            when ordering.company_id is not null and open_documents.document_kind = 'invoice' and grains.grain is null then 'post_order'
            else 'post_missing'
        end as remedy,
        expected.customer_reference,
        expected.bank_code,
        open_documents.expected_gross_pence as gross_pence,
        case when open_documents.is_sales then open_documents.expected_net_pence else open_documents.expected_gross_pence end as net_pence,
        open_documents.expected_tax_pence as tax_pence,
        open_documents.rule_ids as blocked_by,
        open_documents.sync_claim,
        greatest(expected.sold_at, coalesce(open_documents.sync_claimed_at, expected.sold_at)) as last_try_at,
        open_documents.document_id as subject_id,
        case
            when open_documents.is_changed then 'Sage held it and it is gone: finance decides'
            when open_documents.reason = 'waits_for_its_like' then 'a receipt just like it is missing too: that one goes first'
            when open_documents.verdict = 'covered_by_journal'
                then 'a manual journal carries it (' || open_documents.partner_id || '): posting it would double it'
            when grains.grain is not null and not {{ goes_by_itself('expected') }} and open_documents.rule_ids is null
                then 'its store is posted by day: it joins a summary when its whole receipt may'
        end as untouchable_reason
    from open_documents
    inner join {{ ref('expected_documents') }} as expected on open_documents.posting_key = expected.posting_key
    left join in_summaries on open_documents.posting_key = in_summaries.posting_key
    left join {{ ref('int_grains_in_force') }} as grains
        on
            open_documents.company_id = grains.company_id
            and open_documents.store_id = grains.store_id
            and open_documents.business_date = grains.business_date
    left join withdrawing on open_documents.posting_key = withdrawing.posting_key
    left join ordering on open_documents.company_id = ordering.company_id
    where
        in_summaries.posting_key is null
        and (grains.grain is null or {{ goes_by_itself('expected') }} or withdrawing.posting_key is null)
)

select * from to_post
