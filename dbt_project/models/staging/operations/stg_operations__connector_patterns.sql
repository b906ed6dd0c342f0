with source as (
    select * from {{ newest_versions(source('operations', 'connector_patterns')) }}
),

renamed as (
    select
        company_id,
        connector,
        pattern,
        day_pattern,
        retry_window_hours
    from source
)

select * from renamed
