-- Fewer ledger documents than equal receipts: one of them is missing and nothing here says which. A person decides.
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
)

select * from ambiguous
