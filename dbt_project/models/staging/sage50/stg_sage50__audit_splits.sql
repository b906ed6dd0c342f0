-- Sage signs amounts by transaction type: here they are positive, and the type gives the direction.
with source as (
    select * from {{ newest_versions(source('sage50', 'audit_splits')) }}
),

renamed as (
    select
        company_id,
        document_tran as urn,
        header_number,
        tran_number,
        type as transaction_type,
        transaction_date,
        account_ref,
        nominal_code,
        coalesce(bank_code, nominal_code) as bank_code,
        inv_ref,
        extra_ref,
        {{ posting_key_in('extra_ref') }} as extra_ref_key,
        {{ posting_key_in('inv_ref') }} as inv_ref_key,
        user_name,
        date_entered,
        vat_reconciled_date,
        try_cast(substr(tax_code, 2) as integer) as tax_code,
        {{ pence('abs(net_amount)') }} as net_pence,
        {{ pence('abs(tax_amount)') }} as tax_pence,
        deleted_flag <> 0 as is_deleted
    from source
)

select * from renamed
