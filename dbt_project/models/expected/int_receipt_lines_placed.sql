{{ config(materialized='view') }}
-- Each line with its event, its store as we name it, and what was sold. The event keeps the store as printed:
-- a mapping that is edited later must not change an identity.
with lines as (
    select * from {{ ref('stg_pos__receipt_lines') }}
),

placed as (
    select
        lines.company_id,
        'pos:' || lines.store_code || ':' || lines.till_id || ':' || lines.receipt_no || ':'
        || cast(lines.document_date as varchar) || ':' || cast(lines.occurrence as varchar) as event_id,
        coalesce(stores.store_id, lines.store_code) as store_id,
        stores.store_id is not null as is_store_mapped,
        lines.store_code,
        lines.till_id,
        lines.receipt_no,
        lines.occurrence,
        lines.document_date,
        lines.receipt_kind,
        lines.sold_at_local,
        stores.zone,
        stores.day_cutoff_minutes,
        stores.currency,
        stores.tax_basis,
        stores.tax_rounding,
        stores.price_basis,
        lines.sku,
        lines.sku_as_sent,
        skus.category,
        coalesce(skus.sku_case_status, 'same') as sku_case_status,
        lines.description,
        lines.quantity,
        lines.unit_price_amount,
        lines.net_pence,
        lines.tax_pence,
        lines.gross_pence,
        lines.till_tax_code,
        lines.tax_rate_thousandths,
        lines.customer_no,
        lines.destination,
        -- the sale that a line names as its own, in one text: store, till, number and date, empty where it is not said
        case
            when lines.original_receipt_no is not null
                then
                    coalesce(lines.original_store_code, lines.store_code) || chr(31) || coalesce(lines.original_till_id, '') || chr(31)
                    || lines.original_receipt_no || chr(31) || coalesce(cast(lines.original_date as varchar), '')
        end as original_name,
        lines.delivery_id,
        lines.source_file,
        lines.source_row,
        lines.line_occurrence,
        lines.pass_number
    from lines
    left join {{ ref('stg_operations__stores') }} as stores
        on
            lines.company_id = stores.company_id
            and lines.store_code = stores.store_code
            and {{ is_in_force('stores', 'lines.document_date') }}
    left join {{ ref('int_skus_mapped') }} as skus
        on
            lines.company_id = skus.company_id
            and lines.sku_as_sent = skus.sku_as_sent
            and {{ is_in_force('skus', 'lines.document_date') }}
)

select * from placed
