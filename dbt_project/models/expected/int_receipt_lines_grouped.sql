-- A receipt's lines by what was sold, how it is taxed and which way it went: all that documents and totals need of them,
-- from one reading of the lines. What an event is named by, and what is in force of its store, is one value in all its lines.
with lines as (
    select
        *,
        {{ is_return_line('category', 'receipt_kind', 'gross_pence') }} as is_return,
        gross_pence <> 0 or net_pence <> 0 as has_value,
        case when tax_basis = 'line' then {{ tax_by_policy('net_pence', 'gross_pence', 'tax_rate_thousandths', 'tax_rounding', 'price_basis') }} end as policy_tax_pence
    from {{ ref('int_receipt_lines_placed') }}
),

grouped as (
    select
        company_id,
        event_id,
        category,
        till_tax_code,
        tax_rate_thousandths,
        is_return,
        has_value,
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
        any_value(zone) as zone,
        any_value(day_cutoff_minutes) as day_cutoff_minutes,
        any_value(currency) as currency,
        {{ whole('count(*)') }} as line_count,
        cast(sum(quantity) as decimal(18, 3)) as units,
        {{ whole('sum(net_pence)') }} as net_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence,
        {{ whole('sum(gross_pence)') }} as gross_pence,
        any_value(tax_basis) as tax_basis,
        any_value(tax_rounding) as tax_rounding,
        any_value(price_basis) as price_basis,
        {{ whole('sum(policy_tax_pence)') }} as policy_tax_pence,
        {{ whole('sum(case when tax_pence <> policy_tax_pence then 1 else 0 end)') }} as lines_off_policy,
        bool_and(net_pence + tax_pence = gross_pence) as do_lines_add_up,
        bool_or(sku_case_status = 'differs') as has_case_conflict,
        -- named only where a rule may need the name: listing every SKU of every leg is the dearest thing here
        left({{ list_of("case when category is null or sku_case_status = 'differs' then sku_as_sent end") }}, {{ longest_sku_list() }}) as skus,
        min(original_name) as original_name,
        max(original_name) as last_original_name,
        min(delivery_id) as delivery_id,
        min(source_file) as source_file,
        min(source_row) as source_row,
        max(pass_number) as pass_number
    from lines
    group by company_id, event_id, category, till_tax_code, tax_rate_thousandths, is_return, has_value
)

select * from grouped
