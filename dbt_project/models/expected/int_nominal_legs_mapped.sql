-- The nominal legs of each goods document: its lines by what was sold and how it is taxed, sales and returns apart; and what
-- tenders put beside them, a tip that is on the tender alone or a voucher that comes back.
with receipts as (
    select * from {{ ref('int_receipts_totalled') }}
    where nothing_to_post_reason is null
),

printed as (
    select
        company_id,
        event_id,
        case when is_return then 'credit_note' else 'invoice' end as document_kind,
        category,
        till_tax_code,
        tax_rate_thousandths,
        is_return,
        {{ is_outside_scope('category') }} as is_outside_scope,
        -- in the direction of its document: money off a sale is a negative leg of the invoice
        {{ whole('case when is_return then -net_pence else net_pence end') }} as net_pence,
        {{ whole('case when is_return then -tax_pence else tax_pence end') }} as tax_pence,
        has_case_conflict,
        skus,
        false as is_tendered,
        false as is_beyond_goods
    from {{ ref('int_receipt_lines_grouped') }}
    -- what a customer pays off his account was sold before
    where has_value and coalesce(category, '') <> 'account_payment'
),

-- Told by a tender and on no line: a tip goes the way of its tender, what pays by no bank comes back to the shop.
beside as (
    select
        company_id,
        event_id,
        category,
        till_tax_code,
        is_return,
        {{ is_outside_scope('category') }} as is_outside_scope,
        {{ whole('sum(pence)') }} as pence
    from (
        select
            company_id,
            event_id,
            'tip' as category,
            cast(null as varchar) as till_tax_code,
            tip_pence < 0 as is_return,
            abs(tip_pence) as pence
        from {{ ref('int_documents_from_tenders') }}
        where tip_pence <> 0
        union all
        select
            company_id,
            event_id,
            category,
            till_tax_code,
            gross_pence > 0 as is_return,
            abs(gross_pence) as pence
        from {{ ref('int_documents_from_tenders') }}
        where document_kind = 'nominal'
    ) as tendered
    group by company_id, event_id, category, till_tax_code, is_return
),

-- VAT of a voucher for one rate was due when it was sold: used, it takes away the VAT of the goods that it pays for.
tendered as (
    select
        beside.company_id,
        beside.event_id,
        case when beside.is_return then 'credit_note' else 'invoice' end as document_kind,
        beside.category,
        beside.till_tax_code,
        max(lines.tax_rate_thousandths) as tax_rate_thousandths,
        beside.is_return,
        beside.is_outside_scope,
        beside.pence as gross_pence,
        coalesce(abs(sum(lines.net_pence + lines.tax_pence)), 0) as goods_pence,
        coalesce(abs(sum(lines.tax_pence)), 0) as goods_tax_pence
    from beside
    left join {{ ref('int_receipt_lines_grouped') }} as lines
        on
            beside.company_id = lines.company_id
            and beside.event_id = lines.event_id
            and beside.till_tax_code = lines.till_tax_code
            and beside.is_return <> lines.is_return
            and not beside.is_outside_scope
            and not {{ is_outside_scope('lines.category') }}
            and coalesce(lines.category, '') <> 'account_payment'
    group by
        beside.company_id, beside.event_id, beside.category, beside.till_tax_code, beside.is_return, beside.is_outside_scope, beside.pence
),

taxed as (
    select
        *,
        case
            when goods_pence = 0 then 0
            else {{ divide_rounded('least(gross_pence, goods_pence) * goods_tax_pence', 'goods_pence', "'half_up'") }}
        end as tax_pence
    from tendered
),

grouped as (
    select * from printed
    union all
    select
        company_id,
        event_id,
        document_kind,
        category,
        till_tax_code,
        tax_rate_thousandths,
        is_return,
        is_outside_scope,
        {{ whole('gross_pence - tax_pence') }} as net_pence,
        {{ whole('tax_pence') }} as tax_pence,
        false as has_case_conflict,
        cast(null as varchar) as skus,
        true as is_tendered,
        not is_outside_scope and gross_pence > goods_pence as is_beyond_goods
    from taxed
),

dated as (
    select
        grouped.*,
        receipts.store_id,
        receipts.document_date,
        -- what comes back goes by what was in force when it was sold, where its till says when that was
        case when grouped.is_return and not grouped.is_tendered then links.original_document_date end as sold_on,
        stores.cost_centre as store_cost_centre,
        stores.department as store_department,
        companies.outside_scope_tax_code
    from grouped
    inner join receipts
        on grouped.company_id = receipts.company_id and grouped.event_id = receipts.event_id
    left join {{ ref('int_returns_linked') }} as links
        on grouped.company_id = links.company_id and grouped.event_id = links.event_id
    left join {{ ref('stg_operations__companies') }} as companies on grouped.company_id = companies.company_id
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
        case
            when dated.is_outside_scope then dated.outside_scope_tax_code
            when tax_mappings.required_rate_thousandths = dated.tax_rate_thousandths then tax_mappings.tax_code
            else coalesce(charged_mappings.tax_code, tax_mappings.tax_code)
        end as tax_code,
        case
            when dated.is_outside_scope then cast(0 as bigint)
            when tax_mappings.required_rate_thousandths = dated.tax_rate_thousandths then tax_mappings.required_rate_thousandths
            else coalesce(charged_mappings.required_rate_thousandths, tax_mappings.required_rate_thousandths)
        end as required_rate_thousandths,
        -- the most specific mapping wins: one that names the store before one for any
        row_number() over (
            partition by dated.company_id, dated.event_id, dated.document_kind, dated.category, dated.till_tax_code, dated.tax_rate_thousandths, dated.is_tendered
            order by
                case when mappings.store_id = '*' then 1 else 0 end asc, charged_mappings.valid_from desc,
                mappings.nominal_code asc, tax_mappings.tax_code asc
        ) as mapping_rank
    from dated
    left join {{ ref('stg_operations__nominal_mappings') }} as mappings
        on
            dated.company_id = mappings.company_id
            and dated.category = mappings.category
            and mappings.store_id in (dated.store_id, '*')
            and {{ is_in_force('mappings', 'coalesce(dated.sold_on, dated.document_date)') }}
    left join {{ ref('stg_operations__tax_mappings') }} as tax_mappings
        on
            dated.company_id = tax_mappings.company_id
            and dated.till_tax_code = tax_mappings.till_tax_code
            and {{ is_in_force('tax_mappings', 'coalesce(dated.sold_on, dated.document_date)') }}
    -- a refund of who knows what goes back at the rate that was charged: the code that had it last, although another is in force by now
    left join {{ ref('stg_operations__tax_mappings') }} as charged_mappings
        on
            dated.company_id = charged_mappings.company_id
            and dated.till_tax_code = charged_mappings.till_tax_code
            and dated.tax_rate_thousandths = charged_mappings.required_rate_thousandths
            and dated.document_date >= charged_mappings.valid_from
            and dated.is_return
            and dated.sold_on is null
),

mapped as (
    select
        candidates.* exclude (mapping_rank, store_cost_centre, store_department, outside_scope_tax_code),
        row_number() over (
            partition by company_id, event_id, document_kind
            order by nominal_code, cost_centre, tax_code, category, till_tax_code, tax_rate_thousandths, is_tendered
        ) as leg_no
    from candidates
    where mapping_rank = 1
)

select * from mapped
