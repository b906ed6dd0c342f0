{{ config(materialized='view') }}
-- What summaries still owe the books, by receipt's document and leg: all of a document that is missing and may go with its whole
-- receipt; and of one that is in a summary already, the difference to what the receipt says now.
with decided as (
    select
        *,
        bool_or(is_sent) over (partition by company_id, event_id) as is_begun
    from {{ ref('stg_tranches__members') }}
),

begun as (
    select * from decided
    where is_begun and not is_withdrawn
),

blocked as (
    select distinct posting_key from {{ ref('stg_gate__posting_flags') }}
    where severity = 'block' and rule_id <> 'KEY-01'
),

-- posted by itself, or to be, before the store was posted by day
own_intents as (
    select distinct {{ first_revision('posting_key') }} as posting_key
    from {{ ref('stg_operations__intents') }}
    where members_digest = '' and state not in ('cancelled', 'superseded')
),

judged as (
    select
        verdicts.company_id,
        verdicts.event_id,
        verdicts.posting_key,
        verdicts.store_id,
        verdicts.till_id,
        verdicts.business_date,
        verdicts.document_date,
        verdicts.receipt_no,
        verdicts.document_kind,
        verdicts.verdict,
        verdicts.reason,
        verdicts.tender_type,
        grains.grain,
        grains.clearing_bank_code
    from {{ ref('document_verdicts') }} as verdicts
    inner join {{ ref('int_grains_in_force') }} as grains
        on
            verdicts.company_id = grains.company_id
            and verdicts.store_id = grains.store_id
            and verdicts.business_date = grains.business_date
    where
        verdicts.posting_key is not null and verdicts.document_kind in ('invoice', 'credit_note', 'receipt', 'payment')
        and verdicts.event_id in (
            select event_id from {{ ref('document_verdicts') }}
            where verdict = 'missing_in_ledger'
        )
),

-- a receipt goes whole: what is not in Sage of it may all go. Not one that its like comes before: once that is in Sage it
-- may be a copy, and a summary would have the sale twice.
whole_events as (
    select
        judged.company_id,
        judged.event_id
    from judged
    left join blocked on judged.posting_key = blocked.posting_key
    left join own_intents on judged.posting_key = own_intents.posting_key
    group by judged.company_id, judged.event_id
    having bool_and(
        judged.verdict in ('matched', 'matched_within_policy', 'drifted', 'deferred', 'in_suspense')
        or (
            judged.verdict = 'missing_in_ledger' and coalesce(judged.reason, '') <> 'waits_for_its_like'
            and blocked.posting_key is null and own_intents.posting_key is null
        )
    )
),

-- not what is on a customer's own account: that is no till's
new_documents as (
    select
        judged.*,
        expected.customer_reference,
        expected.bank_code
    from judged
    inner join whole_events on judged.company_id = whole_events.company_id and judged.event_id = whole_events.event_id
    inner join {{ ref('expected_documents') }} as expected on judged.posting_key = expected.posting_key
    where
        judged.verdict = 'missing_in_ledger' and not expected.is_on_account
        and judged.posting_key not in (select member_key from begun)
),

new_legs as (
    select
        documents.company_id,
        'post_missing' as remedy,
        documents.store_id,
        case when documents.grain = 'till_day' then documents.till_id else '' end as till_id,
        documents.business_date,
        documents.document_date,
        documents.customer_reference,
        documents.document_kind,
        case when legs.leg_type = 'bank' then documents.tender_type end as tender_type,
        case when legs.leg_type = 'bank' then documents.bank_code end as bank_code,
        documents.clearing_bank_code,
        documents.posting_key as member_key,
        documents.event_id as member_event_id,
        documents.receipt_no,
        case when legs.leg_type = 'bank' then 'money' else 'nominal' end as leg_type,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        legs.tax_code,
        {{ whole('sum(legs.net_pence)') }} as net_pence,
        {{ whole('sum(legs.tax_pence)') }} as tax_pence
    from new_documents as documents
    inner join {{ ref('expected_legs') }} as legs on documents.posting_key = legs.posting_key
    where legs.leg_type in ('nominal', 'bank')
    group by all
),

-- all that a document is in, in Sage's own order of day and number
in_summaries as (
    select
        company_id,
        member_key,
        min(member_event_id) as member_event_id,
        min(receipt_no) as receipt_no,
        min(store_id) as store_id,
        min(till_id) as till_id,
        min(business_date) as business_date,
        min(document_date) as document_date,
        min(customer_reference) as customer_reference,
        min(clearing_bank_code) as clearing_bank_code
    from begun
    group by company_id, member_key
),

found_in_full as (
    select member_key
    from begun
    group by member_key
    having bool_and(tranche_key in (select tranche_key from {{ ref('int_documents_in_tranches') }}))
),

-- what changed, of what is found in Sage: differs from its receipt, or has none any more
changed as (
    select
        in_summaries.*,
        verdicts.posting_key is not null as is_expected,
        expected.document_kind,
        expected.tender_type,
        expected.bank_code
    from in_summaries
    inner join found_in_full on in_summaries.member_key = found_in_full.member_key
    left join {{ ref('expected_documents') }} as expected
        on in_summaries.member_key = expected.posting_key and expected.document_kind <> 'none'
    left join {{ ref('document_verdicts') }} as verdicts on expected.posting_key = verdicts.posting_key
    left join blocked on in_summaries.member_key = blocked.posting_key
    where
        (expected.posting_key is null or verdicts.verdict = 'drifted')
        and blocked.posting_key is null
),

sides as (
    select
        changed.member_key,
        'now' as side,
        case when changed.document_kind in ('credit_note', 'payment') then -1 else 1 end as direction,
        case when legs.leg_type = 'bank' then 'money' else 'nominal' end as leg_type,
        case when legs.leg_type = 'bank' then changed.tender_type end as tender_type,
        case when legs.leg_type = 'bank' then changed.bank_code end as bank_code,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        legs.tax_code,
        legs.net_pence,
        legs.tax_pence
    from changed
    inner join {{ ref('expected_legs') }} as legs on changed.member_key = legs.posting_key
    where legs.leg_type in ('nominal', 'bank')
    union all
    select
        begun.member_key,
        'held' as side,
        begun.direction,
        begun.leg_type,
        begun.tender_type,
        begun.bank_code,
        begun.nominal_code,
        begun.cost_centre,
        begun.department,
        begun.tax_code,
        begun.net_pence,
        begun.tax_pence
    from begun
    inner join changed on begun.member_key = changed.member_key
),

weighed as (
    select
        member_key,
        leg_type,
        tender_type,
        bank_code,
        nominal_code,
        cost_centre,
        department,
        tax_code,
        sum(case when side = 'now' then direction * net_pence else 0 end) as now_net,
        sum(case when side = 'now' then direction * tax_pence else 0 end) as now_tax,
        sum(case when side = 'held' then direction * net_pence else 0 end) as held_net,
        sum(case when side = 'held' then direction * tax_pence else 0 end) as held_tax
    from sides
    group by all
),

-- net and VAT of one account moved apart: no document can say so, so the old is taken back whole and the new put in its place
differences as (
    select
        weighed.*,
        now_net - held_net as net_part,
        now_tax - held_tax as tax_part
    from weighed
    where (now_net - held_net) * (now_tax - held_tax) >= 0
    union all
    select
        weighed.*,
        now_net as net_part,
        now_tax as tax_part
    from weighed
    where (now_net - held_net) * (now_tax - held_tax) < 0
    union all
    select
        weighed.*,
        -held_net as net_part,
        -held_tax as tax_part
    from weighed
    where (now_net - held_net) * (now_tax - held_tax) < 0
),

changed_legs as (
    select
        changed.company_id,
        'post_difference' as remedy,
        changed.store_id,
        changed.till_id,
        changed.business_date,
        changed.document_date,
        changed.customer_reference,
        case
            when differences.leg_type = 'money' then case when net_part > 0 then 'receipt' else 'payment' end
            when net_part + tax_part > 0 then 'invoice'
            else 'credit_note'
        end as document_kind,
        differences.tender_type,
        differences.bank_code,
        changed.clearing_bank_code,
        changed.member_key,
        changed.member_event_id,
        changed.receipt_no,
        differences.leg_type,
        differences.nominal_code,
        differences.cost_centre,
        differences.department,
        differences.tax_code,
        {{ whole('abs(net_part)') }} as net_pence,
        {{ whole('abs(tax_part)') }} as tax_pence
    from differences
    inner join changed on differences.member_key = changed.member_key
    where net_part <> 0 or tax_part <> 0
),

receipts_owed as (
    select * from new_legs
    union all
    select * from changed_legs
),

-- by recipe: on the till customer, or through a clearing bank, which a transfer takes each tender's money on from
due as (
    select
        company_id,
        remedy,
        store_id,
        till_id,
        business_date,
        document_date,
        case when clearing_bank_code is null then customer_reference end as customer_reference,
        case
            when clearing_bank_code is null then document_kind
            when document_kind = 'invoice' then 'bank_receipt'
            when document_kind = 'credit_note' then 'bank_payment'
            else 'transfer'
        end as document_kind,
        cast({{ direction_of('document_kind') }} as integer) as direction,
        tender_type,
        bank_code,
        clearing_bank_code,
        member_key,
        member_event_id,
        receipt_no,
        leg_type,
        nominal_code,
        cost_centre,
        department,
        tax_code,
        net_pence,
        tax_pence
    from receipts_owed
)

select * from due
