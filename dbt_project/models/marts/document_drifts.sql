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
    where document_kind in ('invoice', 'credit_note') and expected_tax_pence <> ledger_tax_pence
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
        document_kind in ('invoice', 'credit_note') and not has_unmapped_tax
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
        document_kind in ('invoice', 'credit_note') and not has_unmapped_nominal and is_in_nominal and not is_in_suspense
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
    where document_kind in ('receipt', 'payment') and expected_bank <> ledger_bank
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
)

select * from unioned
