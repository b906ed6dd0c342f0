{{ config(materialized='view') }}
-- Receipt recipe: what was sold is an invoice on the store's till customer, what came back a credit note; never netted.
with documents as (
    select
        company_id,
        event_id,
        document_kind,
        {{ whole('sum(net_pence)') }} as net_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence
    from {{ ref('int_nominal_legs_mapped') }}
    group by company_id, event_id, document_kind
)

select * from documents
