-- Receipt recipe: each tender is a receipt on the till customer, or a payment where money went back, through the clearing
-- bank the tender maps to. What goes on a customer's account is no document: kind `on_account`, left out of what is expected.
-- Nor is a tender that is money off a nominal account, as a used voucher is: kind `nominal`, a leg of the goods.
with receipts as (
    select * from {{ ref('int_receipts_totalled') }}
    where nothing_to_post_reason is null
),

tenders as (
    select * from {{ ref('int_tenders_placed') }}
    where tender_pence <> 0
),

candidates as (
    select
        receipts.company_id,
        receipts.event_id,
        case
            when mappings.settlement = 'account' then 'on_account'
            when mappings.settlement = 'nominal' then 'nominal'
            when tenders.tender_pence > 0 then 'receipt'
            else 'payment'
        end as document_kind,
        tenders.tender_no as ordinal,
        tenders.tender_type,
        {{ whole("case when mappings.settlement in ('account', 'nominal') then tenders.tender_pence else abs(tenders.tender_pence) end") }} as gross_pence,
        mappings.bank_code,
        mappings.category,
        mappings.till_tax_code,
        tenders.tip_pence,
        row_number() over (
            partition by receipts.company_id, receipts.event_id, tenders.tender_no
            order by case when mappings.store_id = '*' then 1 else 0 end, mappings.bank_code
        ) as mapping_rank
    from tenders
    inner join receipts
        on
            tenders.company_id = receipts.company_id
            and tenders.store_code = receipts.store_code
            and tenders.till_id = receipts.till_id
            and tenders.receipt_no = receipts.receipt_no
            and tenders.document_date = receipts.document_date
            and tenders.occurrence = receipts.occurrence
    left join {{ ref('stg_operations__tender_mappings') }} as mappings
        on
            tenders.company_id = mappings.company_id
            and tenders.tender_type = mappings.tender_type
            and mappings.store_id in (receipts.store_id, '*')
            and {{ is_in_force('mappings', 'tenders.document_date') }}
),

documents as (
    select
        company_id,
        event_id,
        document_kind,
        ordinal,
        tender_type,
        gross_pence,
        bank_code,
        category,
        till_tax_code,
        tip_pence
    from candidates
    where mapping_rank = 1
)

select * from documents
