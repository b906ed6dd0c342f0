-- Rung 0: a document and its equal and opposite cancel, before either is held against the tills. Ours by key; a person's by
-- evidence: the same account, values and reference, entered later. Of several equal targets the latest copy is the one undone.
with documents as (
    select * from {{ ref('int_ledger_documents_attributed') }}
    where mark is not null and document_kind <> 'journal'
),

our_contras as (
    select
        contras.company_id,
        contras.ledger_document_id as contra_id,
        targets.ledger_document_id as target_id,
        'our key' as evidence
    from documents as contras
    inner join {{ ref('stg_operations__intents') }} as intents
        on contras.our_key = intents.posting_key and intents.role = 'X'
    inner join documents as targets
        on intents.company_id = targets.company_id and intents.target_urn = targets.urn
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

-- what nobody's key explains, a person undid: like with unlike, in the order Sage took them
by_evidence as (
    select
        documents.company_id,
        documents.ledger_document_id,
        documents.urn,
        {{ key_of([
            'documents.company_id', 'documents.customer_reference', 'documents.reference', 'documents.gross_pence',
            'documents.tax_pence', "documents.document_kind in ('invoice', 'credit_note')",
        ]) }} as cell_id,
        case when documents.document_kind in ('invoice', 'receipt') then 1 else -1 end as direction
    from documents
    left join our_contras as undoing on documents.ledger_document_id = undoing.contra_id
    left join our_contras as undone on documents.ledger_document_id = undone.target_id
    left join even_exchanges
        on
            documents.company_id = even_exchanges.company_id
            and documents.named_store_id = even_exchanges.store_id
            and documents.named_receipt_no = even_exchanges.receipt_no
            and documents.gross_pence = even_exchanges.gross_pence
            and documents.document_kind in ('invoice', 'credit_note')
    -- without a reference there is no evidence
    where
        documents.our_key is null
        and documents.document_kind in ('invoice', 'credit_note', 'receipt', 'payment')
        and trim(documents.reference) <> ''
        and undoing.contra_id is null
        and undone.target_id is null
        and even_exchanges.receipt_no is null
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

paired as (
    select * from our_contras
    union all
    select
        company_id,
        contra_id,
        target_id,
        'same account, values and reference' as evidence
    from opposites
    where is_contra
)

select * from paired
