-- What Sage holds with a till's mark by store-day, and by the accounting period that Sage has it in. A document of a whole day
-- stands in that day, and once in each measure that it brings something to; any other in the day of its event, or of its own date.
with event_slots as (
    select
        ledger_document_id,
        store_id,
        business_date,
        is_sales
    from {{ ref('document_verdicts') }}
    where ledger_document_id is not null and document_kind not in ('none', 'journal')
),

grouped as (
    select * from {{ ref('int_documents_grouped') }}
    where side = 'ledger'
),

held as (
    select
        ledger.company_id,
        coalesce(event_slots.store_id, ledger.store_id, 'unknown') as store_id,
        coalesce(event_slots.business_date, ledger.document_date) as business_date,
        case when coalesce(event_slots.is_sales, ledger.is_sales) then 'sales' else 'takings' end as measure,
        ledger.period_start_date,
        ledger.sales_pence + ledger.takings_pence as amount_pence
    from {{ ref('int_ledger_documents_attributed') }} as ledger
    left join event_slots on ledger.ledger_document_id = event_slots.ledger_document_id
    left join grouped on ledger.ledger_document_id = grouped.document_id
    where ledger.document_kind <> 'journal' and ledger.mark is not null and grouped.document_id is null
    union all
    select
        grouped.company_id,
        grouped.store_id,
        grouped.business_date,
        grouped.measure,
        ledger.period_start_date,
        grouped.pence as amount_pence
    from grouped
    left join {{ ref('int_ledger_documents_attributed') }} as ledger
        on grouped.document_id = ledger.ledger_document_id
),

totals as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        period_start_date,
        {{ whole('sum(amount_pence)') }} as amount_pence,
        {{ whole('count(*)') }} as document_count
    from held
    group by company_id, store_id, business_date, measure, period_start_date
)

select * from totals
