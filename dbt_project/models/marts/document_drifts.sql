-- Each way in which a matched document differs, with both values. One comparison per drift kind.
with compared as (
    select * from {{ ref('int_documents_compared') }}
),

amounts as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        'amount' as drift_kind,
        cast({{ pounds('expected_gross_pence') }} as varchar) as expected_value,
        cast({{ pounds('ledger_gross_pence') }} as varchar) as ledger_value
    from compared
    where expected_gross_pence <> ledger_gross_pence
),

tax_amounts as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        'tax_amount' as drift_kind,
        cast({{ pounds('expected_tax_pence') }} as varchar) as expected_value,
        cast({{ pounds('ledger_tax_pence') }} as varchar) as ledger_value
    from compared
    where {{ is_sales_kind('document_kind') }} and expected_tax_pence <> ledger_tax_pence
),

tax_codes as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        'tax_code' as drift_kind,
        expected_tax_values as expected_value,
        coalesce(ledger_tax_values, 'none') as ledger_value
    from compared
    where
        {{ is_sales_kind('document_kind') }} and not has_unmapped_tax
        and case
            when expected_net_pence = ledger_net_pence then expected_tax_values <> coalesce(ledger_tax_values, '')
            else expected_tax_codes <> coalesce(ledger_tax_codes, '')
        end
),

nominals as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        'nominal' as drift_kind,
        expected_account_values as expected_value,
        coalesce(ledger_account_values, 'none') as ledger_value
    from compared
    where
        {{ is_sales_kind('document_kind') }} and not has_unmapped_nominal and is_in_nominal and not is_in_suspense
        and case
            when expected_net_pence = ledger_net_pence then expected_account_values <> coalesce(ledger_account_values, '')
            else expected_accounts <> coalesce(ledger_accounts, '')
        end
),

customers as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        'customer' as drift_kind,
        expected_customer as expected_value,
        ledger_customer as ledger_value
    from compared
    where expected_customer <> ledger_customer
),

banks as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        'bank' as drift_kind,
        expected_bank as expected_value,
        ledger_bank as ledger_value
    from compared
    where document_kind not in ('invoice', 'credit_note') and expected_bank <> ledger_bank
),

dates as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        'date' as drift_kind,
        cast(expected_date as varchar) as expected_value,
        cast(ledger_date as varchar) as ledger_value
    from compared
    where expected_date <> ledger_date
),

periods as (
    select
        company_id,
        posting_key,
        ledger_document_id,
        'period' as drift_kind,
        cast(expected_period as varchar) as expected_value,
        cast(ledger_period as varchar) as ledger_value
    from compared
    where expected_date = ledger_date and is_in_nominal and expected_period <> ledger_period
),

-- money that a receipt brought by one tender and Sage has by another: told by the banks that tenders map to
takings as (
    select
        compared.company_id,
        compared.posting_key,
        compared.ledger_document_id,
        expected.event_id,
        expected.document_date,
        expected.store_id,
        expected.tender_type,
        compared.expected_bank,
        compared.ledger_bank,
        expected.takings_pence as expected_pence,
        sign(expected.takings_pence) * compared.ledger_gross_pence as ledger_pence
    from compared
    inner join {{ ref('expected_documents') }} as expected on compared.posting_key = expected.posting_key
    where compared.document_kind in ('receipt', 'payment')
),

moved as (
    select
        company_id,
        event_id
    from takings
    group by company_id, event_id
    having
        sum(expected_pence) = sum(ledger_pence)
        and bool_or(expected_bank <> ledger_bank or expected_pence <> ledger_pence)
),

tenders_there as (
    select
        takings.posting_key,
        {{ list_of('mappings.tender_type') }} as tender_types
    from takings
    inner join moved on takings.company_id = moved.company_id and takings.event_id = moved.event_id
    inner join {{ ref('stg_operations__tender_mappings') }} as mappings
        on
            takings.company_id = mappings.company_id
            and takings.ledger_bank = mappings.bank_code
            and mappings.store_id in (takings.store_id, '*')
            and {{ is_in_force('mappings', 'takings.document_date') }}
    group by takings.posting_key
),

worded as (
    select
        takings.*,
        case when takings.expected_bank = takings.ledger_bank then takings.tender_type else tenders_there.tender_types end as tender_there
    from takings
    inner join moved on takings.company_id = moved.company_id and takings.event_id = moved.event_id
    left join tenders_there on takings.posting_key = tenders_there.posting_key
),

by_event as (
    select
        company_id,
        event_id,
        {{ sorted_list_of("tender_type || ' ' || cast(" ~ pounds('expected_pence') ~ ' as varchar)') }} as expected_value,
        {{ sorted_list_of("tender_there || ' ' || cast(" ~ pounds('ledger_pence') ~ ' as varchar)') }} as ledger_value
    from worded
    group by company_id, event_id
    -- a bank that no tender maps to says nothing of a tender
    having bool_and(tender_there is not null)
),

tenders as (
    select
        worded.company_id,
        worded.posting_key,
        worded.ledger_document_id,
        'tender' as drift_kind,
        by_event.expected_value,
        by_event.ledger_value
    from worded
    inner join by_event on worded.company_id = by_event.company_id and worded.event_id = by_event.event_id
    where
        (worded.expected_bank <> worded.ledger_bank or worded.expected_pence <> worded.ledger_pence)
        and not contains(',' || worded.tender_there || ',', ',' || worded.tender_type || ',')
        or (worded.expected_bank = worded.ledger_bank and worded.expected_pence <> worded.ledger_pence)
),

unioned as (
    select * from amounts
    union all
    select * from tax_amounts
    union all
    select * from tax_codes
    union all
    select * from nominals
    union all
    select * from customers
    union all
    select * from banks
    union all
    select * from dates
    union all
    select * from periods
    union all
    select * from tenders
),

-- a change is a drift where what is there now is not what the tills say, or cannot be held against them
changes as (
    select
        compared.company_id,
        compared.posting_key,
        compared.ledger_document_id,
        'changed_after_posting' as drift_kind,
        changed.was_text as expected_value,
        changed.now_text as ledger_value
    from compared
    inner join {{ ref('int_ledger_documents_changed') }} as changed
        on compared.ledger_document_id = changed.ledger_document_id and changed.posting_key is null
    left join (select distinct posting_key from unioned) as drifted on compared.posting_key = drifted.posting_key
    where drifted.posting_key is not null or compared.has_unmapped_nominal or compared.has_unmapped_tax
),

-- what a day that Sage holds as a whole is off by
groups as (
    select * from {{ ref('int_groups_weighed') }}
    where verdict = 'drifted'
),

of_groups as (
    select
        company_id,
        group_id,
        'amount' as drift_kind,
        cast({{ pounds('expected_pence') }} as varchar) as expected_value,
        cast({{ pounds('ledger_pence') }} as varchar) as ledger_value
    from groups
    where expected_pence <> ledger_pence
    union all
    select
        company_id,
        group_id,
        'tax_amount' as drift_kind,
        cast({{ pounds('expected_tax_pence') }} as varchar) as expected_value,
        cast({{ pounds('ledger_tax_pence') }} as varchar) as ledger_value
    from groups
    where expected_tax_pence <> ledger_tax_pence
),

identified as (
    select
        company_id,
        posting_key as document_id,
        posting_key,
        ledger_document_id,
        drift_kind,
        expected_value,
        ledger_value
    from (
        select * from unioned
        union all
        select * from changes
    ) as of_documents
    union all
    select
        company_id,
        group_id as document_id,
        cast(null as varchar) as posting_key,
        cast(null as varchar) as ledger_document_id,
        drift_kind,
        expected_value,
        ledger_value
    from of_groups
)

select * from identified
