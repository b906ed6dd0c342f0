-- One row per store and business date: what was checked, how much agrees, is explained, is open or could not be judged.
with verdicts as (
    select
        *,
        greatest(abs(expected_gross_pence), abs(coalesce(ledger_gross_pence, 0))) as judged_pence,
        {{ verdict_rank('verdict') }} as rank_of_verdict
    from {{ ref('document_verdicts') }}
),

documents as (
    select
        company_id,
        store_id,
        business_date,
        {{ whole("sum(case when posting_key is not null and is_money then 1 else 0 end)") }} as expected_documents,
        {{ whole("sum(case when is_sales then direction * expected_gross_pence else 0 end)") }} as till_sales_pence,
        {{ whole("sum(case when is_sales then direction * coalesce(ledger_gross_pence, 0) else 0 end)") }} as sage_sales_pence,
        {{ whole("sum(case when is_sales or not is_money then 0 else direction * expected_gross_pence end)") }} as till_takings_pence,
        {{ whole("sum(case when is_sales or not is_money then 0 else direction * coalesce(ledger_gross_pence, 0) end)") }} as sage_takings_pence,
        {{ whole("sum(case when verdict = 'matched' then judged_pence else 0 end)") }} as matched_pence,
        {{ whole("sum(case when verdict in ('matched_within_policy', 'reversed', 'pending') then judged_pence else 0 end)") }} as explained_pence,
        {{ whole("sum(case when is_open and verdict <> 'not_checked' then judged_pence else 0 end)") }} as open_pence,
        {{ whole("sum(case when verdict = 'not_checked' then judged_pence else 0 end)") }} as not_checked_pence,
        {{ whole("sum(case when is_open then 1 else 0 end)") }} as open_documents,
        min(rank_of_verdict) as worst_rank
    from verdicts
    group by company_id, store_id, business_date
),

receipt_counts as (
    select
        company_id,
        store_id,
        business_date,
        {{ whole('sum(case when is_money then 1 else 0 end)') }} as money_receipts,
        {{ whole('sum(case when is_money then 0 else 1 end)') }} as nothing_to_post_receipts
    from {{ ref('receipts') }}
    group by company_id, store_id, business_date
),

bridged as (
    select
        company_id,
        store_id,
        business_date,
        {{ whole('sum(abs(amount_pence))') }} as residual_pence
    from {{ ref('bridge_lines') }}
    where line_kind = 'residual'
    group by company_id, store_id, business_date
),

slots as (
    select
        documents.company_id,
        documents.store_id,
        documents.business_date,
        coalesce(receipt_counts.money_receipts, 0) as money_receipts,
        coalesce(receipt_counts.nothing_to_post_receipts, 0) as nothing_to_post_receipts,
        documents.expected_documents,
        documents.till_sales_pence,
        documents.sage_sales_pence,
        documents.till_takings_pence,
        documents.sage_takings_pence,
        documents.matched_pence,
        documents.explained_pence,
        documents.open_pence,
        documents.not_checked_pence,
        documents.open_documents,
        coalesce(bridged.residual_pence, 0) as residual_pence,
        case
            when documents.open_pence > 0 then 'open'
            when documents.not_checked_pence > 0 then 'not_checked'
            when documents.explained_pence > 0 then 'explained'
            when documents.matched_pence > 0 then 'agrees'
            else 'nothing_to_check'
        end as slot_verdict,
        {{ month_of('documents.business_date') }} as period
    from documents
    left join receipt_counts
        on
            documents.company_id = receipt_counts.company_id
            and documents.store_id = receipt_counts.store_id
            and documents.business_date = receipt_counts.business_date
    left join bridged
        on
            documents.company_id = bridged.company_id
            and documents.store_id = bridged.store_id
            and documents.business_date = bridged.business_date
)

select * from slots
