{{ config(materialized='ephemeral') }}
-- The sale that a receipt brings goods back of, where its till names one: the latest of that number by then, its own till's
-- first. A sale that is not here (not yet, or from before there was a pipeline) is no link.
with returns as (
    select
        company_id,
        event_id,
        till_id,
        document_date,
        original_name,
        split_part(original_name, chr(31), 1) as original_store_code,
        split_part(original_name, chr(31), 2) as original_till_id,
        split_part(original_name, chr(31), 3) as original_receipt_no,
        split_part(original_name, chr(31), 4) as original_date
    from {{ ref('int_receipts_totalled') }}
    where original_name is not null
),

candidates as (
    select
        returns.company_id,
        returns.event_id,
        returns.original_receipt_no,
        sales.event_id as original_event_id,
        sales.document_date as original_document_date,
        sales.is_complete as is_original_complete,
        row_number() over (
            partition by returns.company_id, returns.event_id
            order by case when sales.till_id = returns.till_id then 0 else 1 end asc, sales.document_date desc, sales.event_id asc
        ) as place
    from returns
    left join {{ ref('int_receipts_totalled') }} as sales
        on
            returns.company_id = sales.company_id
            and returns.original_store_code = sales.store_code
            and returns.original_receipt_no = sales.receipt_no
            and returns.original_till_id in ('', sales.till_id)
            and returns.original_date in ('', cast(sales.document_date as varchar))
            and returns.document_date >= sales.document_date
            and returns.event_id <> sales.event_id
            and sales.nothing_to_post_reason is null
            and sales.receipt_kind <> 'REFUND'
),

linked as (
    select
        company_id,
        event_id,
        original_receipt_no,
        original_event_id,
        original_document_date,
        is_original_complete
    from candidates
    where place = 1
)

select * from linked
