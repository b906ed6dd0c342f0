-- A difference that a named and permitted policy explains: VAT by another rounding that HMRC allows a retailer, within the
-- company's cap; or a closed period's document in the next open one, as Sage does by itself. It stays so when that closes too: what
-- counts is that no period between the two is open; and when the closed one is opened again, for it counts how things stood when it
-- was posted, and that a pass has seen. A rounding that is not allowed explains nothing, however small the difference.
with listed as (
    select
        posting_key,
        {{ list_of('drift_kind') }} as drift_kinds
    from {{ ref('document_drifts') }}
    group by posting_key
),

late_once as (
    select distinct
        company_id,
        subject_id as posting_key,
        ledger_document_id
    from {{ ref('stg_history__judgements') }}
    where
        subject_kind = 'document' and verdict = 'matched_within_policy' and drift_kinds = 'period'
        and {{ is_judged_now('business_date') }}
),

explained as (
    select
        compared.company_id,
        compared.posting_key,
        coalesce(listed.drift_kinds, '') as drift_kinds,
        case
            when roundings.allowed_by_hmrc = 'yes' and roundings.is_within_cap then roundings.policy
            when
                listed.drift_kinds = 'period'
                and compared.ledger_period > compared.expected_period
                and (
                    late_once.posting_key is not null
                    or (
                        compared.expected_period_state = 'closed'
                        and coalesce(compared.ledger_period <= compared.next_open_period_start_date, true)
                    )
                ) then 'late_to_next_period'
        end as policy
    from {{ ref('int_documents_compared') }} as compared
    left join listed on compared.posting_key = listed.posting_key
    left join late_once
        on
            compared.company_id = late_once.company_id
            and compared.posting_key = late_once.posting_key
            and compared.ledger_document_id = late_once.ledger_document_id
    left join {{ ref('tax_roundings') }} as roundings on compared.posting_key = roundings.document_id
)

select * from explained
