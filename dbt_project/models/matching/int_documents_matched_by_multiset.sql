-- Rung 3: as many ledger documents as receipts share store, day, kind and figures, so each receipt has its own: which is
-- whose does not matter, for they are equal in everything that is judged.
with cells as (
    select * from {{ ref('int_multiset_cells_counted') }}
    where ledger_count >= expected_count
),

matches as (
    select
        expected_side.company_id,
        expected_side.document_id as posting_key,
        ledger_side.document_id as ledger_document_id,
        3 as rung,
        'store, day, kind and figures' as evidence
    from cells as expected_side
    inner join cells as ledger_side
        on
            expected_side.cell_id = ledger_side.cell_id
            and expected_side.place = ledger_side.place
    where expected_side.side = 'expected' and ledger_side.side = 'ledger'
)

select * from matches
