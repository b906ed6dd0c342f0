-- For every accounting period, from what its tills took to what Sage has in it: the differences of its store-days by name, what of
-- it Sage has in another period, and what it holds of others. `sage` is summed by Sage's own period, without any store-day, so the
-- residual is a check that can fail. A third bridge, `balance`, is that of the till customers and clearing banks of stores with a
-- cutover: it starts from the opening position and says what Sage has on them at the end of each period.
with periods as (
    select
        company_id,
        period_start_date,
        period_end_date
    from {{ ref('stg_ledger__periods') }}
),

-- the period of a day that no period of Sage's covers is its month
of_days as (
    select
        lines.company_id,
        coalesce(periods.period_start_date, {{ month_of('lines.business_date') }}) as period_start_date,
        lines.measure,
        lines.line_order,
        lines.line_kind,
        cast(null as date) as other_period_start_date,
        {{ whole('sum(lines.amount_pence)') }} as amount_pence,
        {{ whole('sum(lines.document_count)') }} as document_count
    from {{ whole_of('bridge_lines') }} as lines
    left join periods
        on
            lines.company_id = periods.company_id
            and lines.business_date between periods.period_start_date and periods.period_end_date
    where lines.line_kind not in ('sage', 'residual')
    group by
        lines.company_id, coalesce(periods.period_start_date, {{ month_of('lines.business_date') }}), lines.measure, lines.line_order,
        lines.line_kind
),

documents as (
    select
        slotted.company_id,
        slotted.measure,
        coalesce(periods.period_start_date, {{ month_of('slotted.business_date') }}) as day_period,
        slotted.period_start_date as ledger_period,
        slotted.amount_pence,
        slotted.document_count
    from {{ whole_of('sage_by_slot') }} as slotted
    left join periods
        on
            slotted.company_id = periods.company_id
            and slotted.business_date between periods.period_start_date and periods.period_end_date
),

moved as (
    select
        company_id,
        day_period,
        ledger_period,
        measure,
        {{ whole('sum(amount_pence)') }} as amount_pence,
        {{ whole('sum(document_count)') }} as document_count
    from documents
    where ledger_period is null or ledger_period <> day_period
    group by company_id, day_period, ledger_period, measure
),

accounted_elsewhere as (
    select
        company_id,
        day_period as period_start_date,
        measure,
        case when ledger_period is null then 52 when ledger_period > day_period then 50 else 51 end as line_order,
        case
            when ledger_period is null then 'not_accounted_yet'
            when ledger_period > day_period then 'this_period_accounted_later'
            else 'this_period_accounted_earlier'
        end as line_kind,
        ledger_period as other_period_start_date,
        -amount_pence as amount_pence,
        document_count
    from moved
),

accounted_here as (
    select
        company_id,
        ledger_period as period_start_date,
        measure,
        case when day_period < ledger_period then 53 else 54 end as line_order,
        case when day_period < ledger_period then 'earlier_periods_accounted_here' else 'later_periods_accounted_here' end as line_kind,
        day_period as other_period_start_date,
        amount_pence,
        document_count
    from moved
    where ledger_period is not null
),

sage_totals as (
    select
        company_id,
        period_start_date,
        measure,
        98 as line_order,
        'sage' as line_kind,
        cast(null as date) as other_period_start_date,
        {{ whole('sum(amount_pence)') }} as amount_pence,
        {{ whole('sum(document_count)') }} as document_count
    from {{ whole_of('sage_by_date') }} as dated
    where period_start_date is not null
    group by company_id, period_start_date, measure
),

cutovers as (
    select * from {{ ref('stg_operations__cutovers') }}
),

accounts as (
    select
        company_id,
        'till_customer' as account_kind,
        till_customer_reference as account,
        min(store_id) as store_id
    from {{ ref('stg_operations__stores') }}
    group by company_id, till_customer_reference
    union all
    select
        company_id,
        'clearing_bank' as account_kind,
        clearing_bank_code as account,
        case when min(store_id) = max(store_id) then min(store_id) end as store_id
    from {{ ref('stg_operations__store_grains') }}
    where clearing_bank_code is not null
    group by company_id, clearing_bank_code
),

-- finance agrees a till customer's figure, of a clearing bank none
opened as (
    select
        accounts.company_id,
        accounts.account_kind,
        accounts.account,
        cutovers.cutover_date,
        coalesce(periods.period_start_date, {{ month_of('cutovers.cutover_date') }}) as period_start_date,
        case when accounts.account_kind = 'till_customer' then cutovers.opening_balance_pence end as agreed_pence
    from (
        select
            accounts.*,
            case when own.store_id is null then '*' else own.store_id end as cutover_store_id
        from accounts
        left join cutovers as own on accounts.company_id = own.company_id and accounts.store_id = own.store_id
    ) as accounts
    inner join cutovers on accounts.company_id = cutovers.company_id and accounts.cutover_store_id = cutovers.store_id
    left join periods
        on
            cutovers.company_id = periods.company_id
            and cutovers.cutover_date between periods.period_start_date and periods.period_end_date
),

-- what is dated before the cutover stands in the period that begins from it
on_accounts as (
    select
        opened.*,
        balances.document_date < opened.cutover_date as is_before_cutover,
        case
            when balances.document_date < opened.cutover_date then opened.period_start_date
            else coalesce(periods.period_start_date, {{ month_of('balances.document_date') }})
        end as document_period,
        balances.sales_pence,
        balances.takings_pence,
        balances.balance_pence,
        balances.document_count
    from opened
    inner join {{ whole_of('till_customer_balances') }} as balances
        on
            opened.company_id = balances.company_id
            and opened.account_kind = balances.account_kind
            and opened.account = balances.customer_reference
    left join periods
        on
            balances.company_id = periods.company_id
            and balances.document_date between periods.period_start_date and periods.period_end_date
),

account_periods as (
    select
        company_id,
        period_start_date
    from opened
    union
    select
        company_id,
        document_period as period_start_date
    from on_accounts
),

left_on_accounts as (
    select
        company_id,
        document_period,
        sum(balance_pence) as balance_pence,
        sum(document_count) as document_count
    from on_accounts
    group by company_id, document_period
),

account_lines as (
    select
        company_id,
        period_start_date,
        2 as line_order,
        'opening_agreed' as line_kind,
        agreed_pence as amount_pence,
        0 as document_count
    from opened
    where agreed_pence is not null
    union all
    select
        company_id,
        period_start_date,
        3 as line_order,
        'opening_apart' as line_kind,
        -agreed_pence as amount_pence,
        0 as document_count
    from opened
    where agreed_pence is not null
    union all
    select
        company_id,
        document_period as period_start_date,
        case when agreed_pence is null then 4 else 3 end as line_order,
        case when agreed_pence is null then 'opening_not_agreed' else 'opening_apart' end as line_kind,
        balance_pence as amount_pence,
        document_count
    from on_accounts
    where is_before_cutover
    union all
    select
        company_id,
        document_period as period_start_date,
        6 as line_order,
        'charged' as line_kind,
        sales_pence as amount_pence,
        document_count
    from on_accounts
    where not is_before_cutover
    union all
    select
        company_id,
        document_period as period_start_date,
        7 as line_order,
        'received' as line_kind,
        -takings_pence as amount_pence,
        0 as document_count
    from on_accounts
    where not is_before_cutover
    union all
    select
        account_periods.company_id,
        account_periods.period_start_date,
        98 as line_order,
        'sage' as line_kind,
        left_on_accounts.balance_pence as amount_pence,
        left_on_accounts.document_count
    from account_periods
    inner join left_on_accounts
        on
            account_periods.company_id = left_on_accounts.company_id
            and account_periods.period_start_date >= left_on_accounts.document_period
    union all
    select
        account_periods.company_id,
        account_periods.period_start_date,
        5 as line_order,
        'brought_forward' as line_kind,
        left_on_accounts.balance_pence as amount_pence,
        left_on_accounts.document_count
    from account_periods
    inner join left_on_accounts
        on
            account_periods.company_id = left_on_accounts.company_id
            and account_periods.period_start_date > left_on_accounts.document_period
),

accounts_bridged as (
    select
        company_id,
        period_start_date,
        'balance' as measure,
        line_order,
        line_kind,
        cast(null as date) as other_period_start_date,
        {{ whole('sum(amount_pence)') }} as amount_pence,
        {{ whole('sum(document_count)') }} as document_count
    from account_lines
    group by company_id, period_start_date, line_order, line_kind
    having line_kind <> 'opening_apart' or sum(amount_pence) <> 0
),

named as (
    select * from of_days
    union all
    select * from accounted_elsewhere
    union all
    select * from accounted_here
    union all
    select * from sage_totals
    union all
    select * from accounts_bridged
),

residuals as (
    select
        company_id,
        period_start_date,
        measure,
        99 as line_order,
        'residual' as line_kind,
        cast(null as date) as other_period_start_date,
        {{ whole("sum(case when line_kind = 'sage' then -amount_pence else amount_pence end)") }} as amount_pence,
        cast(0 as bigint) as document_count
    from named
    group by company_id, period_start_date, measure
),

bridge as (
    select * from named
    union all
    select * from residuals
),

typed as (
    select
        company_id,
        period_start_date,
        measure,
        cast(line_order as integer) as line_order,
        line_kind,
        other_period_start_date,
        amount_pence,
        document_count
    from bridge
)

select * from typed
