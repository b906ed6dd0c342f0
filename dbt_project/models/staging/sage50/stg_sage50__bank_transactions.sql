with documents as (
    select
        *,
        transaction_type in ('SP', 'BP', 'CP', 'VP') as is_out,
        case when transaction_type in ('SA', 'SR', 'SP') then bank_code else account_ref end as bank
    from {{ ref('int_sage50__documents_gathered') }}
    where transaction_type in ('SA', 'SR', 'SP', 'BR', 'CR', 'VR', 'BP', 'CP', 'VP')
),

shaped as (
    select
        company_id,
        urn as transaction_id,
        {{ number_of('bank') }} as bank_id,
        transaction_type as bank_transaction_type,
        cast(null as varchar) as entry_description,
        reference,
        second_reference,
        transaction_date,
        posted_at,
        case when is_out then -1 else 1 end * (net_pence + tax_pence) as signed_pence,
        'sage50' as source,
        urn,
        user_name,
        bank_reconciled_date as last_statement_date,
        vat_reconciled_date
    from documents
)

select * from shaped
