{{ config(tags=['money']) }}
-- What is expected of Sage for an event is its receipt to the penny: net and tax as printed, and what was tendered; but for
-- what a customer pays off his account, which was sold before, and what goes on it, which is paid later; a tip on the tender
-- alone, and a tender that is no bank but comes back as goods do. (A receipt whose own gross is another figure is the gate's to
-- stop, SUM-01; it is not lost here.)
with documents as (
    select company_id, event_id, sum(sales_pence) as sales_pence, sum(takings_pence) as takings_pence
    from {{ ref('expected_documents') }}
    where document_kind <> 'none'
    group by company_id, event_id
),

tenders as (
    select
        company_id,
        event_id,
        sum(case when document_kind in ('on_account', 'nominal') then gross_pence else 0 end) as by_no_bank_pence,
        sum(tip_pence) - sum(case when document_kind = 'nominal' then gross_pence else 0 end) as beside_lines_pence
    from {{ ref('int_documents_from_tenders') }}
    group by company_id, event_id
)

select receipts.event_id, receipts.net_pence, receipts.tax_pence, documents.sales_pence, receipts.tender_pence, documents.takings_pence
from {{ ref('int_receipts_totalled') }} as receipts
left join documents on receipts.company_id = documents.company_id and receipts.event_id = documents.event_id
left join tenders on receipts.company_id = tenders.company_id and receipts.event_id = tenders.event_id
where receipts.nothing_to_post_reason is null
    and (
        receipts.net_pence + receipts.tax_pence - receipts.account_payment_pence + coalesce(tenders.beside_lines_pence, 0)
        <> coalesce(documents.sales_pence, 0)
        or receipts.tender_pence - coalesce(tenders.by_no_bank_pence, 0) <> coalesce(documents.takings_pence, 0)
    )
