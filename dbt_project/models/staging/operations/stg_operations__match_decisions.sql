with source as (
    select * from {{ newest_versions(source('operations', 'match_decisions')) }}
),

renamed as (
    select
        company_id,
        posting_key,
        ledger_document_id,  -- null: none of the candidates
        candidates,
        author as decided_by,
        reason
    from source
)

select * from renamed
