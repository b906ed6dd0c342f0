with source as (
    select * from {{ newest_versions(source('sage200', 'bank_posted_transactions'), 'transaction_date') }}
),

renamed as (
    select
        company_id,
        id as transaction_id,
        bank_id,
        bank_transaction_type,
        entry_description,
        reference,
        second_reference,
        transaction_date,
        posted_date as posted_at,
        {{ pence('cheque_value') }} as signed_pence,
        source,
        urn,
        user_name,
        last_statement_date,
        cast(null as date) as vat_reconciled_date
    from source
)

select * from renamed
