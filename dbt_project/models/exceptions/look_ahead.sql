-- Every combination that is configured, or was sold in the last ninety days, tried against Sage as it is now: what would be
-- refused is known before a sale needs it. Goods, VAT, tenders and customers do not depend on each other, so each is tried
-- by itself: a sale passes when all four of its cells are open. A store that no mapping names shows as its customer's cell.
with today as (
    select
        cast(as_of as date) as as_of_date,
        cast(as_of as date) - 90 as lately_from
    from {{ ref('stg_run__pass') }}
),

stores as (
    select stores.*
    from {{ ref('stg_operations__stores') }} as stores
    inner join today on {{ is_in_force('stores', 'today.as_of_date') }}
),

nominal_mappings as (
    select mappings.*
    from {{ ref('stg_operations__nominal_mappings') }} as mappings
    inner join today on {{ is_in_force('mappings', 'today.as_of_date') }}
),

tender_mappings as (
    select mappings.*
    from {{ ref('stg_operations__tender_mappings') }} as mappings
    inner join today on {{ is_in_force('mappings', 'today.as_of_date') }}
),

tax_mappings as (
    select mappings.*
    from {{ ref('stg_operations__tax_mappings') }} as mappings
    inner join today on {{ is_in_force('mappings', 'today.as_of_date') }}
),

sold as (
    select
        lines.company_id,
        lines.store_id,
        lines.category,
        case when not {{ is_outside_scope('lines.category') }} then lines.till_tax_code end as till_tax_code,
        lines.business_date,
        abs(sum(lines.gross_pence)) as gross_pence
    from {{ whole_of('receipt_lines') }} as lines
    inner join today on lines.business_date > today.lately_from and lines.business_date <= today.as_of_date
    where lines.gross_pence <> 0 or lines.net_pence <> 0
    -- what of a receipt goes to one account: money off is of what it is off
    group by
        lines.company_id, lines.event_id, lines.store_id, lines.category, lines.till_tax_code, lines.tax_rate_thousandths,
        lines.is_return, lines.business_date
),

tendered as (
    select
        tenders.company_id,
        tenders.store_id,
        tenders.tender_type,
        tenders.business_date,
        abs(tenders.tender_pence) as gross_pence
    from {{ whole_of('receipt_tenders') }} as tenders
    inner join today on tenders.business_date > today.lately_from and tenders.business_date <= today.as_of_date
    where tenders.tender_pence <> 0
),

goods as (
    select
        company_id,
        store_id,
        category,
        max(last_seen_on) as last_seen_on,
        sum(lately_pence) as lately_pence
    from (
        select
            company_id,
            store_id,
            category,
            business_date as last_seen_on,
            gross_pence as lately_pence
        from sold
        where category not in ('not_a_sale', 'account_payment') and store_id in (select store_id from stores)
        union all
        select
            stores.company_id,
            stores.store_id,
            nominal_mappings.category,
            null as last_seen_on,
            0 as lately_pence
        from stores
        inner join nominal_mappings
            on stores.company_id = nominal_mappings.company_id and nominal_mappings.store_id in (stores.store_id, '*')
    ) as seen
    group by company_id, store_id, category
),

goods_mapped as (
    select
        goods.*,
        mappings.nominal_code,
        case when mappings.cost_centre = '=' then coalesce(stores.cost_centre, '') else mappings.cost_centre end as cost_centre,
        case when mappings.department = '=' then stores.department else mappings.department end as department
    from goods
    left join stores on goods.company_id = stores.company_id and goods.store_id = stores.store_id
    left join nominal_mappings as mappings
        on
            goods.company_id = mappings.company_id
            and goods.category = mappings.category
            and mappings.store_id in (goods.store_id, '*')
    -- the most specific mapping wins, as for a receipt
    qualify row_number() over (
        partition by goods.company_id, goods.store_id, goods.category
        order by case when mappings.store_id = '*' then 1 else 0 end, mappings.nominal_code
    ) = 1
),

goods_tried as (
    select
        mapped.company_id,
        'goods' as cell,
        mapped.store_id,
        mapped.category as key,
        {{ account_text('mapped.nominal_code', 'mapped.cost_centre', 'mapped.department') }} as leads_to,
        case
            when mapped.nominal_code is null then 'not_mapped'
            when nominals.nominal_code is null then 'not_in_sage'
            when nominals.account_status = 'hidden' then 'hidden'
            when nominals.account_type <> 'posting' then 'not_a_posting_account'
            else 'open'
        end as status,
        mapped.last_seen_on,
        mapped.lately_pence
    from goods_mapped as mapped
    left join {{ ref('stg_ledger__nominal_codes') }} as nominals
        on
            mapped.company_id = nominals.company_id
            and mapped.nominal_code = nominals.nominal_code
            and mapped.cost_centre = nominals.cost_centre
            and mapped.department = nominals.department
),

taxes as (
    select
        company_id,
        till_tax_code,
        max(last_seen_on) as last_seen_on,
        sum(lately_pence) as lately_pence
    from (
        select
            company_id,
            till_tax_code,
            business_date as last_seen_on,
            gross_pence as lately_pence
        from sold
        where till_tax_code is not null
        union all
        select
            company_id,
            till_tax_code,
            null as last_seen_on,
            0 as lately_pence
        from tax_mappings
    ) as seen
    group by company_id, till_tax_code
),

taxes_tried as (
    select
        taxes.company_id,
        'vat' as cell,
        '*' as store_id,
        taxes.till_tax_code as key,
        cast(mappings.tax_code as varchar) as leads_to,
        case
            when mappings.tax_code is null then 'not_mapped'
            when tax_codes.tax_code is null then 'not_in_sage'
            when tax_codes.tax_rate_thousandths <> mappings.required_rate_thousandths then 'rate_differs'
            else 'open'
        end as status,
        taxes.last_seen_on,
        taxes.lately_pence
    from taxes
    left join tax_mappings as mappings
        on taxes.company_id = mappings.company_id and taxes.till_tax_code = mappings.till_tax_code
    left join {{ ref('stg_ledger__tax_codes') }} as tax_codes
        on mappings.company_id = tax_codes.company_id and mappings.tax_code = tax_codes.tax_code
),

tenders as (
    select
        company_id,
        store_id,
        tender_type,
        max(last_seen_on) as last_seen_on,
        sum(lately_pence) as lately_pence
    from (
        select
            company_id,
            store_id,
            tender_type,
            business_date as last_seen_on,
            gross_pence as lately_pence
        from tendered
        where store_id in (select store_id from stores)
        union all
        select
            stores.company_id,
            stores.store_id,
            tender_mappings.tender_type,
            null as last_seen_on,
            0 as lately_pence
        from stores
        inner join tender_mappings
            on stores.company_id = tender_mappings.company_id and tender_mappings.store_id in (stores.store_id, '*')
    ) as seen
    group by company_id, store_id, tender_type
),

tenders_tried as (
    select
        tenders.company_id,
        'tender' as cell,
        tenders.store_id,
        tenders.tender_type as key,
        case mappings.settlement when 'account' then 'on account' when 'nominal' then mappings.category else mappings.bank_code end as leads_to,
        case
            when mappings.settlement = 'account' then 'open'
            when mappings.settlement = 'nominal' and given_back.category is not null then 'open'
            when mappings.bank_code is null then 'not_mapped'
            when banks.bank_code is null then 'not_in_sage'
            when banks.account_status = 'hidden' then 'hidden'
            else 'open'
        end as status,
        tenders.last_seen_on,
        tenders.lately_pence
    from tenders
    left join tender_mappings as mappings
        on
            tenders.company_id = mappings.company_id
            and tenders.tender_type = mappings.tender_type
            and mappings.store_id in (tenders.store_id, '*')
    left join {{ ref('stg_ledger__banks') }} as banks
        on mappings.company_id = banks.company_id and mappings.bank_code = banks.bank_code
    -- whether Sage has the account, the cell of its goods says
    left join goods_mapped as given_back
        on
            mappings.settlement = 'nominal'
            and given_back.nominal_code is not null
            and tenders.company_id = given_back.company_id
            and tenders.store_id = given_back.store_id
            and mappings.category = given_back.category
    qualify row_number() over (
        partition by tenders.company_id, tenders.store_id, tenders.tender_type
        order by case when mappings.store_id = '*' then 1 else 0 end, mappings.bank_code
    ) = 1
),

store_sales as (
    select
        company_id,
        store_id,
        max(business_date) as last_seen_on,
        sum(gross_pence) as lately_pence
    from sold
    group by company_id, store_id
),

customers_tried as (
    select
        coalesce(stores.company_id, store_sales.company_id) as company_id,
        'customer' as cell,
        coalesce(stores.store_id, store_sales.store_id) as store_id,
        coalesce(stores.till_customer_reference, 'store ' || store_sales.store_id) as key,
        stores.till_customer_reference as leads_to,
        case
            when stores.store_id is null then 'not_mapped'
            when customers.customer_id is null then 'not_in_sage'
            when customers.account_status = 'hidden' then 'hidden'
            when customers.is_on_hold then 'on_hold'
            else 'open'
        end as status,
        store_sales.last_seen_on,
        coalesce(store_sales.lately_pence, 0) as lately_pence
    from stores
    full outer join store_sales on stores.company_id = store_sales.company_id and stores.store_id = store_sales.store_id
    left join {{ ref('stg_ledger__customers') }} as customers
        on stores.company_id = customers.company_id and stores.till_customer_reference = customers.customer_reference
),

tried as (
    select * from goods_tried
    union all
    select * from taxes_tried
    union all
    select * from tenders_tried
    union all
    select * from customers_tried
),

described as (
    select
        company_id,
        cell,
        store_id,
        key as tried_key,
        leads_to,
        status,
        last_seen_on,
        {{ whole('lately_pence') }} as lately_pence
    from tried
)

select * from described
