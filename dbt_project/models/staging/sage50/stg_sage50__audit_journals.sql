with source as (
    select * from {{ newest_versions(source('sage50', 'audit_journals')) }}
),

renamed as (
    select
        company_id,
        document_tran as urn,
        header_number,
        tran_number,
        {{ number_of('source_key') }} as line_id,
        type as transaction_type,
        transaction_date,
        nominal_code,
        inv_ref,
        details,
        user_name,
        {{ pence('amount') }} as amount_pence,
        deleted_flag <> 0 as is_deleted
    from source
)

select * from renamed
