-- Each accounting period with its state as this pass observed it; finance's own word stands above Sage's.
with periods as (
    select * from {{ ref('stg_ledger__periods') }}
),

sales_states as (
    select * from {{ ref('stg_ledger__period_states') }}
    where ledger_type = 'LedgerSales'
),

observed as (
    select
        periods.company_id,
        periods.accounting_period_id,
        periods.financial_year_start_date,
        periods.period_number,
        periods.period_start_date,
        periods.period_end_date,
        coalesce(overrides.period_state, sales_states.period_state, 'unknown') as period_state
    from periods
    left join sales_states
        on
            periods.company_id = sales_states.company_id
            and periods.accounting_period_id = sales_states.accounting_period_id
    left join {{ ref('stg_operations__period_overrides') }} as overrides
        on
            periods.company_id = overrides.company_id
            and periods.accounting_period_id = overrides.accounting_period_id
),

with_next_open as (
    select
        observed.*,
        min(case when period_state = 'open' then period_start_date end) over (
            partition by company_id
            order by period_start_date
            rows between current row and unbounded following
        ) as next_open_period_start_date
    from observed
)

select * from with_next_open
