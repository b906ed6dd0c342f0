{{ config(materialized='view') }}
-- Each copy that would be undone by its equal and opposite, and what then stays.
with open_documents as (
    select * from {{ ref('int_documents_classed') }}
    where verdict = 'duplicate_in_ledger'
),

-- of what two writers posted, ours is undone: the other's books count on theirs. Not a summary, which holds other receipts too
ours_of_two as (
    select
        open_documents.ledger_document_id as copy_id,
        open_documents.partner_id as ours_id,
        intents.posting_key,
        intents.event_id,
        intents.ordinal,
        intents.revision,
        row_number() over (partition by open_documents.partner_id order by open_documents.ledger_document_id) as place
    from open_documents
    inner join {{ ref('int_ledger_documents_read') }} as ours on open_documents.partner_id = ours.ledger_document_id
    inner join {{ ref('stg_operations__intents') }} as intents
        on ours.company_id = intents.company_id and ours.urn = intents.urn and ours.document_kind = intents.document_kind
    where
        open_documents.reason = 'posted_by_two_writers'
        and intents.role = 'P' and intents.members_digest = ''
),

copies as (
    select
        open_documents.*,
        ours_of_two.event_id as our_event_id,
        ours_of_two.ordinal as our_ordinal,
        ours_of_two.revision as our_revision,
        ours_of_two.posting_key as our_key,
        coalesce(ours_of_two.ours_id, open_documents.ledger_document_id) as undone_id,
        case when ours_of_two.ours_id is null then open_documents.partner_id else open_documents.ledger_document_id end as survivor_id
    from open_documents
    left join ours_of_two on open_documents.ledger_document_id = ours_of_two.copy_id and ours_of_two.place = 1
),

-- what is to stay: looked for once more before its copy is undone
survivors as (
    select
        copies.document_id,
        ledger.urn,
        ledger.document_kind,
        ledger.gross_pence,
        -- of two writers' documents ours goes, but a summary holds other receipts too
        copies.reason = 'posted_by_two_writers' and summaries_of_ours.posting_key is not null as is_our_summary
    from copies
    inner join {{ ref('int_ledger_documents_read') }} as ledger on copies.survivor_id = ledger.ledger_document_id
    left join {{ ref('stg_operations__intents') }} as summaries_of_ours
        on
            ledger.company_id = summaries_of_ours.company_id
            and ledger.urn = summaries_of_ours.urn
            and ledger.document_kind = summaries_of_ours.document_kind
            and summaries_of_ours.role = 'P'
            and summaries_of_ours.members_digest <> ''
),

-- Sage 50 takes no document of the cash book that we would write
cash_book_takers as (
    select company_id from {{ ref('stg_operations__companies') }}
    where ledger_kind <> 'sage50'
),

to_reverse as (
    select
        case
            when copies.our_key is not null then left(copies.our_key, 19) || 'X'
            else {{ posting_key(event_digest('copies.company_id', "('ledger:' || cast(ledger.urn as varchar))"), kind_letter(opposite_kind('ledger.document_kind')), 1, '1', 'X') }}
        end as posting_key,
        copies.company_id,
        copies.store_id,
        coalesce(copies.our_event_id, 'ledger:' || cast(ledger.urn as varchar)) as event_id,
        copies.receipt_no,
        copies.business_date,
        ledger.document_date,
        {{ opposite_kind('ledger.document_kind') }} as document_kind,
        coalesce(copies.our_ordinal, cast(1 as integer)) as ordinal,
        coalesce(copies.our_revision, cast(1 as integer)) as revision,
        'X' as role,
        'reverse_duplicate' as remedy,
        ledger.customer_reference,
        -- a transfer is undone by the transfer back
        case when ledger.document_kind = 'transfer' then ledger.to_bank_code else ledger.bank_code end as bank_code,
        case when ledger.document_kind = 'transfer' then ledger.bank_code end as to_bank_code,
        ledger.gross_pence,
        case when copies.is_sales then ledger.net_pence else ledger.gross_pence end as net_pence,
        case when copies.is_sales then ledger.tax_pence else 0 end as tax_pence,
        ledger.urn as target_urn,
        copies.sync_claim,
        copies.document_id as subject_id,
        survivors.urn as survivor_urn,
        survivors.document_kind as survivor_kind,
        survivors.gross_pence as survivor_gross_pence,
        coalesce(survivors.is_our_summary, false) as is_beside_our_summary,
        case
            when ledger.is_bank_reconciled then 'the copy is reconciled with the bank: finance decides'
            when ledger.is_vat_reconciled then 'the copy is on a VAT return that Sage has reconciled: finance decides'
            when ledger.is_allocated then 'the copy has been allocated: finance decides, and undoes that in Sage first'
            when copies.reason = 'posted_by_two_writers' and copies.our_key is null and not coalesce(survivors.is_our_summary, false) then 'two writers: settle who posts for this store first'
            when ledger.document_kind in ('bank_receipt', 'bank_payment') and not coalesce(paired.is_paired, false)
                then 'its accounts and tax codes do not come to the same in Sage: a person undoes it there'
        end as untouchable_reason
    from copies
    inner join {{ ref('int_ledger_documents_read') }} as ledger on copies.undone_id = ledger.ledger_document_id
    left join {{ ref('int_bank_documents_paired') }} as paired on copies.undone_id = paired.ledger_document_id
    left join survivors on copies.document_id = survivors.document_id
    left join cash_book_takers on copies.company_id = cash_book_takers.company_id
    where
        ledger.document_kind in ('invoice', 'credit_note', 'receipt', 'payment')
        or (ledger.document_kind in ('bank_receipt', 'bank_payment', 'transfer') and cash_book_takers.company_id is not null)
)

select * from to_reverse
