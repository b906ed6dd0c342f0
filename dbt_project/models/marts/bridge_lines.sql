-- For every store-day, from what the tills took to what Sage holds, once for sales and once for takings, each difference named.
-- `sage` is summed from the ledger's own documents, not from the verdicts, so the residual is a check that can fail.
with verdicts as (
    select
        *,
        case when is_sales then 'sales' else 'takings' end as measure
    from {{ ref('document_verdicts') }}
    where document_kind not in ('none', 'journal')
),

till_totals as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        1 as line_order,
        'tills' as line_kind,
        {{ whole('sum(direction * expected_gross_pence)') }} as amount_pence,
        {{ whole('count(*)') }} as document_count
    from verdicts
    where posting_key is not null and document_kind not in ('bank_receipt', 'bank_payment')
    group by company_id, store_id, business_date, measure
),

over_short as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        17 as line_order,
        'cash_over_short' as line_kind,
        {{ whole('sum(direction * expected_gross_pence)') }} as amount_pence,
        {{ whole('count(*)') }} as document_count
    from verdicts
    where posting_key is not null and document_kind in ('bank_receipt', 'bank_payment')
    group by company_id, store_id, business_date, measure
),

differences as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        1 + {{ verdict_rank('verdict') }} as line_order,
        verdict as line_kind,
        {{ whole('sum(direction * (coalesce(ledger_gross_pence, 0) - expected_gross_pence))') }} as amount_pence,
        {{ whole('count(*)') }} as document_count
    from verdicts
    where verdict <> 'matched'
    group by company_id, store_id, business_date, measure, verdict
),

sage_totals as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        98 as line_order,
        'sage' as line_kind,
        {{ whole('sum(amount_pence)') }} as amount_pence,
        {{ whole('sum(document_count)') }} as document_count
    from {{ ref('sage_by_slot') }}
    group by company_id, store_id, business_date, measure
),

named as (
    select * from till_totals
    union all
    select * from over_short
    union all
    select * from differences
    union all
    select * from sage_totals
),

residuals as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        99 as line_order,
        'residual' as line_kind,
        {{ whole("sum(case when line_kind = 'sage' then -amount_pence else amount_pence end)") }} as amount_pence,
        cast(0 as bigint) as document_count
    from named
    group by company_id, store_id, business_date, measure
),

bridge as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        cast(line_order as integer) as line_order,
        line_kind,
        amount_pence,
        document_count
    from named
    union all
    select
        company_id,
        store_id,
        business_date,
        measure,
        cast(line_order as integer) as line_order,
        line_kind,
        amount_pence,
        document_count
    from residuals
)

select * from bridge
