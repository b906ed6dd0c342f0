-- What would put it right, one Sage document a row: a missing document posted, a copy undone by its equal and opposite, or
-- what drifted undone and, after that, posted right.
-- A proposal is not a permission: posting asks again, of people and of Sage, before anything is sent.
with open_documents as (
    select * from {{ ref('int_documents_classed') }}
),

stopped_stores as (
    select distinct
        company_id,
        store_id
    from {{ ref('stg_operations__store_stops') }}
    where not is_lifted
),

-- a second writer was seen: the store stops by itself, whatever anyone has said
two_writers as (
    select distinct
        company_id,
        store_id
    from {{ whole_of('document_verdicts') }} as verdicts
    where reason = 'posted_by_two_writers' and is_open
),

-- as long as it may still try, what it has not posted is not ours to post
retry_windows as (
    select
        company_id,
        max(retry_window_hours) as retry_window_hours
    from {{ ref('stg_operations__connector_patterns') }}
    group by company_id
),

live_intents as (
    select posting_key from {{ ref('stg_operations__intents') }}
    where state not in ('superseded', 'cancelled', 'refused', 'held', 'decided')
),

-- every document of a store-day that was sent, as this pass knows it: posting goes on only where there is no other
sent_of_days as (
    select
        company_id,
        store_id,
        business_date,
        {{ list_of('posting_key') }} as posting_keys,
        {{ list_of("case when members_digest <> '' then posting_key end") }} as summary_keys
    from {{ ref('stg_operations__intents') }}
    where role = 'P' and state not in {{ unsent_states() }} and business_date is not null
    group by company_id, store_id, business_date
),

-- what goes in a summary, or was decided in one, does not go by itself
in_summaries as (
    select member_key as posting_key from {{ ref('tranche_members') }}
    union
    select member_key as posting_key from {{ ref('stg_tranches__members') }}
    where not is_withdrawn
),

-- decided by itself before its store was posted by day: no longer proposed, it is withdrawn, and the next summary takes it
withdrawing as (
    select distinct posting_key from {{ ref('stg_operations__intents') }}
    where members_digest = '' and state in ('decided', 'held', 'refused')
),

-- whose missing sales are entered as sales orders
ordering as (
    select company_id from {{ ref('stg_operations__companies') }}
    where sales_posted_as = 'order' and ledger_kind = 'sage200'
),

to_post as (
    select
        open_documents.posting_key,
        open_documents.company_id,
        open_documents.store_id,
        open_documents.event_id,
        open_documents.receipt_no,
        open_documents.business_date,
        open_documents.document_date,
        open_documents.document_kind,
        open_documents.ordinal,
        cast(1 as integer) as revision,
        'P' as role,
        case
            when ordering.company_id is not null and open_documents.document_kind = 'invoice' and grains.grain is null then 'post_order'
            else 'post_missing'
        end as remedy,
        cast(null as varchar) as after_key,
        expected.customer_reference,
        expected.bank_code,
        cast(null as varchar) as to_bank_code,
        open_documents.expected_gross_pence as gross_pence,
        case when open_documents.is_sales then open_documents.expected_net_pence else open_documents.expected_gross_pence end as net_pence,
        open_documents.expected_tax_pence as tax_pence,
        cast(null as bigint) as target_urn,
        open_documents.rule_ids as blocked_by,
        open_documents.sync_claim,
        greatest(expected.sold_at, coalesce(open_documents.sync_claimed_at, expected.sold_at)) as last_try_at,
        open_documents.document_id as subject_id,
        case
            when open_documents.is_changed then 'Sage held it and it is gone: finance decides'
            when open_documents.reason = 'waits_for_its_like' then 'a receipt just like it is missing too: that one goes first'
            when open_documents.verdict = 'covered_by_journal'
                then 'a manual journal carries it (' || open_documents.partner_id || '): posting it would double it'
            when grains.grain is not null and not {{ goes_by_itself('expected') }} and open_documents.rule_ids is null
                then 'its store is posted by day: it joins a summary when its whole receipt may'
        end as untouchable_reason
    from open_documents
    inner join {{ ref('expected_documents') }} as expected on open_documents.posting_key = expected.posting_key
    left join live_intents on open_documents.posting_key = live_intents.posting_key
    left join in_summaries on open_documents.posting_key = in_summaries.posting_key
    left join {{ ref('int_grains_in_force') }} as grains
        on
            open_documents.company_id = grains.company_id
            and open_documents.store_id = grains.store_id
            and open_documents.business_date = grains.business_date
    left join withdrawing on open_documents.posting_key = withdrawing.posting_key
    left join ordering on open_documents.company_id = ordering.company_id
    where
        open_documents.verdict in ('missing_in_ledger', 'covered_by_journal') and live_intents.posting_key is null
        and in_summaries.posting_key is null
        and (grains.grain is null or {{ goes_by_itself('expected') }} or withdrawing.posting_key is null)
),

summaries as (
    select * from {{ ref('int_summaries_proposed') }}
),

to_sum_up as (
    select
        summaries.posting_key,
        summaries.company_id,
        summaries.store_id,
        summaries.event_id,
        cast(null as varchar) as receipt_no,
        summaries.business_date,
        summaries.document_date,
        summaries.document_kind,
        summaries.ordinal,
        cast(1 as integer) as revision,
        'P' as role,
        summaries.remedy,
        cast(null as varchar) as after_key,
        summaries.customer_reference,
        summaries.bank_code,
        summaries.to_bank_code,
        summaries.gross_pence,
        summaries.net_pence,
        summaries.tax_pence,
        cast(null as bigint) as target_urn,
        cast(null as varchar) as blocked_by,
        coalesce(substr(summaries.sync_claim, 2), 'none') as sync_claim,
        summaries.last_try_at,
        summaries.first_member_key as subject_id,
        cast(null as varchar) as untouchable_reason
    from summaries
    left join live_intents on summaries.posting_key = live_intents.posting_key
    where live_intents.posting_key is null
),

-- of what two writers posted, ours is undone: the other's books count on theirs. Not a summary, which holds other receipts too
ours_of_two as (
    select
        open_documents.ledger_document_id as copy_id,
        open_documents.partner_id as ours_id,
        intents.posting_key,
        intents.event_id,
        intents.ordinal,
        intents.revision,
        row_number() over (partition by open_documents.partner_id order by open_documents.ledger_document_id) as place
    from open_documents
    inner join {{ ref('int_ledger_documents_read') }} as ours on open_documents.partner_id = ours.ledger_document_id
    inner join {{ ref('stg_operations__intents') }} as intents
        on ours.company_id = intents.company_id and ours.urn = intents.urn and ours.document_kind = intents.document_kind
    where
        open_documents.verdict = 'duplicate_in_ledger' and open_documents.reason = 'posted_by_two_writers'
        and intents.role = 'P' and intents.members_digest = ''
),

copies as (
    select
        open_documents.*,
        ours_of_two.event_id as our_event_id,
        ours_of_two.ordinal as our_ordinal,
        ours_of_two.revision as our_revision,
        ours_of_two.posting_key as our_key,
        coalesce(ours_of_two.ours_id, open_documents.ledger_document_id) as undone_id,
        case when ours_of_two.ours_id is null then open_documents.partner_id else open_documents.ledger_document_id end as survivor_id
    from open_documents
    left join ours_of_two on open_documents.ledger_document_id = ours_of_two.copy_id and ours_of_two.place = 1
    where open_documents.verdict = 'duplicate_in_ledger'
),

-- what is to stay: looked for once more before its copy is undone
survivors as (
    select
        copies.document_id,
        ledger.urn,
        ledger.document_kind,
        ledger.gross_pence,
        -- of two writers' documents ours goes, but a summary holds other receipts too
        copies.reason = 'posted_by_two_writers' and summaries_of_ours.posting_key is not null as is_our_summary
    from copies
    inner join {{ ref('int_ledger_documents_read') }} as ledger on copies.survivor_id = ledger.ledger_document_id
    left join {{ ref('stg_operations__intents') }} as summaries_of_ours
        on
            ledger.company_id = summaries_of_ours.company_id
            and ledger.urn = summaries_of_ours.urn
            and ledger.document_kind = summaries_of_ours.document_kind
            and summaries_of_ours.role = 'P'
            and summaries_of_ours.members_digest <> ''
),

-- Sage wants the lines of a bank document each with its tax code, and does not say which went together. Any pairing that comes
-- to the same by account and by code is the same in the books and on the return; where none does, a person undoes it
paired_documents as (
    select
        documents.ledger_document_id,
        sum(case when legs.leg_type = 'nominal' then legs.net_pence else 0 end) as nominal_net_pence,
        sum(case when legs.leg_type = 'tax' then legs.net_pence else 0 end) as taxed_net_pence,
        min(legs.net_pence) as least_net_pence
    from (
        select undone_id as ledger_document_id from copies
        where document_kind in ('bank_receipt', 'bank_payment')
        union
        select ledger_document_id from open_documents
        where verdict = 'drifted' and document_kind in ('bank_receipt', 'bank_payment')
    ) as documents
    inner join {{ ref('int_ledger_legs_read') }} as legs on documents.ledger_document_id = legs.ledger_document_id
    group by documents.ledger_document_id
),

-- Sage 50 takes no document of the cash book that we would write
cash_book_takers as (
    select company_id from {{ ref('stg_operations__companies') }}
    where ledger_kind <> 'sage50'
),

to_reverse as (
    select
        case
            when copies.our_key is not null then left(copies.our_key, 19) || 'X'
            else {{ posting_key(event_digest('copies.company_id', "('ledger:' || cast(ledger.urn as varchar))"), kind_letter(opposite_kind('ledger.document_kind')), 1, '1', 'X') }}
        end as posting_key,
        copies.company_id,
        copies.store_id,
        coalesce(copies.our_event_id, 'ledger:' || cast(ledger.urn as varchar)) as event_id,
        copies.receipt_no,
        copies.business_date,
        ledger.document_date,
        {{ opposite_kind('ledger.document_kind') }} as document_kind,
        coalesce(copies.our_ordinal, cast(1 as integer)) as ordinal,
        coalesce(copies.our_revision, cast(1 as integer)) as revision,
        'X' as role,
        'reverse_duplicate' as remedy,
        cast(null as varchar) as after_key,
        ledger.customer_reference,
        -- a transfer is undone by the transfer back
        case when ledger.document_kind = 'transfer' then ledger.to_bank_code else ledger.bank_code end as bank_code,
        case when ledger.document_kind = 'transfer' then ledger.bank_code end as to_bank_code,
        ledger.gross_pence,
        case when copies.is_sales then ledger.net_pence else ledger.gross_pence end as net_pence,
        case when copies.is_sales then ledger.tax_pence else 0 end as tax_pence,
        ledger.urn as target_urn,
        cast(null as varchar) as blocked_by,
        copies.sync_claim,
        cast(null as timestamp) as last_try_at,
        copies.document_id as subject_id,
        case
            when ledger.is_bank_reconciled then 'the copy is reconciled with the bank: finance decides'
            when ledger.is_vat_reconciled then 'the copy is on a VAT return that Sage has reconciled: finance decides'
            when ledger.is_allocated then 'the copy has been allocated: finance decides, and undoes that in Sage first'
            when copies.reason = 'posted_by_two_writers' and copies.our_key is null and not coalesce(survivors.is_our_summary, false) then 'two writers: settle who posts for this store first'
            when
                ledger.document_kind in ('bank_receipt', 'bank_payment')
                and not coalesce(
                    paired_documents.nominal_net_pence = ledger.net_pence and paired_documents.taxed_net_pence = ledger.net_pence
                    and paired_documents.least_net_pence > 0, false
                )
                then 'its accounts and tax codes do not come to the same in Sage: a person undoes it there'
        end as untouchable_reason
    from copies
    inner join {{ ref('int_ledger_documents_read') }} as ledger on copies.undone_id = ledger.ledger_document_id
    left join paired_documents on copies.undone_id = paired_documents.ledger_document_id
    left join survivors on copies.document_id = survivors.document_id
    left join cash_book_takers on copies.company_id = cash_book_takers.company_id
    where
        ledger.document_kind in ('invoice', 'credit_note', 'receipt', 'payment')
        or (ledger.document_kind in ('bank_receipt', 'bank_payment', 'transfer') and cash_book_takers.company_id is not null)
),

-- a key that is used already stands against a new document, not against a later revision of it
blocks as (
    select
        posting_key,
        {{ list_of('rule_id') }} as rule_ids
    from {{ ref('stg_gate__posting_flags') }}
    where severity = 'block' and rule_id <> 'KEY-01'
    group by posting_key
),

-- what only another document mends: a period cannot be chosen, so a drift of it is finance's
drifted as (
    select
        open_documents.*,
        ledger.urn,
        ledger.reference,
        ledger.document_kind as ledger_kind,
        ledger.document_date as ledger_date,
        ledger.customer_reference as ledger_customer,
        ledger.bank_code as ledger_bank,
        ledger.gross_pence as there_gross_pence,
        ledger.net_pence as there_net_pence,
        ledger.tax_pence as there_tax_pence,
        blocks.rule_ids as blocked_by,
        coalesce(regexp_matches(ledger.reference, '^TP[0-9A-HJKMNP-TV-Z]{13}[A-Z][0-9]{2}[0-9]P$'), false) as is_ours,
        case
            when open_documents.is_changed then 'it was changed in Sage after it was posted: finance decides'
            when ledger.is_bank_reconciled then 'what drifted is reconciled with the bank: finance decides'
            when ledger.is_vat_reconciled then 'what drifted is on a VAT return that Sage has reconciled: finance decides'
            when ledger.is_allocated then 'what drifted has been allocated: finance decides, and undoes that in Sage first'
            when
                ledger.document_kind in ('bank_receipt', 'bank_payment')
                and not coalesce(
                    paired_documents.nominal_net_pence = ledger.net_pence and paired_documents.taxed_net_pence = ledger.net_pence
                    and paired_documents.least_net_pence > 0, false
                )
                then 'its accounts and tax codes do not come to the same in Sage: a person undoes it there'
        end as untouchable_reason
    from open_documents
    inner join {{ ref('int_ledger_documents_read') }} as ledger
        on open_documents.ledger_document_id = ledger.ledger_document_id
    left join blocks on open_documents.posting_key = blocks.posting_key
    left join paired_documents on ledger.ledger_document_id = paired_documents.ledger_document_id
    left join cash_book_takers on open_documents.company_id = cash_book_takers.company_id
    where
        open_documents.verdict = 'drifted'
        and not regexp_matches(open_documents.drift_kinds, 'period')
        and (
            ledger.document_kind in ('invoice', 'credit_note', 'receipt', 'payment')
            or (ledger.document_kind in ('bank_receipt', 'bank_payment') and cash_book_takers.company_id is not null)
        )
        and ledger.document_kind = open_documents.document_kind
),

cases as (
    select
        *,
        case
            when is_ours then left(reference, 19) || 'X'
            else {{ posting_key(event_digest('company_id', "('ledger:' || cast(urn as varchar))"), kind_letter(opposite_kind('ledger_kind')), 1, '1', 'X') }}
        end as contra_key,
        case when is_ours then left(reference, 18) || cast(cast(substr(reference, 19, 1) as integer) + 1 as varchar) || 'P' else posting_key end as repost_key,
        case when is_ours then cast(substr(reference, 19, 1) as integer) else 0 end as revision_there
    from drifted
),

-- nine revisions are all that a key has room for
cases_open as (
    select cases.*
    from cases
    left join live_intents as contras on cases.contra_key = contras.posting_key
    left join live_intents as reposts on cases.repost_key = reposts.posting_key
    where contras.posting_key is null and reposts.posting_key is null and cases.revision_there < 9
),

to_undo as (
    select
        contra_key as posting_key,
        company_id,
        store_id,
        case when is_ours then event_id else 'ledger:' || cast(urn as varchar) end as event_id,
        receipt_no,
        business_date,
        ledger_date as document_date,
        {{ opposite_kind('ledger_kind') }} as document_kind,
        case when is_ours then ordinal else cast(1 as integer) end as ordinal,
        greatest(revision_there, 1) as revision,
        'X' as role,
        'reverse_and_repost' as remedy,
        cast(null as varchar) as after_key,
        ledger_customer as customer_reference,
        ledger_bank as bank_code,
        cast(null as varchar) as to_bank_code,
        there_gross_pence as gross_pence,
        case when is_sales then there_net_pence else there_gross_pence end as net_pence,
        case when is_sales then there_tax_pence else 0 end as tax_pence,
        urn as target_urn,
        blocked_by,
        sync_claim,
        cast(null as timestamp) as last_try_at,
        document_id as subject_id,
        untouchable_reason
    from cases_open
),

to_repost as (
    select
        cases_open.repost_key as posting_key,
        cases_open.company_id,
        cases_open.store_id,
        cases_open.event_id,
        cases_open.receipt_no,
        cases_open.business_date,
        cases_open.document_date,
        cases_open.document_kind,
        cases_open.ordinal,
        cases_open.revision_there + 1 as revision,
        'P' as role,
        'reverse_and_repost' as remedy,
        cases_open.contra_key as after_key,
        expected.customer_reference,
        expected.bank_code,
        cast(null as varchar) as to_bank_code,
        cases_open.expected_gross_pence as gross_pence,
        case when cases_open.is_sales then cases_open.expected_net_pence else cases_open.expected_gross_pence end as net_pence,
        cases_open.expected_tax_pence as tax_pence,
        cases_open.urn as target_urn,
        cases_open.blocked_by,
        cases_open.sync_claim,
        cast(null as timestamp) as last_try_at,
        cases_open.document_id as subject_id,
        cases_open.untouchable_reason
    from cases_open
    inner join {{ ref('expected_documents') }} as expected on cases_open.posting_key = expected.posting_key
),

unioned as (
    select * from to_post
    union all
    select * from to_sum_up
    union all
    select * from to_undo
    union all
    select * from to_repost
    union all
    select to_reverse.*
    from to_reverse
    left join live_intents on to_reverse.posting_key = live_intents.posting_key
    where live_intents.posting_key is null
),

timed as (
    select
        unioned.*,
        coalesce(writers.writer, 'observe') as writer,
        retry_windows.retry_window_hours,
        case
            when writers.writer = 'connector' and unioned.remedy in ('post_missing', 'post_order', 'post_difference')
                then coalesce({{ seconds_between('unioned.last_try_at', 'pass.as_of') }} < retry_windows.retry_window_hours * 3600, false)
            else false
        end as is_connector_still_trying
    from unioned
    cross join {{ ref('stg_run__pass') }} as pass
    left join {{ ref('int_writers_in_force') }} as writers
        on
            unioned.company_id = writers.company_id
            and unioned.store_id = writers.store_id
            and unioned.business_date = writers.business_date
    left join retry_windows on unioned.company_id = retry_windows.company_id
),

outside_scope as (
    select * from {{ ref('int_outside_scope_summed') }}
),

described as (
    select
        timed.posting_key,
        left(timed.posting_key, 18) as key_stem,
        timed.company_id,
        timed.store_id,
        timed.event_id,
        timed.receipt_no,
        timed.business_date,
        timed.document_date,
        timed.document_kind,
        timed.ordinal,
        cast(timed.revision as integer) as revision,
        timed.role,
        timed.remedy,
        timed.after_key,
        timed.customer_reference,
        timed.bank_code,
        timed.to_bank_code,
        {{ whole('timed.gross_pence') }} as gross_pence,
        {{ whole('timed.net_pence') }} as net_pence,
        {{ whole('timed.tax_pence') }} as tax_pence,
        {{ whole("case when " ~ is_sales_kind('timed.document_kind') ~ " then " ~ direction_of('timed.document_kind') ~ " * timed.tax_pence else 0 end") }} as box_1_pence,
        {{ whole("case when " ~ is_sales_kind('timed.document_kind') ~ " then " ~ direction_of('timed.document_kind') ~ " * (timed.net_pence - coalesce(outside_scope.outside_scope_pence, 0)) else 0 end") }} as box_6_pence,
        vat_periods.valid_from as vat_period_start_date,
        vat_periods.filed_on as vat_return_filed_on,
        case
            when summaries.posting_key is not null
                then left(timed.store_id || ' ' || replace(cast(timed.business_date as varchar), '-', '') || '-' || cast(summaries.tranche as varchar), 20)
            else left(timed.store_id || coalesce(' ' || timed.receipt_no, ''), 20)
        end as second_reference,
        case
            when summaries.posting_key is not null then summaries.narrative
            when timed.role = 'P' and timed.document_kind in ('bank_receipt', 'bank_payment')
                then
                    case timed.document_kind when 'bank_receipt' then 'Cash over' else 'Cash short' end
                    || ', till closure ' || coalesce(timed.receipt_no, '?') || ' of ' || timed.store_id || ' on ' || cast(timed.document_date as varchar)
            when timed.role = 'P'
                then 'Till receipt ' || coalesce(timed.receipt_no, '?') || ' of ' || timed.store_id || ' on ' || cast(timed.document_date as varchar)
            else
                'Reversal of URN ' || cast(timed.target_urn as varchar) || coalesce(', receipt ' || timed.receipt_no, '')
                || ' of ' || timed.store_id || ' on ' || cast(timed.document_date as varchar)
        end as narrative,
        case when timed.blocked_by is null then 'passed' else 'blocked' end as gate_status,
        timed.blocked_by,
        timed.writer,
        coalesce(timed.sync_claim, 'none') as sync_claim,
        case
            when timed.untouchable_reason is not null then timed.untouchable_reason
            when survivors.is_our_summary and timed.writer <> 'tillproof' then 'two writers: settle who posts for this store first'
            when timed.remedy = 'reverse_duplicate' and survivors.urn is null then 'what would stay of it is not known: finance decides'
            when timed.blocked_by is not null then 'the gate does not let it through: ' || timed.blocked_by
            -- but for what undoes one of the two: that ends it
            when two_writers.store_id is not null and not {{ undoes_ours('timed') }} and not coalesce(survivors.is_our_summary, false)
                then 'two writers post for this store'
            when stopped_stores.store_id is not null then 'posting is stopped for this store'
            when timed.writer = 'observe' then 'nobody is named to post for this store'
            when timed.is_connector_still_trying
                then 'the connector may still post it: it tries again for ' || cast(timed.retry_window_hours as varchar) || ' hours'
        end as hold_reason,
        timed.is_connector_still_trying,
        timed.target_urn,
        survivors.urn as survivor_urn,
        survivors.document_kind as survivor_kind,
        survivors.gross_pence as survivor_gross_pence,
        coalesce(survivors.is_our_summary, false) as is_beside_our_summary,
        summaries.members_digest,
        case
            when timed.role = 'P' and summaries.posting_key is not null then sent_of_days.posting_keys
            when timed.role = 'P' then sent_of_days.summary_keys
        end as known_postings,
        'EX' || upper(left({{ key_of(['timed.company_id', 'timed.subject_id']) }}, 10)) as exception_id,
        case
            when periods.period_state = 'closed' then periods.next_open_period_start_date
            else periods.period_start_date
        end as expected_period_start
    from timed
    left join stopped_stores
        on timed.company_id = stopped_stores.company_id and timed.store_id = stopped_stores.store_id
    left join two_writers
        on timed.company_id = two_writers.company_id and timed.store_id = two_writers.store_id
    left join summaries on timed.posting_key = summaries.posting_key
    left join survivors on timed.remedy = 'reverse_duplicate' and timed.subject_id = survivors.document_id
    left join outside_scope
        on
            outside_scope.side = case when timed.role = 'X' then 'ledger' when summaries.posting_key is not null then 'summary' else 'expected' end
            and outside_scope.document_id = case
                when timed.role = 'X'
                    then
                        timed.company_id || case when timed.document_kind in ('bank_receipt', 'bank_payment') then ':bank:' else ':sales:' end
                        || cast(timed.target_urn as varchar)
                when summaries.posting_key is not null then timed.posting_key
                else {{ first_revision('timed.posting_key') }}
            end
    left join {{ ref('stg_operations__vat_periods') }} as vat_periods
        on
            timed.company_id = vat_periods.company_id
            and timed.document_date between vat_periods.valid_from and vat_periods.valid_to
    left join sent_of_days
        on
            timed.company_id = sent_of_days.company_id
            and timed.store_id = sent_of_days.store_id
            and timed.business_date = sent_of_days.business_date
    left join {{ ref('int_periods_observed') }} as periods
        on
            timed.company_id = periods.company_id
            and timed.document_date between periods.period_start_date and periods.period_end_date
),

{% if are_days_kept() -%}
-- what is proposed for a day that is kept stands as it was, but for a second writer that was seen since or is seen no more
kept as (
    select
        kept.* exclude (hold_reason, may_post),
        case
            when
                kept.hold_reason is not null and kept.hold_reason not in (
                    'two writers post for this store', 'posting is stopped for this store', 'nobody is named to post for this store'
                )
                then kept.hold_reason
            when two_writers.store_id is not null and not {{ undoes_ours('kept') }} and not kept.is_beside_our_summary then 'two writers post for this store'
            when stopped_stores.store_id is not null then 'posting is stopped for this store'
            when kept.writer = 'observe' then 'nobody is named to post for this store'
        end as hold_reason
    from kept.posting_proposals as kept
    left join stopped_stores
        on kept.company_id = stopped_stores.company_id and kept.store_id = stopped_stores.store_id
    left join two_writers
        on kept.company_id = two_writers.company_id and kept.store_id = two_writers.store_id
),

{% endif -%}
proposals as (
    select
        *,
        hold_reason is null as may_post
    from described
    {%- if are_days_kept() %}
    union all by name
    select
        *,
        hold_reason is null as may_post
    from kept
    {%- endif %}
)

select * from proposals
