with source as (
    select * from {{ newest_versions(source('operations', 'stores')) }}
),

renamed as (
    select
        company_id,
        store_id,
        store_code,
        name,
        zone,
        day_cutoff_minutes,
        currency,
        till_customer_reference,
        cost_centre,
        coalesce(department, '') as department,
        tax_basis,
        tax_rounding,
        price_basis,
        coalesce(receipt_numbers, 'unknown') as receipt_numbers,
        nullif(warehouse, '') as warehouse,
        valid_from,
        valid_to
    from source
)

select * from renamed
