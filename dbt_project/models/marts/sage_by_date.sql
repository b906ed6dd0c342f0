-- What Sage holds with a till's mark by the date of its documents and the accounting period that Sage has them in, without any
-- store-day: what the bridge of a period is held against.
-- what is judged to be a till's cash over or short is money, whatever else its like would be
with over_short as (
    select
        ledger_document_id,
        is_sales
    from {{ ref('document_verdicts') }}
    where ledger_document_id is not null and posting_key is not null and document_kind in ('bank_receipt', 'bank_payment')
),

singles as (
    select
        ledger.company_id,
        ledger.document_date,
        ledger.period_start_date,
        case when coalesce(over_short.is_sales, ledger.is_sales) then 'sales' else 'takings' end as measure,
        ledger.sales_pence + ledger.takings_pence as amount_pence
    from {{ ref('int_ledger_documents_attributed') }} as ledger
    left join over_short on ledger.ledger_document_id = over_short.ledger_document_id
    where
        ledger.document_kind <> 'journal' and ledger.mark is not null
        and ledger.ledger_document_id not in (
            select document_id from {{ ref('int_documents_grouped') }}
            where side = 'ledger'
        )
),

groups as (
    select
        grouped.company_id,
        ledger.document_date,
        ledger.period_start_date,
        grouped.measure,
        grouped.pence as amount_pence
    from {{ ref('int_documents_grouped') }} as grouped
    inner join {{ ref('int_ledger_documents_attributed') }} as ledger on grouped.document_id = ledger.ledger_document_id
    where grouped.side = 'ledger'
),

held as (
    select
        company_id,
        document_date,
        period_start_date,
        measure,
        {{ whole('sum(amount_pence)') }} as amount_pence,
        {{ whole('count(*)') }} as document_count
    from (
        select * from singles
        union all
        select * from groups
    ) as unioned
    group by company_id, document_date, period_start_date, measure
)

select * from held
