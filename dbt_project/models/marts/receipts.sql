-- One row per event, with its worst document's verdict.
with verdicts as (
    select
        company_id,
        event_id,
        min({{ verdict_rank('verdict') }}) as worst_rank,
        {{ whole("count(*)") }} as document_count,
        {{ whole("sum(case when verdict = 'missing_in_ledger' then 1 else 0 end)") }} as missing_count,
        {{ whole("sum(case when ledger_document_id is not null and posting_key is not null then 1 else 0 end)") }} as found_count
    from {{ ref('document_verdicts') }}
    where event_id is not null
    group by company_id, event_id
),

ranks as (
    select distinct verdict, {{ verdict_rank('verdict') }} as worst_rank
    from {{ ref('document_verdicts') }}
),

receipts as (
    select
        totalled.event_id,
        totalled.company_id,
        totalled.store_id,
        totalled.store_code,
        totalled.till_id,
        totalled.receipt_no,
        cast(totalled.occurrence as integer) as occurrence,
        lower(totalled.receipt_kind) as receipt_kind,
        totalled.business_date,
        totalled.document_date,
        totalled.sold_at,
        totalled.sold_at_local,
        totalled.zone,
        totalled.gross_pence,
        totalled.net_pence,
        totalled.tax_pence,
        totalled.tender_pence,
        totalled.tip_pence,
        totalled.do_lines_add_up,
        totalled.policy_tax_pence,
        totalled.tax_off_policy_pence,
        totalled.is_tax_by_policy,
        totalled.line_count,
        totalled.units,
        totalled.nothing_to_post_reason is null as is_money,
        totalled.nothing_to_post_reason,
        links.original_receipt_no,
        links.original_event_id,
        totalled.is_complete,
        coalesce(ranks.verdict, 'nothing_to_post') as verdict,
        coalesce(verdicts.missing_count > 0 and verdicts.found_count > 0, false) as is_partly_posted,
        totalled.delivery_id,
        totalled.source_file,
        totalled.source_row
    from {{ ref('int_receipts_totalled') }} as totalled
    left join verdicts on totalled.company_id = verdicts.company_id and totalled.event_id = verdicts.event_id
    left join {{ ref('int_returns_linked') }} as links
        on totalled.company_id = links.company_id and totalled.event_id = links.event_id
    left join ranks on verdicts.worst_rank = ranks.worst_rank
)

select * from receipts
