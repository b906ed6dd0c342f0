-- Why each open document is open, and whose it is. A missing document that the gate would stop is open for the gate's reason.
with verdicts as (
    select
        *,
        -- somebody meant to: no machine undoes it
        coalesce(reason, '') = 'changed_after_posting' or contains(coalesce(drift_kinds, ''), 'changed_after_posting') as is_changed
    from {{ ref('document_verdicts') }}
    where is_open
),

-- A correction of ours whose contra is in Sage and whose second half is not.
owed as (
    select
        left(repost.posting_key, 18) as key_stem,
        min(repost.posting_key) as repost_key,
        min(repost.refusal) as refusal
    from {{ ref('stg_operations__intents') }} as repost
    inner join {{ ref('stg_operations__intents') }} as contra
        on repost.company_id = contra.company_id and repost.target_urn = contra.target_urn
    where
        repost.remedy = 'reverse_and_repost' and repost.role = 'P' and not repost.truth_present and repost.state <> 'reversed'
        and contra.remedy = 'reverse_and_repost' and contra.role = 'X' and contra.truth_present
    group by left(repost.posting_key, 18)
),

-- A sale of ours that is a sales order in Sage, or was one, and that no ledger has.
ordered as (
    select
        left(posting_key, 18) as key_stem,
        min(case
            when state = 'deferred' then 'its order waits to be invoiced in Sage'
            when state = 'reversed' then 'its order was cancelled in Sage'
            else refusal
        end) as told,
        bool_or(state = 'deferred') as is_waiting
    from {{ ref('stg_operations__intents') }}
    where remedy = 'post_order' and role = 'P' and urn is null and state in ('deferred', 'wrong', 'unsettled', 'reversed')
    group by left(posting_key, 18)
),

classed as (
    select
        verdicts.*,
        blocks.rule_ids,
        case
            when verdicts.verdict = 'missing_in_ledger' and owed.key_stem is not null then 'half_corrected'
            when verdicts.is_changed then 'changed_after_posting'
            when verdicts.verdict = 'missing_in_ledger' and ordered.key_stem is not null then 'order_not_invoiced'
            when verdicts.verdict = 'missing_in_ledger' and verdicts.reason = 'waits_for_its_like' then 'waits_for_its_like'
            when verdicts.verdict = 'missing_in_ledger' and blocks.rule_id is not null then blocks.exception_class
            when verdicts.verdict = 'missing_in_ledger' and verdicts.sync_claim = 'accepted' then 'synced_but_not_posted'
            when
                verdicts.verdict = 'missing_in_ledger' and verdicts.sync_claim = 'rejected'
                and regexp_matches(lower(coalesce(verdicts.sync_message, '')), 'lock|in use|another user') then 'customer_account_locked'
            when verdicts.verdict = 'missing_in_ledger' and verdicts.sync_claim = 'rejected' then 'posting_rejected'
            when verdicts.verdict = 'missing_in_ledger' then 'never_sent'
            when verdicts.reason in ('vat_not_on_return', 'vat_neither_booked_nor_on_return') then 'vat_not_on_return'
            when verdicts.verdict = 'drifted' then 'drift_' || string_split(verdicts.drift_kinds, ',')[1]
            when verdicts.verdict = 'duplicate_in_ledger' then verdicts.reason
            when verdicts.verdict = 'missing_in_pos' then verdicts.reason
            when verdicts.verdict = 'not_checked' then verdicts.reason
            else verdicts.verdict
        end as exception_class,
        case
            when verdicts.verdict = 'missing_in_ledger' and owed.key_stem is not null then 'finance'
            when verdicts.is_changed then 'finance'
            when verdicts.verdict = 'missing_in_ledger' and ordered.key_stem is not null then 'operations'
            when verdicts.verdict = 'missing_in_ledger' and blocks.rule_id is not null then blocks.owner
            when verdicts.verdict = 'duplicate_in_pos' or verdicts.reason = 'waits_for_its_like' then 'operations'
            when verdicts.verdict = 'missing_in_ledger' then 'integration'
            when verdicts.verdict = 'drifted' and regexp_matches(verdicts.drift_kinds, 'tax|nominal|amount|period') then 'finance'
            when verdicts.verdict = 'drifted' then 'integration'
            when verdicts.verdict = 'duplicate_in_ledger' then 'integration'
            when verdicts.verdict = 'not_checked' then 'operations'
            else 'finance'
        end as owner,
        case
            when verdicts.verdict = 'missing_in_ledger' and owed.key_stem is not null
                then 'owed is ' || owed.repost_key || coalesce(': ' || owed.refusal, '')
            when verdicts.is_changed then verdicts.evidence
            when verdicts.verdict = 'missing_in_ledger' and ordered.key_stem is not null then ordered.told
            when verdicts.verdict = 'missing_in_ledger' and blocks.rule_id is not null
                then blocks.rule_id || coalesce(' ' || blocks.observed_value, '')
            when verdicts.verdict = 'drifted' then verdicts.drift_kinds
            when verdicts.verdict = 'duplicate_in_pos' then 'till ' || verdicts.till_id || ' of ' || verdicts.store_id
            when verdicts.verdict = 'not_checked' then verdicts.reason || ' ' || verdicts.store_id
            when verdicts.verdict = 'covered_by_journal' then verdicts.reason
            else coalesce(verdicts.sync_message, verdicts.reason, verdicts.verdict)
        end as cause_detail,
        case
            when verdicts.verdict = 'missing_in_ledger' and owed.key_stem is not null
                then 'Mend what stops its second half, then send again: tillproof post --send goes on with it.'
            when verdicts.is_changed then 'Ask who changed it in Sage and why; then have it put back, or the rest follow it.'
            when verdicts.verdict = 'missing_in_ledger' and ordered.is_waiting then 'Despatch the order and invoice it in Sage, under its own date.'
            when verdicts.verdict = 'missing_in_ledger' and ordered.key_stem is not null then 'Look at its order in Sage: the runbook says what then.'
            when verdicts.verdict = 'missing_in_ledger' and blocks.rule_id is not null then blocks.remedy
            when verdicts.verdict = 'duplicate_in_pos' then 'Have the till confirm that it was sold once; if it was sold twice, decide that it is none of its candidates.'
            when verdicts.reason = 'waits_for_its_like' then 'Post the other one first; then this one shows for what it is.'
            when verdicts.verdict = 'missing_in_ledger' then 'Post the missing document.'
            when verdicts.reason = 'posted_by_two_writers' then 'Settle who posts for this store; then reverse the one of the two that tillproof post proposes.'
            when verdicts.verdict = 'duplicate_in_ledger' then 'Reverse the copy with its equal and opposite.'
            when verdicts.reason in ('vat_not_on_return', 'vat_neither_booked_nor_on_return')
                then 'Reverse the journal and enter it again under the tax codes of its sales, so that their VAT reaches the return.'
            when verdicts.verdict = 'drifted' then 'Correct it in Sage, or reverse and repost.'
            when verdicts.reason = 'undoes_one_of_several' then 'Undo it in Sage; then undo the one that is meant, under its own date.'
            when verdicts.verdict = 'ambiguous' then 'Decide which candidate it is.'
            when verdicts.verdict = 'covered_by_journal' then 'Leave the journal and post nothing, or reverse the journal and post the document.'
            when verdicts.verdict = 'in_suspense' then 'Move it from suspense to its own account.'
            when verdicts.verdict = 'deferred' then 'Check its date; Sage holds it outside the nominal ledger.'
            when verdicts.verdict = 'missing_in_pos' then 'Find who posted it, and reverse it if no sale stands behind it.'
            when verdicts.reason = 'store_unmapped' then 'Name the store this till belongs to.'
            when verdicts.reason = 'dated_ahead' then 'Have the clock of the till put right, and the receipt sent again under its own date.'
            when verdicts.reason = 'before_cutover' then 'Look at the cutover of the store: what was sold before it is finance''s opening position.'
            when verdicts.reason = 'foreign_currency' then 'Look at the currency of the store; what it took in another is posted by hand.'
            else 'Send the file again with the rows that could not be read.'
        end as suggested_remedy
    from verdicts
    left join {{ ref('int_gate_blocks_worst') }} as blocks on verdicts.posting_key = blocks.posting_key
    left join owed on left(verdicts.posting_key, 18) = owed.key_stem
    left join ordered on left(verdicts.posting_key, 18) = ordered.key_stem
)

select * from classed
