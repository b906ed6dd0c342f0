-- Rung 6: what lies on the till's customer without any name is the one sum of some of its day's receipts, of its direction and
-- bank, that comes to it in gross and VAT. Where several sums do, or two documents want one receipt, is_settled is false: a
-- person decides. Where more than {{ most_receipts_summed() }} receipts are left of the day none is tried: some sum would always fit.
with left_by_days as (
    select
        *,
        case when pence < 0 then -1 else 1 end as direction
    from {{ ref('int_documents_grouped_by_day') }}
    where not is_whole and pence <> 0
),

not_theirs as (
    select posting_key from {{ ref('int_match_decisions_weighed') }}
    where is_in_force and ledger_document_id is null
),

numbered as (
    select
        left_by_days.group_id,
        left_by_days.direction,
        left_by_days.document_id,
        left_by_days.pence,
        left_by_days.tax_pence,
        {{ whole('row_number() over (partition by left_by_days.group_id, left_by_days.direction order by left_by_days.document_id)') }} as place,
        {{ whole('count(*) over (partition by left_by_days.group_id, left_by_days.direction)') }} as receipts_left
    from left_by_days
    left join not_theirs on left_by_days.document_id = not_theirs.posting_key
    -- of what could not be read nothing can be summed
    where left_by_days.side = 'expected' and left_by_days.not_judged_because is null and not_theirs.posting_key is null
),

-- each sum is a number whose binary digits say which receipts are in it
members as (
    select
        numbered.*,
        sums.sum_number
    from numbered
    inner join (select {{ whole_numbers(1, 2 ** (most_receipts_summed() | int)) }} as sum_number) as sums
        on sums.sum_number < {{ power_of_two('numbered.receipts_left') }}
    where
        numbered.receipts_left between 2 and {{ most_receipts_summed() }}
        and sums.sum_number // {{ power_of_two('(numbered.place - 1)') }} % 2 = 1
),

sums as (
    select
        group_id,
        direction,
        sum_number,
        {{ whole('sum(pence)') }} as pence,
        {{ whole('sum(tax_pence)') }} as tax_pence
    from members
    group by group_id, direction, sum_number
    having count(*) > 1
),

fitting as (
    select
        documents.document_id as ledger_document_id,
        sums.group_id,
        sums.direction,
        sums.sum_number
    from left_by_days as documents
    inner join sums
        on
            documents.group_id = sums.group_id
            and documents.direction = sums.direction
            and documents.pence = sums.pence
            and documents.tax_pence = sums.tax_pence
    where documents.side = 'ledger'
),

summed as (
    select
        fitting.ledger_document_id,
        fitting.sum_number,
        members.document_id as posting_key
    from fitting
    inner join members
        on
            fitting.group_id = members.group_id
            and fitting.direction = members.direction
            and fitting.sum_number = members.sum_number
),

claimed as (
    select
        *,
        min(sum_number) over (partition by ledger_document_id) = max(sum_number) over (partition by ledger_document_id) as is_only_sum,
        min(ledger_document_id) over (partition by posting_key) = max(ledger_document_id) over (partition by posting_key) as is_only_claim
    from summed
),

settled as (
    select
        *,
        bool_and(is_only_sum and is_only_claim) over (partition by ledger_document_id) as is_settled
    from claimed
),

both_sides as (
    select
        posting_key as document_id,
        'expected' as side,
        bool_and(is_settled) as is_settled,
        min(ledger_document_id) as ledger_document_id,
        {{ list_of('ledger_document_id') }} as candidates
    from settled
    group by posting_key
    union all
    select
        ledger_document_id as document_id,
        'ledger' as side,
        bool_and(is_settled) as is_settled,
        ledger_document_id,
        {{ list_of('posting_key') }} as candidates
    from settled
    group by ledger_document_id
),

described as (
    select
        documents.company_id,
        documents.group_id,
        documents.store_id,
        documents.business_date,
        documents.till_id,
        documents.measure,
        documents.bank_code,
        both_sides.side,
        both_sides.document_id,
        documents.pence,
        documents.tax_pence,
        documents.is_in_nominal,
        documents.is_in_suspense,
        both_sides.is_settled,
        case when both_sides.is_settled then both_sides.ledger_document_id end as ledger_document_id,
        case when not both_sides.is_settled then both_sides.candidates end as candidates,
        6 as rung
    from both_sides
    inner join left_by_days as documents
        on both_sides.document_id = documents.document_id and both_sides.side = documents.side
)

select * from described
