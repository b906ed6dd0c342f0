-- What Sage should hold for each event, one row per document; one row of kind `none` for an event that rightly leaves no trace.
with goods as (
    select
        company_id,
        event_id,
        document_kind,
        1 as ordinal,
        cast(null as varchar) as tender_type,
        cast(null as varchar) as bank_code,
        net_pence + tax_pence as gross_pence,
        net_pence,
        tax_pence
    from {{ ref('int_documents_from_goods') }}
),

tenders as (
    select
        company_id,
        event_id,
        document_kind,
        ordinal,
        tender_type,
        bank_code,
        gross_pence,
        cast(0 as bigint) as net_pence,
        cast(0 as bigint) as tax_pence
    from {{ ref('int_documents_from_tenders') }}
    where document_kind not in ('on_account', 'nominal')
),

-- Bought on account, or paying it off: the customer's own account in Sage, not the till's.
account_events as (
    select
        company_id,
        event_id
    from {{ ref('int_documents_from_tenders') }}
    where document_kind = 'on_account'
    union
    select
        company_id,
        event_id
    from {{ ref('int_receipts_totalled') }}
    where account_payment_pence <> 0
),

nothing as (
    select
        company_id,
        event_id,
        'none' as document_kind,
        0 as ordinal,
        cast(null as varchar) as tender_type,
        cast(null as varchar) as bank_code,
        cast(0 as bigint) as gross_pence,
        cast(0 as bigint) as net_pence,
        cast(0 as bigint) as tax_pence
    from {{ ref('int_receipts_totalled') }}
    where nothing_to_post_reason is not null
),

unioned as (
    select
        *,
        {{ event_digest('company_id', 'event_id') }} as event_digest
    from (
        select * from goods
        union all
        select * from tenders
        union all
        select * from nothing
    ) as kinds
),

described as (
    select
        {{ posting_key('unioned.event_digest', kind_letter('unioned.document_kind'), 'unioned.ordinal') }} as posting_key,
        unioned.company_id,
        unioned.event_id,
        receipts.store_id,
        receipts.till_id,
        receipts.receipt_no,
        receipts.business_date,
        receipts.document_date,
        receipts.sold_at,
        unioned.document_kind,
        unioned.ordinal,
        unioned.tender_type,
        unioned.bank_code,
        case
            when account_events.event_id is null then stores.till_customer_reference
            else account_customers.customer_reference
        end as customer_reference,
        account_events.event_id is not null as is_on_account,
        case when account_events.event_id is not null then receipts.customer_no end as customer_no,
        unioned.gross_pence,
        unioned.net_pence,
        unioned.tax_pence,
        case unioned.document_kind
            when 'invoice' then unioned.gross_pence when 'credit_note' then -unioned.gross_pence else 0
        end as sales_pence,
        case unioned.document_kind
            when 'receipt' then unioned.gross_pence when 'payment' then -unioned.gross_pence else 0
        end as takings_pence,
        case when unioned.document_kind = 'none' then receipts.net_pence + receipts.tax_pence else 0 end as outside_pence,
        receipts.nothing_to_post_reason,
        receipts.is_store_mapped,
        receipts.is_complete,
        case when receipts.currency = companies.currency then 'home' else 'foreign' end as currency_status,
        case when receipts.do_lines_add_up then 'adds_up' else 'differs' end as lines_sum_status,
        case when receipts.tender_pence - receipts.tip_pence = receipts.gross_pence then 'adds_up' else 'differs' end as tenders_sum_status,
        coalesce(coalesce(cutovers.cutover_date, of_all_stores.cutover_date) > receipts.business_date, false) as is_before_cutover,
        {{ month_of('receipts.document_date') }} as document_month
    from unioned
    inner join {{ ref('int_receipts_totalled') }} as receipts
        on unioned.company_id = receipts.company_id and unioned.event_id = receipts.event_id
    left join {{ ref('stg_operations__companies') }} as companies
        on unioned.company_id = companies.company_id
    left join {{ ref('stg_operations__stores') }} as stores
        on
            receipts.company_id = stores.company_id
            and receipts.store_code = stores.store_code
            and {{ is_in_force('stores', 'receipts.document_date') }}
    left join account_events
        on unioned.company_id = account_events.company_id and unioned.event_id = account_events.event_id
    left join {{ ref('stg_operations__customer_mappings') }} as account_customers
        on
            receipts.company_id = account_customers.company_id
            and receipts.customer_no = account_customers.customer_no
            and {{ is_in_force('account_customers', 'receipts.document_date') }}
    left join {{ ref('stg_operations__cutovers') }} as cutovers
        on receipts.company_id = cutovers.company_id and receipts.store_id = cutovers.store_id
    left join {{ ref('stg_operations__cutovers') }} as of_all_stores
        on receipts.company_id = of_all_stores.company_id and of_all_stores.store_id = '*'
),

-- what a closure counted over or short, straight into its bank or out of it: money, and no sale
over_short as (
    select
        {{ posting_key('digested.event_digest', kind_letter('digested.document_kind'), 1) }} as posting_key,
        digested.company_id,
        digested.event_id,
        digested.store_id,
        digested.till_id,
        digested.document_no as receipt_no,
        digested.business_date,
        digested.business_date as document_date,
        digested.day_ends_at as sold_at,
        digested.document_kind,
        1 as ordinal,
        'CASH' as tender_type,
        digested.bank_code,
        cast(null as varchar) as customer_reference,
        false as is_on_account,
        cast(null as varchar) as customer_no,
        abs(digested.over_short_pence) as gross_pence,
        abs(digested.over_short_pence) as net_pence,
        cast(0 as bigint) as tax_pence,
        cast(0 as bigint) as sales_pence,
        digested.over_short_pence as takings_pence,
        cast(0 as bigint) as outside_pence,
        cast(null as varchar) as nothing_to_post_reason,
        true as is_store_mapped,
        true as is_complete,
        digested.currency_status,
        'adds_up' as lines_sum_status,
        'adds_up' as tenders_sum_status,
        coalesce(coalesce(cutovers.cutover_date, of_all_stores.cutover_date) > digested.business_date, false) as is_before_cutover,
        {{ month_of('digested.business_date') }} as document_month
    from (
        select
            *,
            {{ event_digest('company_id', 'event_id') }} as event_digest
        from {{ ref('int_closures_counted') }}
        where document_kind is not null
    ) as digested
    left join {{ ref('stg_operations__cutovers') }} as cutovers
        on digested.company_id = cutovers.company_id and digested.store_id = cutovers.store_id
    left join {{ ref('stg_operations__cutovers') }} as of_all_stores
        on digested.company_id = of_all_stores.company_id and of_all_stores.store_id = '*'
),

documents as (
    select * from described
    union all
    select * from over_short
)

select * from documents
