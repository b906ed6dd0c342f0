with source as (
    select * from {{ newest_versions(source('sage50', 'periods')) }}
),

renamed as (
    select
        company_id,
        accounting_period_id,
        period_number,
        financial_year_start_date,
        period_start_date,
        period_end_date
    from source
)

select * from renamed
