with splits as (
    select * from {{ ref('stg_sage50__audit_splits') }}
    where transaction_type in ('SI', 'SC') and not is_deleted
),

shaped as (
    select
        company_id,
        urn,
        cast(tran_number as integer) as item_no,
        nominal_code,
        tax_code,
        net_pence,
        tax_pence
    from splits
)

select * from shaped
