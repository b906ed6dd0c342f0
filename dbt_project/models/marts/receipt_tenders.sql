with tenders as (
    select
        receipts.event_id,
        tenders.company_id,
        receipts.store_id,
        receipts.business_date,
        tenders.tender_no,
        tenders.tender_type,
        tenders.tender_pence,
        tenders.tip_pence,
        tenders.source_file,
        tenders.source_row
    from {{ ref('int_tenders_placed') }} as tenders
    inner join {{ ref('int_receipts_totalled') }} as receipts
        on
            tenders.company_id = receipts.company_id
            and tenders.store_code = receipts.store_code
            and tenders.till_id = receipts.till_id
            and tenders.receipt_no = receipts.receipt_no
            and tenders.document_date = receipts.document_date
            and tenders.occurrence = receipts.occurrence
)

select * from tenders
