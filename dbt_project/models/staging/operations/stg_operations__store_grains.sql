{{ config(materialized='ephemeral') }}

with source as (
    select * from {{ newest_versions(source('operations', 'store_grains')) }}
),

renamed as (
    select
        company_id,
        store_id,
        grain,
        coalesce(nullif(recipe, ''), 'till_customer') as recipe,
        nullif(clearing_bank_code, '') as clearing_bank_code,
        valid_from,
        valid_to
    from source
)

select * from renamed
