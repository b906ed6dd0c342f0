-- What would put it right, one Sage document a row: a missing document posted, a copy undone by its equal and opposite, or
-- what drifted undone and, after that, posted right.
-- A proposal is not a permission: posting asks again, of people and of Sage, before anything is sent.
with stopped_stores as (
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

unioned as (
    select * from {{ ref('int_missing_proposed') }}
    union all by name
    select
        * exclude (sync_claim, first_member_key),
        cast(1 as integer) as revision,
        'P' as role,
        coalesce(substr(sync_claim, 2), 'none') as sync_claim,
        first_member_key as subject_id
    from {{ ref('int_summaries_proposed') }}
    union all by name
    select * from {{ ref('int_copies_proposed') }}
    union all by name
    select * from {{ ref('int_corrections_proposed') }}
),

-- what was sent, or may have been, is not proposed again
not_sent as (
    select unioned.*
    from unioned
    left join {{ ref('stg_operations__intents') }} as intents
        on unioned.posting_key = intents.posting_key and intents.state not in {{ unsent_states() }}
    where intents.posting_key is null
),

timed as (
    select
        not_sent.*,
        coalesce(writers.writer, 'observe') as writer,
        retry_windows.retry_window_hours,
        case
            when writers.writer = 'connector' and not_sent.remedy in ('post_missing', 'post_order', 'post_difference')
                then coalesce({{ seconds_between('not_sent.last_try_at', 'pass.as_of') }} < retry_windows.retry_window_hours * 3600, false)
            else false
        end as is_connector_still_trying
    from not_sent
    cross join {{ ref('stg_run__pass') }} as pass
    left join {{ ref('int_writers_in_force') }} as writers
        on
            not_sent.company_id = writers.company_id
            and not_sent.store_id = writers.store_id
            and not_sent.business_date = writers.business_date
    left join retry_windows on not_sent.company_id = retry_windows.company_id
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
            when timed.members_digest is not null
                then left(timed.store_id || ' ' || replace(cast(timed.business_date as varchar), '-', '') || '-' || cast(timed.tranche as varchar), 20)
            else left(timed.store_id || coalesce(' ' || timed.receipt_no, ''), 20)
        end as second_reference,
        case
            when timed.members_digest is not null then timed.narrative
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
            when timed.is_beside_our_summary and timed.writer <> 'tillproof' then 'two writers: settle who posts for this store first'
            when timed.remedy = 'reverse_duplicate' and timed.survivor_urn is null then 'what would stay of it is not known: finance decides'
            when timed.blocked_by is not null then 'the gate does not let it through: ' || timed.blocked_by
            -- but for what undoes one of the two: that ends it
            when two_writers.store_id is not null and not {{ undoes_ours('timed') }} and not coalesce(timed.is_beside_our_summary, false)
                then 'two writers post for this store'
            when stopped_stores.store_id is not null then 'posting is stopped for this store'
            when timed.writer = 'observe' then 'nobody is named to post for this store'
            when timed.is_connector_still_trying
                then 'the connector may still post it: it tries again for ' || cast(timed.retry_window_hours as varchar) || ' hours'
        end as hold_reason,
        timed.is_connector_still_trying,
        timed.target_urn,
        timed.survivor_urn,
        timed.survivor_kind,
        timed.survivor_gross_pence,
        coalesce(timed.is_beside_our_summary, false) as is_beside_our_summary,
        timed.members_digest,
        case
            when timed.role = 'P' and timed.members_digest is not null then sent_of_days.posting_keys
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
    left join outside_scope
        on
            outside_scope.side = case when timed.role = 'X' then 'ledger' when timed.members_digest is not null then 'summary' else 'expected' end
            and outside_scope.document_id = case
                when timed.role = 'X'
                    then
                        timed.company_id || case when timed.document_kind in ('bank_receipt', 'bank_payment') then ':bank:' else ':sales:' end
                        || cast(timed.target_urn as varchar)
                when timed.members_digest is not null then timed.posting_key
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
