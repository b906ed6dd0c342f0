-- What Sage holds with a till's mark by the date of its documents and the accounting period that Sage has them in, without any
-- store-day: what the bridge of a period is held against.
with singles as (
    select
        company_id,
        document_date,
        period_start_date,
        case when {{ is_sales_kind('document_kind') }} then 'sales' else 'takings' end as measure,
        sales_pence + takings_pence as amount_pence
    from {{ ref('int_ledger_documents_attributed') }}
    where
        document_kind <> 'journal' and mark is not null
        and ledger_document_id not in (
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
