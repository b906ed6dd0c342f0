-- Every leg that a posting rule flagged, for the documents that still need posting.
with flags as (
    select
        flags.rule_id,
        flags.gate_row_id,
        flags.posting_key,
        flags.owner,
        flags.severity,
        flags.title,
        flags.remedy,
        flags.runbook,
        flags.observed_value,
        verdicts.company_id,
        verdicts.store_id,
        verdicts.business_date,
        verdicts.event_id,
        verdicts.receipt_no
    from {{ ref('stg_gate__posting_flags') }} as flags
    inner join {{ ref('document_verdicts') }} as verdicts on flags.posting_key = verdicts.posting_key
    where verdicts.verdict = 'missing_in_ledger'
)

select * from flags
