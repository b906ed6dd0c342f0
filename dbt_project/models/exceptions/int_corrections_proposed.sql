{{ config(materialized='view') }}
-- What drifted: undone and, after that, posted right. Two documents of one correction.
with open_documents as (
    select * from {{ ref('int_documents_classed') }}
    where verdict = 'drifted'
),

live_intents as (
    select posting_key from {{ ref('stg_operations__intents') }}
    where state not in {{ unsent_states() }}
),

-- a key that is used already stands against a new document, not against a later revision of it
blocks as (
    select
        posting_key,
        {{ list_of('rule_id') }} as rule_ids
    from {{ ref('stg_gate__posting_flags') }}
    where severity = 'block' and rule_id <> 'KEY-01'
    group by posting_key
),

-- Sage 50 takes no document of the cash book that we would write
cash_book_takers as (
    select company_id from {{ ref('stg_operations__companies') }}
    where ledger_kind <> 'sage50'
),

-- what only another document mends: a period cannot be chosen, so a drift of it is finance's
drifted as (
    select
        open_documents.*,
        ledger.urn,
        ledger.reference,
        ledger.document_kind as ledger_kind,
        ledger.document_date as ledger_date,
        ledger.customer_reference as ledger_customer,
        ledger.bank_code as ledger_bank,
        ledger.gross_pence as there_gross_pence,
        ledger.net_pence as there_net_pence,
        ledger.tax_pence as there_tax_pence,
        blocks.rule_ids as blocked_by,
        coalesce(regexp_matches(ledger.reference, '^TP[0-9A-HJKMNP-TV-Z]{13}[A-Z][0-9]{2}[0-9]P$'), false) as is_ours,
        case
            when open_documents.is_changed then 'it was changed in Sage after it was posted: finance decides'
            when ledger.is_bank_reconciled then 'what drifted is reconciled with the bank: finance decides'
            when ledger.is_vat_reconciled then 'what drifted is on a VAT return that Sage has reconciled: finance decides'
            when ledger.is_allocated then 'what drifted has been allocated: finance decides, and undoes that in Sage first'
            when ledger.document_kind in ('bank_receipt', 'bank_payment') and not coalesce(paired.is_paired, false)
                then 'its accounts and tax codes do not come to the same in Sage: a person undoes it there'
        end as untouchable_reason
    from open_documents
    inner join {{ ref('int_ledger_documents_read') }} as ledger
        on open_documents.ledger_document_id = ledger.ledger_document_id
    left join blocks on open_documents.posting_key = blocks.posting_key
    left join {{ ref('int_bank_documents_paired') }} as paired on ledger.ledger_document_id = paired.ledger_document_id
    left join cash_book_takers on open_documents.company_id = cash_book_takers.company_id
    where
        not regexp_matches(open_documents.drift_kinds, 'period')
        and (
            ledger.document_kind in ('invoice', 'credit_note', 'receipt', 'payment')
            or (ledger.document_kind in ('bank_receipt', 'bank_payment') and cash_book_takers.company_id is not null)
        )
        and ledger.document_kind = open_documents.document_kind
),

cases as (
    select
        *,
        case
            when is_ours then left(reference, 19) || 'X'
            else {{ posting_key(event_digest('company_id', "('ledger:' || cast(urn as varchar))"), kind_letter(opposite_kind('ledger_kind')), 1, '1', 'X') }}
        end as contra_key,
        case when is_ours then left(reference, 18) || cast(cast(substr(reference, 19, 1) as integer) + 1 as varchar) || 'P' else posting_key end as repost_key,
        case when is_ours then cast(substr(reference, 19, 1) as integer) else 0 end as revision_there
    from drifted
),

-- nine revisions are all that a key has room for
cases_open as (
    select cases.*
    from cases
    left join live_intents as contras on cases.contra_key = contras.posting_key
    left join live_intents as reposts on cases.repost_key = reposts.posting_key
    where contras.posting_key is null and reposts.posting_key is null and cases.revision_there < 9
),

to_undo as (
    select
        contra_key as posting_key,
        company_id,
        store_id,
        case when is_ours then event_id else 'ledger:' || cast(urn as varchar) end as event_id,
        receipt_no,
        business_date,
        ledger_date as document_date,
        {{ opposite_kind('ledger_kind') }} as document_kind,
        case when is_ours then ordinal else cast(1 as integer) end as ordinal,
        greatest(revision_there, 1) as revision,
        'X' as role,
        'reverse_and_repost' as remedy,
        cast(null as varchar) as after_key,
        ledger_customer as customer_reference,
        ledger_bank as bank_code,
        there_gross_pence as gross_pence,
        case when is_sales then there_net_pence else there_gross_pence end as net_pence,
        case when is_sales then there_tax_pence else 0 end as tax_pence,
        urn as target_urn,
        blocked_by,
        sync_claim,
        document_id as subject_id,
        untouchable_reason
    from cases_open
),

to_repost as (
    select
        cases_open.repost_key as posting_key,
        cases_open.company_id,
        cases_open.store_id,
        cases_open.event_id,
        cases_open.receipt_no,
        cases_open.business_date,
        cases_open.document_date,
        cases_open.document_kind,
        cases_open.ordinal,
        cases_open.revision_there + 1 as revision,
        'P' as role,
        'reverse_and_repost' as remedy,
        cases_open.contra_key as after_key,
        expected.customer_reference,
        expected.bank_code,
        cases_open.expected_gross_pence as gross_pence,
        case when cases_open.is_sales then cases_open.expected_net_pence else cases_open.expected_gross_pence end as net_pence,
        cases_open.expected_tax_pence as tax_pence,
        cases_open.urn as target_urn,
        cases_open.blocked_by,
        cases_open.sync_claim,
        cases_open.document_id as subject_id,
        cases_open.untouchable_reason
    from cases_open
    inner join {{ ref('expected_documents') }} as expected on cases_open.posting_key = expected.posting_key
),

proposed as (
    select * from to_undo
    union all
    select * from to_repost
)

select * from proposed
