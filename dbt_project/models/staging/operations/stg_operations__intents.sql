with source as (
    select * from {{ newest_versions(source('operations', 'intents')) }}
),

renamed as (
    select
        company_id,
        posting_key,
        store_id,
        event_id,
        document_kind,
        ordinal,
        revision,
        role,
        remedy,
        payload_digest,
        state,
        target_urn,
        urn,
        coalesce(reference_in_sage, '') as reference_in_sage,
        truth_sent,
        truth_acknowledged,
        truth_present,
        truth_in_nominal,
        truth_right,
        attempts,
        refusal,
        publication_number,
        business_date,
        coalesce(members_digest, '') as members_digest,
        document_date,
        coalesce(box_1_pence, 0) as box_1_pence,
        coalesce(box_6_pence, 0) as box_6_pence,
        corrects_return
    from source
)

select * from renamed
