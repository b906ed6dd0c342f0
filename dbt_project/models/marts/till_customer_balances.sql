-- What each till customer's documents of a day sum to on Sage, and what is left of a day in each clearing bank. Nothing else may
-- be on that account, so it must be nothing.
with till_customers as (
    select
        company_id,
        till_customer_reference,
        min(store_id) as store_id
    from {{ ref('stg_operations__stores') }}
    group by company_id, till_customer_reference
),

balances as (
    select
        ledger.company_id,
        ledger.customer_reference,
        till_customers.store_id,
        ledger.document_date,
        {{ whole('sum(ledger.sales_pence)') }} as sales_pence,
        {{ whole('sum(ledger.takings_pence)') }} as takings_pence,
        {{ whole('sum(ledger.sales_pence - ledger.takings_pence)') }} as balance_pence,
        {{ whole('count(*)') }} as document_count
    from {{ ref('int_ledger_documents_attributed') }} as ledger
    inner join till_customers
        on
            ledger.company_id = till_customers.company_id
            and ledger.customer_reference = till_customers.till_customer_reference
    where ledger.source_ledger = 'sales'
    group by ledger.company_id, ledger.customer_reference, till_customers.store_id, ledger.document_date
),

-- a store's day goes in as it was sold and out by tender; stores may share the bank
clearing_banks as (
    select
        company_id,
        clearing_bank_code,
        case when min(store_id) = max(store_id) and min(store_id) <> '*' then min(store_id) end as store_id
    from {{ ref('stg_operations__store_grains') }}
    where clearing_bank_code is not null
    group by company_id, clearing_bank_code
),

cleared as (
    select
        banks.company_id,
        banks.clearing_bank_code as customer_reference,
        banks.store_id,
        ledger.document_date,
        {{ whole('sum(case when ledger.takings_pence = 0 then ledger.sales_pence else 0 end)') }} as sales_pence,
        {{ whole('sum(ledger.takings_pence)') }} as takings_pence,
        {{ whole('sum(case when ledger.takings_pence = 0 then ledger.sales_pence else -ledger.takings_pence end)') }} as balance_pence,
        {{ whole('count(*)') }} as document_count
    from {{ ref('int_ledger_documents_attributed') }} as ledger
    inner join clearing_banks as banks
        on
            ledger.company_id = banks.company_id
            and banks.clearing_bank_code in (ledger.bank_code, ledger.to_bank_code)
    where ledger.source_ledger = 'bank'
    group by banks.company_id, banks.clearing_bank_code, banks.store_id, ledger.document_date
),

unioned as (
    select
        *,
        'till_customer' as account_kind
    from balances
    union all
    select
        *,
        'clearing_bank' as account_kind
    from cleared
)

select * from unioned
