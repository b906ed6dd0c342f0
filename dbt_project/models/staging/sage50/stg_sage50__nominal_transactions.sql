-- Sage 50 puts a line where its date is: its period is the month of that date. Its tax code is that of its transaction. What came
-- by a journal is nobody else's.
with lines as (
    select
        *,
        {{ month_of('transaction_date') }} as month_start_date
    from {{ ref('stg_sage50__audit_journals') }}
    where not is_deleted
),

-- whether a line has the number of its split is not confirmed: a transaction of one tax code tells it all the same
splits as (
    select
        company_id,
        header_number,
        tran_number,
        case when min(tax_code) = max(tax_code) then min(tax_code) end as tax_code
    from {{ ref('stg_sage50__audit_splits') }}
    group by company_id, header_number, tran_number
),

shaped as (
    select
        lines.company_id,
        lines.line_id,
        {{ number_of('lines.nominal_code') }} as nominal_code_id,
        lines.transaction_date,
        periods.period_number,
        periods.financial_year_start_date,
        periods.accounting_period_id,
        lines.inv_ref as reference,
        lines.details as narrative,
        greatest(lines.amount_pence, 0) as debit_pence,
        greatest(-lines.amount_pence, 0) as credit_pence,
        lines.user_name,
        case when lines.transaction_type in ('JD', 'JC') then 'LedgerNominal' else lines.transaction_type end as source,
        lines.urn,
        splits.tax_code
    from lines
    left join splits
        on
            lines.company_id = splits.company_id
            and lines.header_number = splits.header_number
            and lines.tran_number = splits.tran_number
    left join {{ ref('stg_sage50__periods') }} as periods
        on lines.company_id = periods.company_id and lines.month_start_date = periods.period_start_date
)

select * from shaped
