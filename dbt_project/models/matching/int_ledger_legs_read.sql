-- What each ledger document says it was for, in its own direction: nominal accounts and tax codes, control accounts left out.
with documents as (
    select * from {{ ref('int_ledger_documents_read') }}
),

nominal_legs as (
    select
        documents.ledger_document_id,
        'nominal' as leg_type,
        lines.nominal_code,
        lines.cost_centre,
        lines.department,
        cast(null as integer) as tax_code,
        {{ whole("sum(lines.credit_pence - lines.debit_pence) * max(case when documents.document_kind in ('credit_note', 'bank_payment') then -1 else 1 end)") }} as net_pence,
        cast(0 as bigint) as tax_pence
    from {{ ref('int_ledger_lines_classed') }} as lines
    inner join documents
        on lines.company_id = documents.company_id and lines.urn = documents.urn
    -- a sale of gift cards is analysed to the liability that is also the nominal account of the bank they are used from
    where
        lines.leg_role in ('analysis', 'suspense')
        or (lines.leg_role = 'bank' and documents.document_kind in ('invoice', 'credit_note'))
    group by documents.ledger_document_id, lines.nominal_code, lines.cost_centre, lines.department
),

tax_items as (
    select * from {{ ref('stg_ledger__sales_tax_items') }}
    union all
    select * from {{ ref('stg_ledger__bank_tax_items') }}
),

tax_totals as (
    select
        company_id,
        urn,
        case when sum(net_pence + tax_pence) < 0 then -1 else 1 end as direction
    from tax_items
    group by company_id, urn
),

tax_legs as (
    select
        documents.ledger_document_id,
        'tax' as leg_type,
        cast(null as varchar) as nominal_code,
        cast(null as varchar) as cost_centre,
        cast(null as varchar) as department,
        tax_items.tax_code,
        -- in its document's direction, which its total has: money off under a code of its own is below zero
        {{ whole('sum(tax_items.net_pence) * min(totals.direction)') }} as net_pence,
        {{ whole('sum(tax_items.tax_pence) * min(totals.direction)') }} as tax_pence
    from tax_items
    inner join tax_totals as totals
        on tax_items.company_id = totals.company_id and tax_items.urn = totals.urn
    inner join documents
        on tax_items.company_id = documents.company_id and tax_items.urn = documents.urn
    where documents.document_kind in ('invoice', 'credit_note', 'bank_receipt', 'bank_payment')
    group by documents.ledger_document_id, tax_items.tax_code
),

unioned as (
    select * from nominal_legs
    union all
    select * from tax_legs
)

select * from unioned
