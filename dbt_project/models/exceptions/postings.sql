-- What posting decided and how far each came by the five truths: sent, acknowledged, present, in the nominal ledger, right.
with intents as (
    select * from {{ ref('stg_operations__intents') }}
),

postings as (
    select
        intents.company_id,
        intents.store_id,
        intents.posting_key,
        intents.event_id,
        intents.document_kind,
        cast(intents.ordinal as integer) as ordinal,
        cast(intents.revision as integer) as revision,
        intents.role,
        intents.remedy,
        intents.state,
        intents.target_urn,
        intents.urn,
        intents.truth_sent,
        intents.truth_acknowledged,
        intents.truth_present,
        intents.truth_in_nominal,
        intents.truth_right,
        cast(intents.attempts as integer) as attempts,
        intents.refusal,
        intents.payload_digest,
        intents.publication_number,
        intents.document_date,
        intents.box_1_pence,
        intents.box_6_pence,
        vat_periods.valid_from as vat_period_start_date,
        intents.corrects_return
    from intents
    left join {{ ref('stg_operations__vat_periods') }} as vat_periods
        on
            intents.company_id = vat_periods.company_id
            and intents.document_date between vat_periods.valid_from and vat_periods.valid_to
)

select * from postings
