-- What each till customer's documents of a day sum to on Sage. Nothing else may be on that account, so it must be nothing.
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
)

select * from balances
