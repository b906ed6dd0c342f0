-- The next summary of each day that is posted by day, one row per document, with what is said of its members.
with summaries as (
    select
        members.tranche_key as posting_key,
        members.company_id,
        members.store_id,
        members.till_id,
        members.event_id,
        members.tranche,
        members.business_date,
        members.document_date,
        members.document_kind,
        members.ordinal,
        members.remedy,
        members.customer_reference,
        case
            when members.document_kind in ('bank_receipt', 'bank_payment') or (members.document_kind = 'transfer' and members.direction = 1)
                then members.clearing_bank_code
            else members.bank_code
        end as bank_code,
        case
            when members.document_kind <> 'transfer' then null
            when members.direction = 1 then members.bank_code
            else members.clearing_bank_code
        end as to_bank_code,
        members.members_digest,
        min(members.member_key) as first_member_key,
        'Summary ' || cast(members.tranche as varchar) || ' of ' || members.store_id
        || case when members.till_id = '' then '' else ' till ' || members.till_id end
        || ' on ' || cast(members.business_date as varchar) || ', receipts: ' || cast(count(distinct members.member_event_id) as varchar) as narrative,
        {{ whole('sum(members.net_pence + members.tax_pence)') }} as gross_pence,
        {{ whole('sum(members.net_pence)') }} as net_pence,
        {{ whole('sum(members.tax_pence)') }} as tax_pence,
        -- the most that the connector said of any of them
        max(case verdicts.sync_claim when 'accepted' then '2accepted' when 'rejected' then '1rejected' end) as sync_claim,
        max(greatest(expected.sold_at, coalesce(verdicts.sync_claimed_at, expected.sold_at))) as last_try_at
    from {{ ref('tranche_members') }} as members
    left join {{ ref('document_verdicts') }} as verdicts on members.member_key = verdicts.posting_key
    left join {{ ref('expected_documents') }} as expected on members.member_key = expected.posting_key
    where members.tranche_state = 'next'
    group by
        members.tranche_key, members.company_id, members.store_id, members.till_id, members.event_id, members.tranche,
        members.business_date, members.document_date, members.document_kind, members.ordinal, members.remedy,
        members.customer_reference, members.bank_code, members.clearing_bank_code, members.direction, members.members_digest
)

select * from summaries
