with source as (
    select * from {{ newest_versions(source('sage200', 'nominal_transactions'), 'transaction_date') }}
),

renamed as (
    select
        company_id,
        id as line_id,
        nominal_code_id,
        transaction_date,
        period_number,
        financial_year_start_date,
        accounting_period_id,
        reference,
        narrative,
        {{ pence('debit') }} as debit_pence,
        {{ pence('credit') }} as credit_pence,
        user_name,
        source,
        urn,
        cast(null as integer) as tax_code  -- Sage 200 keeps none with a nominal line
    from source
)

select * from renamed
