-- The nominal legs of each goods document: its lines by what was sold and how it is taxed, sales and returns apart.
with lines as (
    select * from {{ ref('int_receipt_lines_placed') }}
),

receipts as (
    select * from {{ ref('int_receipts_totalled') }}
    where nothing_to_post_reason is null
),

grouped as (
    select
        lines.company_id,
        lines.event_id,
        case when lines.gross_pence >= 0 then 'invoice' else 'credit_note' end as document_kind,
        lines.category,
        lines.till_tax_code,
        min(lines.tax_rate_thousandths) as tax_rate_thousandths,
        {{ whole('abs(sum(lines.net_pence))') }} as net_pence,
        {{ whole('abs(sum(lines.tax_pence))') }} as tax_pence,
        {{ whole('abs(sum(' ~ tax_half_up('lines.net_pence', 'lines.tax_rate_thousandths') ~ '))') }} as tax_by_line_pence,
        max(lines.sku_case_status = 'differs') as has_case_conflict,
        -- named only where a rule may need the name: listing every SKU of every leg is the dearest thing here
        left({{ list_of("case when lines.category is null or lines.sku_case_status = 'differs' then lines.sku_as_sent end") }}, 120) as skus
    from lines
    inner join receipts
        on lines.company_id = receipts.company_id and lines.event_id = receipts.event_id
    where lines.gross_pence <> 0 or lines.net_pence <> 0
    group by
        lines.company_id, lines.event_id, lines.category, lines.till_tax_code,
        case when lines.gross_pence >= 0 then 'invoice' else 'credit_note' end
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
