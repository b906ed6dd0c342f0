{{ config(materialized='view') }}
-- The verdict on each expected document.
with pass as (
    select * from {{ ref('stg_run__pass') }}
),

assembled as (
    select
        expected.*,
        compared.ledger_document_id,
        coalesce(groups.rung, compared.rung, covered.rung) as rung,
        coalesce(
            case groups.rung when 6 then 'one of some of a day: ' else 'one of a day: ' end || groups.evidence,
            compared.evidence || coalesce('; changed in Sage since: ' || changed.was_text || ' became ' || changed.now_text, ''),
            covered.evidence, decided.evidence, repeated.evidence, 'Sage held ' || gone.was_text || '; it is gone'
        ) as evidence,
        gone.posting_key is not null as is_gone,
        coalesce(expected.gross_pence = 0 and expected.net_pence = 0 and expected.tax_pence = 0, false) as is_of_nothing,
        coalesce(repeated.likeness, '') as likeness,
        groups.group_id,
        groups.is_in_nominal as is_group_in_nominal,
        groups.is_in_suspense as is_group_in_suspense,
        covered.journal_id,
        coalesce(summed.ledger_document_id, groups.ledger_document_ids, covered.journal_id, case when repeated.likeness = 'copy' then repeated.twin_event_id end) as partner_id,
        case
            when covered.is_off_return and expected.tax_pence <> 0 and covered.is_vat_covered then 'vat_not_on_return'
            when covered.is_off_return and expected.tax_pence <> 0 then 'vat_neither_booked_nor_on_return'
            when covered.is_vat_covered then 'carried_with_vat'
            else 'carried_without_vat'
        end as carriage,
        -- of what Sage holds in one document, what is left over is the group's
        case when groups.rung in (5, 6) then expected.gross_pence else compared.ledger_gross_pence end as ledger_gross_pence,
        case when groups.rung in (5, 6) then expected.net_pence else compared.ledger_net_pence end as ledger_net_pence,
        case when groups.rung in (5, 6) then expected.tax_pence else compared.ledger_tax_pence end as ledger_tax_pence,
        compared.is_in_nominal,
        compared.is_in_suspense,
        coalesce(explained.drift_kinds, '') as drift_kinds,
        explained.policy,
        coalesce(ambiguous.candidates, summed.candidates, covered.candidates, case when repeated.likeness <> 'waits_for_its_like' then repeated.candidates end) as candidates,
        case
            when ambiguous.candidates is not null then 'several_equal_candidates'
            when summed.candidates is not null then 'several_sums_fit'
            when covered.candidates is not null then 'journal_may_carry_it'
            else 'may_be_a_copy_at_the_till'
        end as doubt,
        case
            when compared.has_unmapped_nominal and compared.has_unmapped_tax then 'nominal,tax_code'
            when compared.has_unmapped_nominal then 'nominal'
            when compared.has_unmapped_tax then 'tax_code'
        end as legs_not_checked,
        {{ seconds_between('expected.sold_at', 'pass.as_of') }} >= coalesce(companies.grace_hours, 0) * 3600 as is_past_grace,
        -- a till's clock may be hours out; a day and more is no time of a sale
        {{ seconds_between('pass.as_of', 'expected.sold_at') }} > 86400 as is_dated_ahead,
        claims.claim as sync_claim,
        claims.claim_message as sync_message,
        claims.claimed_at as sync_claimed_at
    from {{ ref('expected_documents') }} as expected
    cross join pass
    left join {{ ref('int_documents_compared') }} as compared on expected.posting_key = compared.posting_key
    left join {{ ref('int_drifts_explained') }} as explained on expected.posting_key = explained.posting_key
    left join {{ ref('int_documents_ambiguous') }} as ambiguous on expected.posting_key = ambiguous.document_id
    left join {{ ref('int_documents_grouped') }} as grouped
        on expected.posting_key = grouped.document_id and grouped.side = 'expected'
    left join {{ ref('int_groups_weighed') }} as groups on grouped.group_id = groups.group_id
    left join {{ ref('int_documents_summed') }} as summed
        on expected.posting_key = summed.document_id and summed.side = 'expected'
    left join {{ ref('int_documents_covered_by_journal') }} as covered on expected.posting_key = covered.posting_key
    left join {{ ref('int_match_decisions_weighed') }} as decided
        on expected.posting_key = decided.posting_key and decided.is_in_force and decided.ledger_document_id is null
    left join {{ ref('int_ledger_documents_changed') }} as changed
        on compared.ledger_document_id = changed.ledger_document_id and changed.posting_key is null
    left join {{ ref('int_ledger_documents_changed') }} as gone
        on expected.company_id = gone.company_id and expected.posting_key = gone.posting_key
    left join {{ ref('int_receipts_repeated') }} as repeated
        on expected.posting_key = repeated.posting_key
    left join {{ ref('stg_operations__companies') }} as companies on expected.company_id = companies.company_id
    left join {{ ref('int_claims_latest') }} as claims on expected.posting_key = claims.posting_key
),

judged as (
    select
        *,
        case
            when document_kind = 'none' then 'nothing_to_post'
            when not is_store_mapped or not is_complete or currency_status = 'foreign' then 'not_checked'
            when likeness = 'copy' then 'duplicate_in_pos'
            when candidates is not null or likeness = 'may_be_a_copy' then 'ambiguous'
            when journal_id is not null then 'covered_by_journal'
            when group_id is not null and not is_group_in_nominal then 'deferred'
            when group_id is not null and is_group_in_suspense then 'in_suspense'
            -- only of a summary of ours is it known what it holds of each receipt
            when group_id is not null and drift_kinds <> '' then 'drifted'
            when group_id is not null then 'matched'
            when ledger_document_id is null and is_before_cutover then 'not_checked'
            -- a sale wholly discounted: Sage may hold it, and need not
            when ledger_document_id is null and not is_gone and is_of_nothing then 'nothing_to_post'
            when ledger_document_id is null and is_dated_ahead then 'not_checked'
            when ledger_document_id is null and not is_past_grace and not is_gone then 'pending'
            when ledger_document_id is null then 'missing_in_ledger'
            when not is_in_nominal then 'deferred'
            when is_in_suspense then 'in_suspense'
            when drift_kinds = '' then 'matched'
            when policy is not null then 'matched_within_policy'
            else 'drifted'
        end as verdict,
        case
            when document_kind = 'none' then nothing_to_post_reason
            when not is_store_mapped then 'store_unmapped'
            when not is_complete then 'rows_set_aside'
            when currency_status = 'foreign' then 'foreign_currency'
            when likeness = 'copy' then null
            when candidates is not null or likeness = 'may_be_a_copy' then doubt
            when journal_id is not null then carriage
            when ledger_document_id is null and is_before_cutover then 'before_cutover'
            when ledger_document_id is null and is_dated_ahead then 'dated_ahead'
            when ledger_document_id is null and is_gone then 'changed_after_posting'
            when ledger_document_id is null and not is_gone and is_of_nothing then 'zero_value'
            when likeness = 'waits_for_its_like' then 'waits_for_its_like'
            when policy is not null and group_id is null then policy
        end as reason
    from assembled
)

select * from judged
