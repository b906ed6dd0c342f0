-- Fewer ledger documents than equal receipts: one of them is missing and nothing here says which. Or several that are near, and
-- none equal. A person decides.
with cells as (
    select * from {{ ref('int_multiset_cells_counted') }}
    where ledger_count < expected_count
),

candidates as (
    select
        cell_id,
        {{ list_of("case when side = 'expected' then document_id end") }} as expected_candidates,
        {{ list_of("case when side = 'ledger' then document_id end") }} as ledger_candidates
    from cells
    group by cell_id
),

ambiguous as (
    select
        cells.company_id,
        cells.side,
        cells.document_id,
        case when cells.side = 'expected' then candidates.ledger_candidates else candidates.expected_candidates end as candidates
    from cells
    inner join candidates on cells.cell_id = candidates.cell_id
    union all
    select
        company_id,
        'expected' as side,
        posting_key as document_id,
        {{ list_of('ledger_document_id') }} as candidates
    from {{ ref('int_documents_matched_by_tolerance') }}
    where not is_only_one
    group by company_id, posting_key
    union all
    select
        company_id,
        'ledger' as side,
        ledger_document_id as document_id,
        {{ list_of('posting_key') }} as candidates
    from {{ ref('int_documents_matched_by_tolerance') }}
    where not is_only_one
    group by company_id, ledger_document_id
)

select * from ambiguous
