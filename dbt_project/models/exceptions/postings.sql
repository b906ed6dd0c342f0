-- What posting decided and how far each came by the five truths: sent, acknowledged, present, in the nominal ledger, right.
with postings as (
    select
        company_id,
        store_id,
        posting_key,
        event_id,
        document_kind,
        cast(ordinal as integer) as ordinal,
        cast(revision as integer) as revision,
        role,
        remedy,
        state,
        target_urn,
        urn,
        truth_sent,
        truth_acknowledged,
        truth_present,
        truth_in_nominal,
        truth_right,
        cast(attempts as integer) as attempts,
        refusal,
        payload_digest,
        publication_number
    from {{ ref('stg_operations__intents') }}
)

select * from postings
