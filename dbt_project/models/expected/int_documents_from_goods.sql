-- Receipt recipe: what was sold is an invoice on the store's till customer, what came back a credit note; never netted.
with legs as (
    select * from {{ ref('int_nominal_legs_mapped') }}
),

by_tax_code as (
    select
        company_id,
        event_id,
        document_kind,
        till_tax_code,
        {{ whole('sum(net_pence)') }} as net_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence,
        {{ whole('sum(tax_by_line_pence)') }} as tax_by_line_pence,
        {{ whole(tax_half_up('sum(net_pence)', 'min(tax_rate_thousandths)')) }} as tax_by_receipt_pence
    from legs
    group by company_id, event_id, document_kind, till_tax_code
),

documents as (
    select
        company_id,
        event_id,
        document_kind,
        {{ whole('sum(net_pence)') }} as net_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence,
        {{ whole('sum(tax_by_line_pence)') }} as tax_by_line_pence,
        {{ whole('sum(tax_by_receipt_pence)') }} as tax_by_receipt_pence
    from by_tax_code
    group by company_id, event_id, document_kind
)

select * from documents
