with source as (
    select * from {{ newest_versions(source('sage200', 'periods')) }}
),

renamed as (
    select
        company_id,
        accounting_period_id,
        period_number,
        financial_year_start_date,
        cast(period_start_date as date) as period_start_date,
        cast(period_end_date as date) as period_end_date
    from source
)

select * from renamed
