{{ config(materialized='ephemeral') }}

-- What lies on a till's customer, is not set against each other, and is older than the company allows: one row per account and
-- day. The money is in the books; what is left open hides what is really owed, so it is a matter of where, not of how much.
with companies as (
    select * from {{ ref('stg_operations__companies') }}
    where unallocated_after_days is not null
),

till_customers as (
    select
        company_id,
        till_customer_reference,
        min(store_id) as store_id
    from {{ ref('stg_operations__stores') }}
    group by company_id, till_customer_reference
),

left_open as (
    select
        ledger.company_id,
        till_customers.store_id,
        till_customers.till_customer_reference,
        ledger.document_date,
        ledger.document_kind in ('invoice', 'payment') as is_charged,
        ledger.unallocated_pence
    from {{ whole_of('ledger_documents') }} as ledger
    inner join companies on ledger.company_id = companies.company_id
    inner join till_customers
        on
            ledger.company_id = till_customers.company_id
            and ledger.customer_reference = till_customers.till_customer_reference
    cross join {{ ref('stg_run__pass') }} as pass
    where
        ledger.unallocated_pence > 0
        and date_diff('day', ledger.document_date, cast(pass.as_of as date)) > companies.unallocated_after_days
),

summed as (
    select
        company_id,
        store_id,
        till_customer_reference,
        document_date,
        count(*) as documents,
        {{ whole('sum(case when is_charged then unallocated_pence else 0 end)') }} as charged_pence,
        {{ whole('sum(case when is_charged then 0 else unallocated_pence end)') }} as received_pence
    from left_open
    group by company_id, store_id, till_customer_reference, document_date
),

classed as (
    select
        company_id,
        'unallocated:' || till_customer_reference || ':' || cast(document_date as varchar) as document_id,
        store_id,
        document_date as business_date,
        'drifted' as verdict,
        'unallocated' as exception_class,
        'finance' as owner,
        till_customer_reference || ': ' || cast(documents as varchar) || ' documents, ' || cast({{ pounds('charged_pence') }} as varchar)
        || ' charged and ' || cast({{ pounds('received_pence') }} as varchar) || ' received' as cause_detail,
        'Allocate them to each other in Sage.' as suggested_remedy,
        greatest(charged_pence, received_pence) as unallocated_pence
    from summed
)

select * from classed
