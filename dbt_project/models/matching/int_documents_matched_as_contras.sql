-- Rung 0: a document and its equal and opposite cancel, before either is held against the tills. Ours by key; a person's by
-- evidence: the same account, values and reference, entered later. Of several equal targets the latest copy is the one undone.
with documents as (
    select * from {{ ref('int_ledger_documents_attributed') }}
    where mark is not null and document_kind in ('invoice', 'credit_note', 'receipt', 'payment')
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

opposites as (
    select
        contras.company_id,
        contras.ledger_document_id as contra_id,
        targets.ledger_document_id as target_id,
        row_number() over (partition by contras.ledger_document_id order by targets.urn desc) as target_rank,
        row_number() over (partition by targets.ledger_document_id order by contras.urn) as contra_rank
    from documents as contras
    inner join documents as targets
        on
            contras.company_id = targets.company_id
            and contras.customer_reference = targets.customer_reference
            and contras.reference = targets.reference
            and contras.gross_pence = targets.gross_pence
            and contras.tax_pence = targets.tax_pence
            and contras.urn > targets.urn
            and (
                (contras.document_kind = 'credit_note' and targets.document_kind = 'invoice')
                or (contras.document_kind = 'invoice' and targets.document_kind = 'credit_note')
                or (contras.document_kind = 'payment' and targets.document_kind = 'receipt')
                or (contras.document_kind = 'receipt' and targets.document_kind = 'payment')
            )
    where contras.our_key is null
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
    where target_rank = 1 and contra_rank = 1
)

select * from paired
