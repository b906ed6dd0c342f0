-- Each nominal line with the account it hit and the part it plays in its document.
with lines as (
    select * from {{ ref('stg_ledger__nominal_transactions') }}
),

-- several banks may share one account: a line is one line
bank_accounts as (
    select distinct
        company_id,
        nominal_code,
        cost_centre,
        department
    from {{ ref('stg_ledger__banks') }}
),

classed as (
    select
        lines.company_id,
        lines.urn,
        lines.line_id,
        lines.source,
        lines.transaction_date,
        lines.financial_year_start_date,
        lines.period_number,
        lines.accounting_period_id,
        lines.reference,
        lines.narrative,
        lines.user_name,
        accounts.nominal_code,
        accounts.cost_centre,
        accounts.department,
        lines.debit_pence,
        lines.credit_pence,
        lines.tax_code,
        coalesce(
            controls.control_role,
            case when banks.nominal_code is not null then 'bank' end,
            'analysis'
        ) as leg_role
    from lines
    left join {{ ref('stg_ledger__nominal_codes') }} as accounts
        on lines.company_id = accounts.company_id and lines.nominal_code_id = accounts.nominal_code_id
    left join {{ ref('int_control_accounts_named') }} as controls
        on accounts.company_id = controls.company_id and accounts.nominal_code = controls.nominal_code
    left join bank_accounts as banks
        on
            accounts.company_id = banks.company_id
            and accounts.nominal_code = banks.nominal_code
            and accounts.cost_centre = banks.cost_centre
            and accounts.department = banks.department
)

select * from classed
