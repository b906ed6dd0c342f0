-- What each day, or till's day or some of its receipts, that Sage holds in one comes to on both sides. What is left over is the group's: nothing says
-- of which receipt it is. VAT under the code outside the scope of VAT is on no return: the group's tax lacks it.
with groups as (
    select
        company_id,
        group_id,
        store_id,
        business_date,
        nullif(till_id, '') as till_id,
        measure,
        {{ whole("sum(case when side = 'ledger' then 0 else 1 end)") }} as receipt_documents,
        {{ whole("sum(case when side = 'ledger' then 1 else 0 end)") }} as ledger_documents,
        {{ list_of("case when side = 'ledger' then document_id end") }} as ledger_document_ids,
        {{ whole("sum(case when side = 'ledger' then 0 else pence end)") }} as expected_pence,
        {{ whole("sum(case when side = 'ledger' then pence else 0 end)") }} as ledger_pence,
        {{ whole("sum(case when side = 'expected' then tax_pence else 0 end)") }} as expected_tax_pence,
        {{ whole("sum(case when side = 'ledger' then tax_pence else 0 end)") }} as ledger_tax_pence,
        {{ whole("sum(case when side = 'ledger' then tax_pence else -tax_pence end)") }} as beyond_tax_pence,
        bool_or(is_off_return) and sum(case when side = 'expected' then tax_pence else 0 end) <> 0 as is_off_return,
        min(rung) as rung,
        min(not_judged_because) as not_judged_because,
        bool_and(is_in_nominal) as is_in_nominal,
        bool_or(is_in_suspense) as is_in_suspense
    from {{ ref('int_documents_grouped') }}
    group by company_id, group_id, store_id, business_date, till_id, measure
),

weighed as (
    select
        *,
        ledger_pence - expected_pence as beyond_pence,
        case
            when ledger_pence <> expected_pence and beyond_tax_pence <> 0 then 'amount,tax_amount'
            when ledger_pence <> expected_pence then 'amount'
            when beyond_tax_pence <> 0 then 'tax_amount'
            else ''
        end as drift_kinds,
        1 as rule_version,
        case rung when 1 then 'our posting key, of a summary: ' when 6 then 'the only sum that comes to it: ' else '' end || cast(ledger_documents as varchar) || ' of Sage for ' || cast(receipt_documents as varchar) || ' of the tills: '
        || cast({{ pounds('ledger_pence') }} as varchar) || ' for ' || cast({{ pounds('expected_pence') }} as varchar) as evidence
    from groups
),

judged as (
    select
        *,
        case
            when drift_kinds = '' then 'matched'
            when not_judged_because is not null then 'not_checked'
            else 'drifted'
        end as verdict,
        -- what cannot be read is missing from the sum
        case
            when drift_kinds <> '' and not_judged_because is not null then not_judged_because
            when is_off_return then 'vat_not_on_return'
        end as reason
    from weighed
)

select * from judged
