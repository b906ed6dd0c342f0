-- How much of what the tills took was really checked, by store, trading day and tender. Sales stand as a tender of their
-- own. What waits for its grace, for a person or for a readable file was not checked, and is never rounded up.
with documents as (
    select
        company_id,
        store_id,
        business_date,
        case when is_sales then 'sales' else coalesce(tender_type, 'unknown') end as tender_type,
        verdict,
        abs(expected_gross_pence) as value_pence
    from {{ ref('document_verdicts') }}
    where posting_key is not null and is_money
),

counted as (
    select
        company_id,
        store_id,
        business_date,
        tender_type,
        {{ whole('count(*)') }} as documents,
        {{ whole("count(*) filter (where verdict in ('pending', 'ambiguous', 'not_checked'))") }} as documents_not_checked,
        {{ whole('sum(value_pence)') }} as value_pence,
        {{ whole("coalesce(sum(value_pence) filter (where verdict = 'pending'), 0)") }} as pending_pence,
        {{ whole("coalesce(sum(value_pence) filter (where verdict = 'ambiguous'), 0)") }} as ambiguous_pence,
        {{ whole("coalesce(sum(value_pence) filter (where verdict = 'not_checked'), 0)") }} as not_checked_pence
    from documents
    group by company_id, store_id, business_date, tender_type
),

shared as (
    select
        company_id,
        store_id,
        business_date,
        tender_type,
        documents,
        documents_not_checked,
        value_pence,
        value_pence - pending_pence - ambiguous_pence - not_checked_pence as checked_pence,
        pending_pence,
        ambiguous_pence,
        not_checked_pence,
        -- rounded down: a hundred per cent is every penny
        case
            when value_pence > 0
                then {{ whole('(value_pence - pending_pence - ambiguous_pence - not_checked_pence) * 10000 // value_pence') }}
            when documents_not_checked = 0 then 10000
            else 0
        end as checked_basis_points
    from counted
)

select * from shared
