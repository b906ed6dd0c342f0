-- Every receipt's document that a document of more than one stands for: a day that Sage holds as a whole (rung 5), some of a
-- day's receipts (rung 6), and the summaries that we posted ourselves, found by key (rung 1).
with of_days as (
    select
        company_id,
        group_id,
        store_id,
        business_date,
        till_id,
        measure,
        bank_code,
        side,
        document_id,
        pence,
        tax_pence,
        is_off_return,
        not_judged_because,
        is_in_nominal,
        is_in_suspense,
        5 as rung
    from {{ ref('int_documents_grouped_by_day') }}
    where is_whole
),

of_sums as (
    select
        company_id,
        group_id,
        store_id,
        business_date,
        till_id,
        measure,
        bank_code,
        side,
        document_id,
        pence,
        tax_pence,
        false as is_off_return,
        cast(null as varchar) as not_judged_because,
        is_in_nominal,
        is_in_suspense,
        rung
    from {{ ref('int_documents_summed') }}
    where is_settled
),

-- a summary of ours stands for what it was decided with; what a later one adds to a document is beside the first
tranche_members as (
    select
        company_id,
        tranche_key as group_id,
        store_id,
        business_date,
        till_id,
        measure,
        '' as bank_code,
        case when place = 1 then 'expected' else 'added' end as side,
        member_key as document_id,
        {{ whole('sum(direction * (net_pence + tax_pence))') }} as pence,
        {{ whole('sum(direction * tax_pence)') }} as tax_pence,
        false as is_off_return,
        cast(null as varchar) as not_judged_because,
        true as is_in_nominal,
        false as is_in_suspense,
        1 as rung
    from {{ ref('int_documents_in_tranches') }}
    where is_expected
    group by company_id, tranche_key, store_id, business_date, till_id, measure, place, member_key
),

tranche_documents as (
    select distinct
        company_id,
        tranche_key as group_id,
        store_id,
        business_date,
        till_id,
        measure,
        '' as bank_code,
        'ledger' as side,
        ledger_document_id as document_id,
        ledger_pence as pence,
        ledger_tax_pence as tax_pence,
        false as is_off_return,
        cast(null as varchar) as not_judged_because,
        is_in_nominal,
        is_in_suspense,
        1 as rung
    from {{ ref('int_documents_in_tranches') }}
),

with_tranches as (
    select * from of_days
    union all
    select * from of_sums
    union all
    select * from tranche_members
    union all
    select * from tranche_documents
)

select * from with_tranches
