-- One row per event: what the receipt says, whether it adds up, and whether it rightly leaves no trace in Sage.
with lines as (
    select * from {{ ref('int_receipt_lines_grouped') }}
),

totalled as (
    select
        company_id,
        event_id,
        any_value(store_id) as store_id,
        bool_and(is_store_mapped) as is_store_mapped,
        any_value(store_code) as store_code,
        any_value(till_id) as till_id,
        any_value(receipt_no) as receipt_no,
        any_value(occurrence) as occurrence,
        any_value(document_date) as document_date,
        min(receipt_kind) as receipt_kind,
        min(sold_at_local) as sold_at_local,
        min(customer_no) as customer_no,
        coalesce(any_value(zone), 'Europe/London') as zone,
        coalesce(any_value(day_cutoff_minutes), 0) as day_cutoff_minutes,
        any_value(currency) as currency,
        {{ whole('sum(line_count)') }} as line_count,
        cast(sum(units) as decimal(18, 3)) as units,
        {{ whole('sum(net_pence)') }} as net_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence,
        {{ whole('sum(gross_pence)') }} as gross_pence,
        {{ whole("sum(case when category = 'account_payment' then gross_pence else 0 end)") }} as account_payment_pence,
        bool_or(has_value) as has_value,
        bool_and(coalesce(category, '') = 'not_a_sale') as is_not_a_sale,
        bool_and(do_lines_add_up) as do_lines_add_up,
        -- a receipt that brings back parts of several sales names none as its own
        case when min(original_name) = max(last_original_name) then min(original_name) end as original_name,
        min(delivery_id) as delivery_id,
        min(source_file) as source_file,
        min(source_row) as source_row,
        max(pass_number) as pass_number
    from lines
    group by company_id, event_id
),

-- The VAT of what was sold, by the policy that the store declares. A return gives back what was charged, so it is not asked.
tax_codes as (
    select
        company_id,
        event_id,
        sum(tax_pence) as tax_pence,
        case
            when any_value(tax_basis) = 'line' then sum(policy_tax_pence)
            else {{ tax_by_policy('sum(net_pence)', 'sum(gross_pence)', 'tax_rate_thousandths', 'any_value(tax_rounding)', 'any_value(price_basis)') }}
        end as policy_tax_pence,
        sum(lines_off_policy) as lines_off_policy
    from lines
    where not is_return and tax_basis in ('line', 'receipt') and tax_rate_thousandths is not null
    group by company_id, event_id, till_tax_code, tax_rate_thousandths
),

taxes as (
    select
        company_id,
        event_id,
        {{ whole('sum(policy_tax_pence)') }} as policy_tax_pence,
        {{ whole('sum(tax_pence - policy_tax_pence)') }} as tax_off_policy_pence,
        bool_and(tax_pence = policy_tax_pence and lines_off_policy = 0) as is_tax_by_policy
    from tax_codes
    group by company_id, event_id
),

tendered as (
    select
        company_id,
        store_code,
        till_id,
        receipt_no,
        document_date,
        occurrence,
        {{ whole('sum(tender_pence)') }} as tender_pence,
        {{ whole('sum(tip_pence)') }} as tip_pence
    from {{ ref('int_tenders_placed') }}
    group by company_id, store_code, till_id, receipt_no, document_date, occurrence
),

incomplete as (
    select distinct
        company_id,
        store_code,
        till_id,
        receipt_no,
        document_date
    from {{ ref('int_deliveries_awaited') }}
    where document_date is not null
),

judged as (
    select
        totalled.*,
        {{ business_date('totalled.sold_at_local', 'totalled.day_cutoff_minutes') }} as business_date,
        {{ utc_of('totalled.sold_at_local', 'totalled.zone') }} as sold_at,
        coalesce(tendered.tender_pence, 0) as tender_pence,
        coalesce(tendered.tip_pence, 0) as tip_pence,
        taxes.policy_tax_pence,
        taxes.tax_off_policy_pence,
        taxes.is_tax_by_policy,
        incomplete.receipt_no is null as is_complete,
        case
            when totalled.receipt_kind in ('VOID', 'NO_SALE', 'TRAINING') then lower(totalled.receipt_kind)
            when totalled.is_not_a_sale then 'not_a_sale'
            when totalled.has_value then null
            when totalled.units < 0 then 'stock_write_off'
            else 'zero_value'
        end as nothing_to_post_reason
    from totalled
    left join taxes on totalled.company_id = taxes.company_id and totalled.event_id = taxes.event_id
    left join tendered
        on
            totalled.company_id = tendered.company_id
            and totalled.store_code = tendered.store_code
            and totalled.till_id = tendered.till_id
            and totalled.receipt_no = tendered.receipt_no
            and totalled.document_date = tendered.document_date
            and totalled.occurrence = tendered.occurrence
    left join incomplete
        on
            totalled.company_id = incomplete.company_id
            and totalled.store_code = incomplete.store_code
            and totalled.till_id = incomplete.till_id
            and totalled.receipt_no = incomplete.receipt_no
            and totalled.document_date = incomplete.document_date
)

select * from judged
