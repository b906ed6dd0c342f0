with source as (
    select * from {{ newest_versions(source('connector', 'sync_log')) }}
),

renamed as (
    select
        company_id,
        connector,
        run_id,
        ended_at,
        entity,
        source_key_text,
        reference,
        attempt,
        lower(record_status) as claim,
        http_status,
        target_urn,
        {{ pence('gross_amount') }} as gross_pence,
        message,
        source_file,
        source_row
    from source
)

select * from renamed
