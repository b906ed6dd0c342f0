with source as (
    select * from {{ newest_versions(source('sage50', 'audit_headers')) }}
),

renamed as (
    select
        company_id,
        header_number,
        {{ pence('coalesce(amount_paid, 0)') }} as paid_pence,
        date_bank_reconciled as bank_reconciled_date,
        date_amended as amended_date,
        user_name_amended as amended_by,
        deleted_flag <> 0 as is_deleted
    from source
)

select * from renamed
