-- Rung 0: a document and its equal and opposite cancel, before either is held against the tills. Ours by key; a person's by
-- evidence: the same account, values and reference, entered later; in the cash book the same nominal accounts and tax codes too. Of
-- several equal targets the latest copy is the one undone. In the cash book those of other dates are no copies: is_certain is false.
with documents as (
    select * from {{ ref('int_ledger_documents_attributed') }}
    where mark is not null and document_kind <> 'journal'
),

-- the first under its key is ours; one that somebody entered under it again, or that undoes ours, undoes this target no more
our_contras as (
    select
        company_id,
        contra_id,
        target_id,
        'our key' as evidence
    from (
        select
            contras.company_id,
            contras.ledger_document_id as contra_id,
            targets.ledger_document_id as target_id,
            row_number() over (partition by targets.ledger_document_id order by contras.urn, contras.ledger_document_id) as place
        from documents as contras
        inner join {{ ref('stg_operations__intents') }} as intents
            on contras.our_key = intents.posting_key and intents.role = 'X'
        inner join documents as targets
            on intents.company_id = targets.company_id and intents.target_urn = targets.urn
    ) as under_its_key
    where place = 1
),

keys_that_undid as (
    select distinct
        documents.company_id,
        documents.our_key
    from documents
    inner join our_contras on documents.ledger_document_id = our_contras.contra_id
),

-- An even exchange gives an invoice and a credit note of one receipt that are equal and opposite, and neither undoes the other.
even_exchanges as (
    select distinct
        company_id,
        store_id,
        receipt_no,
        gross_pence
    from (
        select
            company_id,
            store_id,
            receipt_no,
            gross_pence
        from {{ ref('expected_documents') }}
        where document_kind in ('invoice', 'credit_note')
        group by company_id, event_id, store_id, receipt_no, gross_pence, tax_pence
        having count(*) > 1
    ) as events
),

-- what nobody's key explains, a person undid. What undoes one of ours bears our own key once more, for Sage copies the reference
unexplained as (
    select documents.*
    from documents
    left join our_contras as undoing on documents.ledger_document_id = undoing.contra_id
    left join our_contras as undone on documents.ledger_document_id = undone.target_id
    left join keys_that_undid
        on documents.company_id = keys_that_undid.company_id and documents.our_key = keys_that_undid.our_key
    left join even_exchanges
        on
            documents.company_id = even_exchanges.company_id
            and documents.named_store_id = even_exchanges.store_id
            and documents.named_receipt_no = even_exchanges.receipt_no
            and documents.gross_pence = even_exchanges.gross_pence
            and {{ is_sales_kind('documents.document_kind') }}
    -- without a reference there is no evidence
    where
        (coalesce(right(documents.our_key, 1), 'P') = 'P' or keys_that_undid.our_key is not null)
        and trim(documents.reference) <> ''
        and undoing.contra_id is null
        and undone.target_id is null
        and even_exchanges.receipt_no is null
),

celled as (
    select
        *,
        document_kind in ('bank_receipt', 'bank_payment', 'transfer') as is_in_cash_book,
        case when document_kind = 'transfer' and bank_code > to_bank_code then -1 else {{ direction_of('document_kind') }} end as direction,
        case
            when document_kind in ('bank_receipt', 'bank_payment', 'transfer')
                then {{ key_of([
                    'company_id', 'least(bank_code, to_bank_code)', 'greatest(bank_code, to_bank_code)', 'reference', 'gross_pence',
                    'tax_pence', "document_kind = 'transfer'",
                ]) }}
            else {{ key_of([
                'company_id', 'customer_reference', 'reference', 'gross_pence', 'tax_pence', "document_kind in ('invoice', 'credit_note')",
            ]) }}
        end as cell_id
    from unexplained
    where document_kind in ('invoice', 'credit_note', 'receipt', 'payment', 'bank_receipt', 'bank_payment', 'transfer')
),

faced as (
    select *
    from (
        select
            *,
            min(direction) over (partition by is_in_cash_book, cell_id) <> max(direction) over (partition by is_in_cash_book, cell_id) as has_opposite
        from celled
    ) as opposed
    where has_opposite
),

-- a day that gave back just what it took has a document of each under one name, and neither undoes the other
even_days as (
    select ledger_document_id
    from (
        select
            faced.ledger_document_id,
            case when {{ is_sales_kind('faced.document_kind') }} then expected.sales_pence else expected.takings_pence end as pence
        from faced
        inner join {{ ref('expected_documents') }} as expected
            on
                faced.company_id = expected.company_id
                and faced.named_store_id = expected.store_id
                and faced.named_date = expected.business_date
                and coalesce(faced.named_till_id, expected.till_id) = expected.till_id
                and ({{ is_sales_kind('faced.document_kind') }} or expected.bank_code in (faced.bank_code, faced.to_bank_code))
    ) as traded
    group by ledger_document_id
    having sum(pence) = 0 and min(pence) < 0
),

-- nor do a sale and another sale's refund whose number came round: the tills have both, each of its date
named_both_ways as (
    select ledger_document_id
    from (
        select
            ledger_document_id,
            min(direction) over (partition by cell_id) <> max(direction) over (partition by cell_id) as is_both_ways
        from (
            select distinct
                faced.ledger_document_id,
                faced.cell_id,
                faced.direction
            from faced
            inner join {{ ref('expected_documents') }} as expected
                on
                    faced.company_id = expected.company_id
                    and faced.named_store_id = expected.store_id
                    and faced.named_receipt_no = expected.receipt_no
                    and faced.document_kind = expected.document_kind
                    and faced.document_date = expected.document_date
                    and faced.gross_pence = expected.gross_pence
            where not faced.is_in_cash_book
        ) as of_the_tills
    ) as directed
    where is_both_ways
),

undoable as (
    select faced.*
    from faced
    left join even_days on faced.ledger_document_id = even_days.ledger_document_id
    left join named_both_ways on faced.ledger_document_id = named_both_ways.ledger_document_id
    where even_days.ledger_document_id is null and named_both_ways.ledger_document_id is null
),

analysed as (
    select
        undoable.ledger_document_id,
        {{ sorted_list_of("concat_ws('/', legs.leg_type, legs.nominal_code, legs.cost_centre, legs.department, legs.tax_code, legs.net_pence, legs.tax_pence)") }} as analysis
    from undoable
    inner join {{ ref('int_ledger_legs_read') }} as legs on undoable.ledger_document_id = legs.ledger_document_id
    where undoable.is_in_cash_book
    group by undoable.ledger_document_id
),

in_cash_book as (
    select
        undoable.company_id,
        undoable.ledger_document_id,
        undoable.urn,
        undoable.document_date,
        {{ key_of(['undoable.cell_id', 'analysed.analysis']) }} as cell_id,
        undoable.direction
    from undoable
    left join analysed on undoable.ledger_document_id = analysed.ledger_document_id
    where undoable.is_in_cash_book
),

-- like with unlike, in the order Sage took them
by_evidence as (
    select
        company_id,
        ledger_document_id,
        urn,
        cell_id,
        direction
    from undoable
    where not is_in_cash_book
    union all
    select
        company_id,
        ledger_document_id,
        urn,
        {{ key_of(['cell_id', 'document_date']) }} as cell_id,
        direction
    from in_cash_book
),

balanced as (
    select
        *,
        {{ whole('sum(direction) over (partition by cell_id order by urn, ledger_document_id rows between unbounded preceding and current row)') }} as balance
    from by_evidence
),

-- a document opens a depth or closes the one that is open, as brackets do
nested as (
    select
        *,
        greatest(abs(balance), abs(balance - direction)) as depth
    from balanced
),

opposites as (
    select
        company_id,
        ledger_document_id as contra_id,
        lag(ledger_document_id) over (partition by cell_id, depth order by urn, ledger_document_id) as target_id,
        row_number() over (partition by cell_id, depth order by urn, ledger_document_id) % 2 = 0 as is_contra
    from nested
),

-- of the cash book, what was undone under another date
left_over as (
    select in_cash_book.*
    from in_cash_book
    left join opposites as undone on in_cash_book.ledger_document_id = undone.target_id and undone.is_contra
    left join opposites as undoing on in_cash_book.ledger_document_id = undoing.contra_id and undoing.is_contra
    where undone.target_id is null and undoing.contra_id is null
),

on_other_dates as (
    select
        *,
        count(*) over (partition by contra_id) = 1 and count(*) over (partition by target_id) = 1 as is_certain
    from (
        select
            contras.company_id,
            contras.ledger_document_id as contra_id,
            targets.ledger_document_id as target_id
        from left_over as targets
        inner join left_over as contras
            on targets.cell_id = contras.cell_id and targets.direction = -contras.direction and targets.urn < contras.urn
    ) as facing
),

paired as (
    select
        *,
        true as is_certain
    from our_contras
    union all
    select
        company_id,
        contra_id,
        target_id,
        'same account, values and reference' as evidence,
        true as is_certain
    from opposites
    where is_contra
    union all
    select
        company_id,
        contra_id,
        target_id,
        'same account, values and reference' as evidence,
        is_certain
    from on_other_dates
)

select * from paired
