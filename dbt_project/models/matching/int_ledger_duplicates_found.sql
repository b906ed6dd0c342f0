-- After the last rung: a leftover that carries the same evidence as a document already matched is the same event twice.
with grouped as (
    select document_id from {{ ref('int_documents_grouped') }}
    where side = 'ledger'
    union
    select document_id from {{ ref('int_documents_summed') }}
    where side = 'ledger'
),

leftovers as (
    select ledger.*
    from {{ ref('int_ledger_documents_unreversed') }} as ledger
    left join {{ ref('int_matches_unioned') }} as matches
        on ledger.ledger_document_id = matches.ledger_document_id
    left join {{ ref('int_documents_ambiguous') }} as ambiguous
        on ledger.ledger_document_id = ambiguous.document_id
    left join grouped on ledger.ledger_document_id = grouped.document_id
    where matches.ledger_document_id is null and ambiguous.document_id is null and grouped.document_id is null
),

matched_events as (
    select
        expected.company_id,
        expected.posting_key,
        expected.store_id,
        expected.receipt_no,
        expected.document_date,
        expected.document_kind,
        expected.ordinal,
        expected.bank_code,
        expected.gross_pence,
        expected.tax_pence,
        matches.ledger_document_id as survivor_id,
        survivors.mark as survivor_mark
    from {{ ref('int_matches_unioned') }} as matches
    inner join {{ ref('expected_documents') }} as expected on matches.posting_key = expected.posting_key
    inner join {{ ref('int_ledger_documents_unreversed') }} as survivors
        on matches.ledger_document_id = survivors.ledger_document_id
    union all
    -- a receipt that is in a summary of ours, and the summary itself
    select distinct
        expected.company_id,
        expected.posting_key,
        expected.store_id,
        expected.receipt_no,
        expected.document_date,
        expected.document_kind,
        expected.ordinal,
        expected.bank_code,
        expected.gross_pence,
        expected.tax_pence,
        tranches.ledger_document_id as survivor_id,
        'ours' as survivor_mark
    from {{ ref('int_documents_in_tranches') }} as tranches
    inner join {{ ref('expected_documents') }} as expected on tranches.member_key = expected.posting_key
    where tranches.place = 1
    union all
    select distinct
        company_id,
        tranche_key as posting_key,
        store_id,
        cast(null as varchar) as receipt_no,
        document_date,
        document_kind,
        ordinal,
        ledger_bank_code as bank_code,
        abs(ledger_pence) as gross_pence,
        abs(ledger_tax_pence) as tax_pence,
        ledger_document_id as survivor_id,
        'ours' as survivor_mark
    from {{ ref('int_documents_in_tranches') }}
),

-- what stands for a whole day, or a till's: what bears its name and its figures too is the same day again
days as (
    select
        copies.ledger_document_id,
        cast(null as varchar) as posting_key,
        min(survivors.ledger_document_id) as survivor_id,
        min(survivors.mark) as survivor_mark,
        2 as evidence_rank,
        'same day in the reference and the same figures' as evidence
    from leftovers as copies
    inner join {{ ref('int_ledger_documents_unreversed') }} as survivors
        on
            copies.company_id = survivors.company_id
            and copies.reference = survivors.reference
            and copies.document_kind = survivors.document_kind
            and copies.document_date = survivors.document_date
            and coalesce(copies.bank_code, '') = coalesce(survivors.bank_code, '')
            and copies.gross_pence = survivors.gross_pence
            and copies.tax_pence = survivors.tax_pence
            and copies.urn > survivors.urn
    inner join grouped on survivors.ledger_document_id = grouped.document_id
    where copies.named_date is not null
    group by copies.ledger_document_id
),

by_key as (
    select
        leftovers.ledger_document_id,
        matched_events.posting_key,
        matched_events.survivor_id,
        matched_events.survivor_mark,
        1 as evidence_rank,
        'same posting key' as evidence
    from leftovers
    inner join matched_events on {{ first_revision('leftovers.our_key') }} = matched_events.posting_key
),

-- numbers wrap: one of half a year on is another receipt's, and of two receipts of the number the figures say whose copy it is
by_pos_id as (
    select
        ledger_document_id,
        posting_key,
        survivor_id,
        survivor_mark,
        2 as evidence_rank,
        'same receipt number in the reference' as evidence
    from (
        select
            leftovers.ledger_document_id,
            matched_events.posting_key,
            matched_events.survivor_id,
            matched_events.survivor_mark,
            row_number() over (
                partition by leftovers.ledger_document_id
                order by
                    case when leftovers.gross_pence = matched_events.gross_pence then 0 else 1 end,
                    abs(date_diff('day', matched_events.document_date, leftovers.document_date)),
                    matched_events.ordinal,
                    matched_events.posting_key
            ) as place
        from leftovers
        inner join matched_events
            on
                leftovers.company_id = matched_events.company_id
                and leftovers.named_store_id = matched_events.store_id
                and leftovers.named_receipt_no = matched_events.receipt_no
                and leftovers.document_kind = matched_events.document_kind
                and (
                    matched_events.document_kind in ('invoice', 'credit_note')
                    or leftovers.named_ordinal is null
                    or leftovers.named_ordinal = matched_events.ordinal
                )
        where abs(date_diff('day', matched_events.document_date, leftovers.document_date)) < 180
    ) as namesakes
    where place = 1
),

by_figures as (
    select
        leftovers.ledger_document_id,
        matched_events.posting_key,
        matched_events.survivor_id,
        matched_events.survivor_mark,
        3 as evidence_rank,
        'same store, day, kind and figures' as evidence
    from leftovers
    inner join matched_events
        on
            leftovers.company_id = matched_events.company_id
            and leftovers.store_id = matched_events.store_id
            and leftovers.document_date = matched_events.document_date
            and leftovers.document_kind = matched_events.document_kind
            and leftovers.gross_pence = matched_events.gross_pence
            and (
                ({{ is_sales_kind('leftovers.document_kind') }} and leftovers.tax_pence = matched_events.tax_pence)
                or (leftovers.document_kind in ('receipt', 'payment', 'transfer') and leftovers.bank_code = matched_events.bank_code)
            )
    where
        leftovers.our_key is null and leftovers.named_receipt_no is null
        -- a day of the connector's is a summary of ours again, when it is of the same day
        and (leftovers.named_date is null or (matched_events.survivor_mark = 'ours' and matched_events.receipt_no is null))
),

ranked as (
    select
        evidences.*,
        row_number() over (
            partition by ledger_document_id
            order by evidence_rank, posting_key
        ) as place
    from (
        select * from by_key
        union all
        select * from by_pos_id
        union all
        select * from days
        union all
        select * from by_figures
    ) as evidences
),

duplicates as (
    select
        ledger_document_id,
        posting_key,
        survivor_id,
        survivor_mark,
        evidence
    from ranked
    where place = 1
)

select * from duplicates
