-- One lock date holds for every ledger.
with source as (
    select * from {{ newest_versions(source('sage50', 'periods')) }}
),

ledgers as (
    select ledger_type
    from (values ('LedgerSales'), ('LedgerCashBook'), ('LedgerNominal')) as listed (ledger_type)
),

renamed as (
    select
        source.company_id,
        source.accounting_period_id,
        ledgers.ledger_type,
        cast(null as varchar) as classification,
        cast(null as varchar) as message,
        source.period_state
    from source
    cross join ledgers
)

select * from renamed
