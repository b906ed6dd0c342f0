with proposals as (
    select * from {{ ref('posting_proposals') }}
    {%- if are_days_kept() %}
    where posting_key not in (select kept.posting_key from kept.posting_proposals as kept)
    {%- endif %}
),

to_post as (
    select
        proposals.posting_key,
        proposals.document_kind in ('bank_receipt', 'bank_payment') as is_by_code,
        legs.leg_no,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        cast(legs.tax_code as integer) as tax_code,
        legs.net_pence,
        legs.tax_pence
    from proposals
    -- a later revision of a document is of the same sale
    inner join {{ ref('expected_legs') }} as legs on {{ first_revision('proposals.posting_key') }} = legs.posting_key
    where proposals.role = 'P' and legs.leg_type = 'nominal' and proposals.members_digest is null
    union all
    select
        proposals.posting_key,
        proposals.document_kind in ('bank_receipt', 'bank_payment') as is_by_code,
        1 as leg_no,
        members.nominal_code,
        members.cost_centre,
        members.department,
        members.tax_code,
        members.net_pence,
        members.tax_pence
    from proposals
    inner join {{ ref('tranche_members') }} as members
        on proposals.posting_key = members.tranche_key and proposals.members_digest = members.members_digest
    where members.leg_type = 'nominal'
),

posted_nominals as (
    select
        posting_key,
        'nominal' as leg_type,
        nominal_code,
        cost_centre,
        department,
        case when is_by_code then tax_code end as tax_code,
        {{ whole('sum(net_pence)') }} as net_pence,
        cast(0 as bigint) as tax_pence
    from to_post
    group by posting_key, nominal_code, cost_centre, department, case when is_by_code then tax_code end
),

-- Sage wants a line's account and tax code together in a bank document: there both legs say both, in one order
posted_taxes as (
    select
        posting_key,
        'tax' as leg_type,
        case when is_by_code then nominal_code end as nominal_code,
        case when is_by_code then cost_centre end as cost_centre,
        case when is_by_code then department end as department,
        tax_code,
        {{ whole('sum(net_pence)') }} as net_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence
    from to_post
    group by
        posting_key, tax_code, case when is_by_code then nominal_code end, case when is_by_code then cost_centre end,
        case when is_by_code then department end
),

-- a Sage that keeps an account and its tax code in one row is told which go together
row_keepers as (
    select company_id from {{ ref('stg_operations__companies') }}
    where ledger_kind = 'sage50'
),

posted_splits as (
    select
        to_post.posting_key,
        'split' as leg_type,
        to_post.nominal_code,
        to_post.cost_centre,
        to_post.department,
        to_post.tax_code,
        {{ whole('sum(to_post.net_pence)') }} as net_pence,
        {{ whole('sum(to_post.tax_pence)') }} as tax_pence
    from to_post
    inner join proposals on to_post.posting_key = proposals.posting_key
    inner join row_keepers on proposals.company_id = row_keepers.company_id
    group by to_post.posting_key, to_post.nominal_code, to_post.cost_centre, to_post.department, to_post.tax_code
),

reversed_splits as (
    select
        proposals.posting_key,
        'split' as leg_type,
        items.nominal_code,
        cast('' as varchar) as cost_centre,
        cast('' as varchar) as department,
        cast(items.tax_code as integer) as tax_code,
        {{ whole('sum(items.net_pence)') }} as net_pence,
        {{ whole('sum(items.tax_pence)') }} as tax_pence
    from proposals
    inner join {{ ref('stg_ledger__sales_tax_items') }} as items
        on proposals.company_id = items.company_id and proposals.target_urn = items.urn
    where proposals.role = 'X' and items.nominal_code is not null
    group by proposals.posting_key, items.nominal_code, items.tax_code
),

reversed_legs as (
    select
        proposals.posting_key,
        legs.leg_type,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        cast(legs.tax_code as integer) as tax_code,
        legs.net_pence,
        legs.tax_pence
    from proposals
    inner join {{ ref('int_ledger_documents_read') }} as ledger
        on proposals.company_id = ledger.company_id and proposals.target_urn = ledger.urn
    inner join {{ ref('int_ledger_legs_read') }} as legs on ledger.ledger_document_id = legs.ledger_document_id
    where proposals.role = 'X' and ledger.document_kind in ('invoice', 'credit_note')
),

-- The lines of a bank document each with a tax code: both laid end to end in one order, what lies over each other belongs
-- together. Each account and each code comes out whole, which is all that Sage keeps of them.
reversed_banks as (
    select
        proposals.posting_key,
        legs.leg_type,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        cast(legs.tax_code as integer) as tax_code,
        legs.net_pence,
        legs.tax_pence,
        {{ whole('sum(legs.net_pence) over (partition by proposals.posting_key, legs.leg_type order by legs.nominal_code, legs.cost_centre, legs.department, legs.tax_code)') }} as upto_pence
    from proposals
    inner join {{ ref('int_ledger_documents_read') }} as ledger
        on proposals.company_id = ledger.company_id and proposals.target_urn = ledger.urn
    inner join {{ ref('int_ledger_legs_read') }} as legs on ledger.ledger_document_id = legs.ledger_document_id
    where proposals.role = 'X' and ledger.document_kind in ('bank_receipt', 'bank_payment')
),

bank_pairs as (
    select
        accounts.posting_key,
        accounts.nominal_code,
        accounts.cost_centre,
        accounts.department,
        codes.tax_code,
        codes.tax_pence as whole_tax_pence,
        codes.net_pence as whole_net_pence,
        greatest(accounts.upto_pence - accounts.net_pence, codes.upto_pence - codes.net_pence) as from_pence,
        least(accounts.upto_pence, codes.upto_pence) as to_pence,
        codes.upto_pence - codes.net_pence as code_from_pence
    from reversed_banks as accounts
    inner join reversed_banks as codes
        on
            accounts.posting_key = codes.posting_key
            and accounts.upto_pence - accounts.net_pence < codes.upto_pence
            and codes.upto_pence - codes.net_pence < accounts.upto_pence
    where accounts.leg_type = 'nominal' and codes.leg_type = 'tax'
),

bank_pairs_taxed as (
    select
        posting_key,
        nominal_code,
        cost_centre,
        department,
        tax_code,
        {{ whole('to_pence - from_pence') }} as net_pence,
        -- what the code has up to here, less what it had before: together its tax to the penny
        {{ whole('whole_tax_pence * (to_pence - code_from_pence) // whole_net_pence - whole_tax_pence * (from_pence - code_from_pence) // whole_net_pence') }} as tax_pence
    from bank_pairs
),

reversed_bank_legs as (
    select
        posting_key,
        'nominal' as leg_type,
        nominal_code,
        cost_centre,
        department,
        tax_code,
        net_pence,
        cast(0 as bigint) as tax_pence
    from bank_pairs_taxed
    union all
    select
        posting_key,
        'tax' as leg_type,
        nominal_code,
        cost_centre,
        department,
        tax_code,
        net_pence,
        tax_pence
    from bank_pairs_taxed
),

unioned as (
    select * from posted_nominals
    union all
    select * from posted_taxes
    union all
    select * from posted_splits
    union all
    select * from reversed_legs
    union all
    select * from reversed_bank_legs
    union all
    select * from reversed_splits
),

-- what each leg of an order's sale is made of, as its lines name it
order_accounts as (
    select
        proposals.posting_key,
        legs.category,
        coalesce(legs.till_tax_code, '') as till_tax_code,
        coalesce(legs.tax_rate_thousandths, -1) as tax_rate_thousandths,
        min(legs.nominal_code) as nominal_code,
        min(legs.cost_centre) as cost_centre,
        min(legs.department) as department,
        min(legs.tax_code) as tax_code
    from proposals
    inner join {{ ref('expected_legs') }} as legs on proposals.posting_key = legs.posting_key
    where proposals.remedy = 'post_order' and legs.leg_type = 'nominal'
    group by proposals.posting_key, legs.category, legs.till_tax_code, legs.tax_rate_thousandths
),

products as (
    select
        company_id,
        sku,
        min(sku_in_sage) as product_code
    from {{ ref('stg_sage200__products') }}
    group by company_id, sku
    having count(*) = 1
),

-- what was sold, line by line; what came back is on a credit note, what was paid off an account on none
order_lines as (
    select
        proposals.posting_key,
        'item' as leg_type,
        accounts.nominal_code,
        accounts.cost_centre,
        accounts.department,
        cast(accounts.tax_code as integer) as tax_code,
        lines.net_pence,
        lines.tax_pence,
        lines.sku_as_sent as sku,
        lines.description,
        products.product_code,
        stores.warehouse,
        products.product_code is null and {{ is_outside_scope('lines.category') }} as is_text,
        {{ whole('lines.quantity * 1000') }} as quantity_thousandths,
        lines.line_no
    from proposals
    inner join {{ ref('receipt_lines') }} as lines
        on proposals.company_id = lines.company_id and proposals.event_id = lines.event_id
    left join order_accounts as accounts
        on
            proposals.posting_key = accounts.posting_key
            and lines.category = accounts.category
            and coalesce(lines.till_tax_code, '') = accounts.till_tax_code
            and coalesce(lines.tax_rate_thousandths, -1) = accounts.tax_rate_thousandths
    left join products on lines.company_id = products.company_id and lines.sku = products.sku
    left join {{ ref('stg_operations__stores') }} as stores
        on
            lines.company_id = stores.company_id
            and lines.store_id = stores.store_id
            and {{ is_in_force('stores', 'proposals.document_date') }}
    where proposals.remedy = 'post_order' and coalesce(lines.category, '') <> 'account_payment' and not lines.is_return
),

numbered as (
    select
        posting_key,
        cast(row_number() over (partition by posting_key order by leg_type, nominal_code, cost_centre, department, tax_code) as integer) as leg_no,
        leg_type,
        nominal_code,
        cost_centre,
        department,
        tax_code,
        net_pence,
        tax_pence,
        cast(null as varchar) as sku,
        cast(null as varchar) as description,
        cast(null as varchar) as product_code,
        cast(null as varchar) as warehouse,
        cast(null as boolean) as is_text,
        cast(null as bigint) as quantity_thousandths
    from unioned
    union all
    select
        posting_key,
        cast(1000 + line_no as integer) as leg_no,
        leg_type,
        nominal_code,
        cost_centre,
        department,
        tax_code,
        net_pence,
        tax_pence,
        sku,
        description,
        product_code,
        warehouse,
        is_text,
        quantity_thousandths
    from order_lines
)

select * from numbered
