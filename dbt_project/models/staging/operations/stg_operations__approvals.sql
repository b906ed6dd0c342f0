with source as (
    select * from {{ newest_versions(source('operations', 'approvals')) }}
),

renamed as (
    select
        company_id,
        posting_key,
        payload_digest,
        decision,
        approver,
        reason
    from source
)

select * from renamed
