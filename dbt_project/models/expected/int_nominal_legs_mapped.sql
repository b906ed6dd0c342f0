-- The nominal legs of each goods document: its lines by what was sold and how it is taxed, sales and returns apart.
with receipts as (
    select * from {{ ref('int_receipts_totalled') }}
    where nothing_to_post_reason is null
),

grouped as (
    select
        company_id,
        event_id,
        case when is_return then 'credit_note' else 'invoice' end as document_kind,
        category,
        till_tax_code,
        tax_rate_thousandths,
        {{ whole('abs(net_pence)') }} as net_pence,
        {{ whole('abs(tax_pence)') }} as tax_pence,
        {{ whole('abs(tax_by_line_pence)') }} as tax_by_line_pence,
        has_case_conflict,
        skus
    from {{ ref('int_receipt_lines_grouped') }}
    where has_value
),

dated as (
    select
        grouped.*,
        receipts.store_id,
        receipts.document_date,
        stores.cost_centre as store_cost_centre,
        stores.department as store_department
    from grouped
    inner join receipts
        on grouped.company_id = receipts.company_id and grouped.event_id = receipts.event_id
    left join {{ ref('stg_operations__stores') }} as stores
        on
            receipts.company_id = stores.company_id
            and receipts.store_code = stores.store_code
            and {{ is_in_force('stores', 'receipts.document_date') }}
),

candidates as (
    select
        dated.*,
        mappings.nominal_code,
        case when mappings.cost_centre = '=' then dated.store_cost_centre else mappings.cost_centre end as cost_centre,
        case when mappings.department = '=' then dated.store_department else mappings.department end as department,
        tax_mappings.tax_code,
        tax_mappings.required_rate_thousandths,
        -- the most specific mapping wins: one that names the store before one for any
        row_number() over (
            partition by dated.company_id, dated.event_id, dated.document_kind, dated.category, dated.till_tax_code
            order by case when mappings.store_id = '*' then 1 else 0 end, mappings.nominal_code, tax_mappings.tax_code
        ) as mapping_rank
    from dated
    left join {{ ref('stg_operations__nominal_mappings') }} as mappings
        on
            dated.company_id = mappings.company_id
            and dated.category = mappings.category
            and mappings.store_id in (dated.store_id, '*')
            and {{ is_in_force('mappings', 'dated.document_date') }}
    left join {{ ref('stg_operations__tax_mappings') }} as tax_mappings
        on
            dated.company_id = tax_mappings.company_id
            and dated.till_tax_code = tax_mappings.till_tax_code
            and {{ is_in_force('tax_mappings', 'dated.document_date') }}
),

mapped as (
    select
        candidates.* exclude (mapping_rank, store_cost_centre, store_department),
        row_number() over (
            partition by company_id, event_id, document_kind
            order by nominal_code, cost_centre, tax_code, category, till_tax_code
        ) as leg_no
    from candidates
    where mapping_rank = 1
)

select * from mapped
