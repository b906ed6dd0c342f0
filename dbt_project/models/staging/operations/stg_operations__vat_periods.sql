{{ config(materialized='ephemeral') }}

with source as (
    select * from {{ newest_versions(source('operations', 'vat_periods')) }}
),

renamed as (
    select
        company_id,
        valid_from,
        valid_to,
        filed_on,
        error_limit_pence
    from source
)

select * from renamed
