-- The store-days this pass must rebuild, and why. Everything for now: matching rebuilds whole, so every slot is dirty.
with slots as (
    select
        company_id,
        store_id,
        business_date
    from {{ ref('expected_documents') }}
    union
    select
        company_id,
        coalesce(store_id, 'unknown') as store_id,
        document_date as business_date
    from {{ ref('int_ledger_documents_read') }} as documents
    left join (select
        ledger_document_id,
        store_id
    from {{ ref('int_ledger_documents_attributed') }}) as attributed
        using (ledger_document_id)
),

reasoned as (
    select
        slots.company_id,
        slots.store_id,
        slots.business_date,
        'full_rebuild' as reason,
        pass.pass_number
    from slots
    cross join {{ ref('stg_run__pass') }} as pass
)

select * from reasoned
