with expected_side as (
    select
        posting_key as document_id,
        company_id,
        store_id,
        till_id,
        business_date,
        document_date,
        event_id,
        receipt_no,
        document_kind,
        cast(ordinal as integer) as ordinal,
        posting_key,
        verdict,
        reason,
        drift_kinds,
        case when verdict = 'matched_within_policy' then policy end as policy,
        cast(rung as integer) as rung,
        evidence,
        ledger_document_id,
        partner_id,
        candidates,
        legs_not_checked,
        sync_claim,
        sync_message,
        sync_claimed_at,
        tender_type,
        document_kind <> 'none' as is_money,
        gross_pence as expected_gross_pence,
        net_pence as expected_net_pence,
        tax_pence as expected_tax_pence,
        ledger_gross_pence,
        ledger_net_pence,
        ledger_tax_pence,
        outside_pence
    from {{ ref('int_expected_judged') }}
),

ledger_side as (
    select
        ledger_document_id as document_id,
        company_id,
        coalesce(store_id, 'unknown') as store_id,
        till_id,
        coalesce(event_business_date, document_date) as business_date,
        document_date,
        event_id,
        receipt_no,
        document_kind,
        cast(coalesce(named_ordinal, 1) as integer) as ordinal,
        cast(null as varchar) as posting_key,
        verdict,
        reason,
        '' as drift_kinds,
        cast(null as varchar) as policy,
        cast(null as integer) as rung,
        evidence,
        ledger_document_id,
        partner_id,
        candidates,
        cast(null as varchar) as legs_not_checked,
        cast(null as varchar) as sync_claim,
        cast(null as varchar) as sync_message,
        cast(null as timestamp) as sync_claimed_at,
        cast(null as varchar) as tender_type,
        true as is_money,
        cast(0 as bigint) as expected_gross_pence,
        cast(0 as bigint) as expected_net_pence,
        cast(0 as bigint) as expected_tax_pence,
        gross_pence as ledger_gross_pence,
        net_pence as ledger_net_pence,
        tax_pence as ledger_tax_pence,
        cast(0 as bigint) as outside_pence
    from {{ ref('int_ledger_judged') }}
),

-- a day that Sage holds as a whole: its receipts carry their own figures, this row what is left over
group_side as (
    select
        group_id as document_id,
        company_id,
        store_id,
        till_id,
        business_date,
        business_date as document_date,
        cast(null as varchar) as event_id,
        cast(null as varchar) as receipt_no,
        measure || '_summary' as document_kind,
        cast(1 as integer) as ordinal,
        cast(null as varchar) as posting_key,
        verdict,
        reason,
        drift_kinds,
        cast(null as varchar) as policy,
        cast(rung as integer) as rung,
        evidence,
        cast(null as varchar) as ledger_document_id,
        ledger_document_ids as partner_id,
        cast(null as varchar) as candidates,
        case when measure = 'sales' then 'nominal,tax_code' end as legs_not_checked,
        cast(null as varchar) as sync_claim,
        cast(null as varchar) as sync_message,
        cast(null as timestamp) as sync_claimed_at,
        cast(null as varchar) as tender_type,
        true as is_money,
        cast(0 as bigint) as expected_gross_pence,
        cast(0 as bigint) as expected_net_pence,
        cast(0 as bigint) as expected_tax_pence,
        beyond_pence as ledger_gross_pence,
        case when measure = 'sales' then beyond_pence - beyond_tax_pence else cast(0 as bigint) end as ledger_net_pence,
        beyond_tax_pence as ledger_tax_pence,
        cast(0 as bigint) as outside_pence
    from {{ ref('int_groups_weighed') }}
),

unioned as (
    select * from expected_side
    union all
    select * from ledger_side
    union all
    select * from group_side
),

signed as (
    select
        unioned.*,
        ledger.urn as ledger_urn,
        ledger.reference as ledger_reference,
        ledger.document_date as ledger_date,
        ledger.period_start_date as ledger_period_start_date,
        -- a transfer says by its banks whether it is takings, or neither; of what Sage calls by a kind unknown here, neither is known
        cast(case unioned.document_kind when 'transfer' then sign(ledger.takings_pence) when 'other' then 0 else {{ direction_of('unioned.document_kind') }} end as integer) as direction,
        -- what a till counted over or short is money; of other bank documents Sage's own say
        case
            when unioned.document_kind not in ('bank_receipt', 'bank_payment')
                then {{ is_sales_kind('unioned.document_kind') }} or unioned.document_kind = 'sales_summary'
            else unioned.posting_key is null and ledger.is_sales
        end as is_sales,
        {{ is_open_verdict('unioned.verdict') }} as is_open,
        {{ whole('unioned.expected_gross_pence - coalesce(unioned.ledger_gross_pence, 0)') }} as variance_pence
    from unioned
    left join {{ ref('int_ledger_documents_attributed') }} as ledger
        on unioned.ledger_document_id = ledger.ledger_document_id
)

select * from signed
