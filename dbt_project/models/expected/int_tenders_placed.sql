-- Each tender with the date of its receipt: what was rung up before midnight may be paid for after it, and each row of a till
-- bears its own moment. A receipt of its own date goes first.
with tenders as (
    select * from {{ ref('stg_pos__tenders') }}
),

receipts as (
    select distinct
        company_id,
        store_code,
        till_id,
        receipt_no,
        document_date,
        occurrence
    from {{ ref('int_receipt_lines_grouped') }}
),

placed as (
    select
        tenders.* exclude (document_date),
        case
            when same_day.receipt_no is null and day_before.receipt_no is not null then day_before.document_date
            else tenders.document_date
        end as document_date,
        tenders.document_date as tendered_date
    from tenders
    left join receipts as same_day
        on
            tenders.company_id = same_day.company_id
            and tenders.store_code = same_day.store_code
            and tenders.till_id = same_day.till_id
            and tenders.receipt_no = same_day.receipt_no
            and tenders.document_date = same_day.document_date
            and tenders.occurrence = same_day.occurrence
    left join receipts as day_before
        on
            tenders.company_id = day_before.company_id
            and tenders.store_code = day_before.store_code
            and tenders.till_id = day_before.till_id
            and tenders.receipt_no = day_before.receipt_no
            and tenders.document_date = day_before.document_date + 1
            and tenders.occurrence = day_before.occurrence
)

select * from placed
