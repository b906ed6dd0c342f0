with pass as (
    select * from {{ ref('stg_run__pass') }}
),

open_documents as (
    select
        document_id as subject_id,
        company_id,
        store_id,
        till_id,
        business_date,
        document_date,
        event_id,
        receipt_no,
        document_kind,
        verdict,
        exception_class,
        owner,
        cause_detail,
        suggested_remedy,
        rule_ids,
        sync_claim,
        sync_message,
        ledger_urn,
        takings_effect_pence,
        vat_effect_pence,
        box_6_effect_pence,
        profit_effect_pence,
        classification_effect_pence,
        value_at_risk_pence
    from {{ ref('int_exceptions_valued') }}
),

open_deliveries as (
    select
        document_id as subject_id,
        company_id,
        store_id,
        cast(null as varchar) as till_id,
        cast(null as date) as business_date,
        cast(null as date) as document_date,
        cast(null as varchar) as event_id,
        cast(null as varchar) as receipt_no,
        'delivery' as document_kind,
        'not_checked' as verdict,
        exception_class,
        owner,
        cause_detail,
        suggested_remedy,
        cast(null as varchar) as rule_ids,
        cast(null as varchar) as sync_claim,
        cast(null as varchar) as sync_message,
        cast(null as bigint) as ledger_urn,
        cast(0 as bigint) as takings_effect_pence,
        cast(0 as bigint) as vat_effect_pence,
        cast(0 as bigint) as box_6_effect_pence,
        cast(0 as bigint) as profit_effect_pence,
        cast(0 as bigint) as classification_effect_pence,
        cast(0 as bigint) as value_at_risk_pence
    from {{ ref('int_deliveries_classed') }}
),

-- What a till counted beyond its receipts is at risk as takings, what its drawer lacks as profit too.
open_closures as (
    select
        document_id as subject_id,
        company_id,
        store_id,
        till_id,
        business_date,
        cast(null as date) as document_date,
        cast(null as varchar) as event_id,
        cast(null as varchar) as receipt_no,
        'closure' as document_kind,
        verdict,
        exception_class,
        owner,
        cause_detail,
        suggested_remedy,
        cast(null as varchar) as rule_ids,
        cast(null as varchar) as sync_claim,
        cast(null as varchar) as sync_message,
        cast(null as bigint) as ledger_urn,
        effect_pence as takings_effect_pence,
        cast(0 as bigint) as vat_effect_pence,
        cast(0 as bigint) as box_6_effect_pence,
        case when exception_class = 'cash_over_short' then effect_pence else cast(0 as bigint) end as profit_effect_pence,
        cast(0 as bigint) as classification_effect_pence,
        abs(effect_pence) as value_at_risk_pence
    from {{ ref('int_closures_classed') }}
),

-- What lies unallocated is in the books: where it stands is wrong, not how much.
open_accounts as (
    select
        document_id as subject_id,
        company_id,
        store_id,
        cast(null as varchar) as till_id,
        business_date,
        business_date as document_date,
        cast(null as varchar) as event_id,
        cast(null as varchar) as receipt_no,
        'store_day' as document_kind,
        verdict,
        exception_class,
        owner,
        cause_detail,
        suggested_remedy,
        cast(null as varchar) as rule_ids,
        cast(null as varchar) as sync_claim,
        cast(null as varchar) as sync_message,
        cast(null as bigint) as ledger_urn,
        cast(0 as bigint) as takings_effect_pence,
        cast(0 as bigint) as vat_effect_pence,
        cast(0 as bigint) as box_6_effect_pence,
        cast(0 as bigint) as profit_effect_pence,
        unallocated_pence as classification_effect_pence,
        cast(0 as bigint) as value_at_risk_pence
    from {{ ref('int_unallocated_classed') }}
),

open_receipts as (
    select
        document_id as subject_id,
        company_id,
        store_id,
        till_id,
        business_date,
        document_date,
        event_id,
        receipt_no,
        subject_kind as document_kind,
        verdict,
        exception_class,
        owner,
        cause_detail,
        suggested_remedy,
        cast(null as varchar) as rule_ids,
        cast(null as varchar) as sync_claim,
        cast(null as varchar) as sync_message,
        cast(null as bigint) as ledger_urn,
        takings_effect_pence,
        vat_effect_pence,
        cast(0 as bigint) as box_6_effect_pence,
        profit_effect_pence,
        cast(0 as bigint) as classification_effect_pence,
        value_at_risk_pence
    from {{ ref('int_receipts_classed') }}
),

open_now as (
    select * from open_documents
    union all
    select * from open_deliveries
    union all
    select * from open_closures
    union all
    select * from open_receipts
    union all
    select * from open_accounts
),

opened as (
    select
        open_now.*,
        'open' as status,
        spells.first_seen_pass,
        spells.first_seen_at,
        pass.pass_number as last_seen_pass,
        pass.as_of as last_seen_at,
        cast(null as timestamp) as resolved_at,
        {{ seconds_between('spells.first_seen_at', 'pass.as_of') }} // 86400 as days_open
    from open_now
    inner join {{ ref('int_open_spells') }} as spells
        on open_now.company_id = spells.company_id and open_now.subject_id = spells.subject_id
    cross join pass
),

resolved as (
    select
        subject_id,
        company_id,
        store_id,
        cast(null as varchar) as till_id,
        business_date,
        cast(null as date) as document_date,
        event_id,
        cast(null as varchar) as receipt_no,
        subject_kind as document_kind,
        verdict,
        exception_class,
        owner,
        cast(null as varchar) as cause_detail,
        cast(null as varchar) as suggested_remedy,
        cast(null as varchar) as rule_ids,
        cast(null as varchar) as sync_claim,
        cast(null as varchar) as sync_message,
        cast(null as bigint) as ledger_urn,
        cast(0 as bigint) as takings_effect_pence,
        cast(0 as bigint) as vat_effect_pence,
        cast(0 as bigint) as box_6_effect_pence,
        cast(0 as bigint) as profit_effect_pence,
        cast(0 as bigint) as classification_effect_pence,
        value_at_risk_pence,
        'resolved' as status,
        first_seen_pass,
        first_seen_at,
        resolved_pass as last_seen_pass,
        resolved_at as last_seen_at,
        resolved_at,
        {{ seconds_between('first_seen_at', 'resolved_at') }} // 86400 as days_open
    from {{ ref('int_exceptions_resolved') }}
),

{% if are_days_kept() -%}
-- open on a day that is kept: only its age moves
kept_open as (
    select
        kept.subject_id,
        kept.company_id,
        kept.store_id,
        kept.till_id,
        kept.business_date,
        kept.document_date,
        kept.event_id,
        kept.receipt_no,
        kept.document_kind,
        kept.verdict,
        kept.exception_class,
        kept.owner,
        kept.cause_detail,
        kept.suggested_remedy,
        kept.rule_ids,
        kept.sync_claim,
        kept.sync_message,
        kept.ledger_urn,
        kept.takings_effect_pence,
        kept.vat_effect_pence,
        kept.box_6_effect_pence,
        kept.profit_effect_pence,
        kept.classification_effect_pence,
        kept.value_at_risk_pence,
        'open' as status,
        kept.first_seen_pass,
        kept.first_seen_at,
        pass.pass_number as last_seen_pass,
        pass.as_of as last_seen_at,
        cast(null as timestamp) as resolved_at,
        {{ seconds_between('kept.first_seen_at', 'pass.as_of') }} // 86400 as days_open
    from kept.exceptions as kept
    cross join pass
),

{% endif -%}
unioned as (
    select * from opened
    union all
    select * from resolved
    {%- if are_days_kept() %}
    union all
    select * from kept_open
    {%- endif %}
),

described as (
    select
        'EX' || upper(left({{ key_of(['company_id', 'subject_id']) }}, 10)) as exception_id,
        *,
        exception_class || coalesce(': ' || cause_detail, '') as cause_key,
        cast(case
            when exception_class in ('posted_by_two_writers', 'half_corrected') then 1
            when verdict in ('missing_in_ledger', 'duplicate_in_ledger', 'missing_in_pos') then case when value_at_risk_pence >= 100000 then 1 else 2 end
            when verdict in ('drifted', 'in_suspense', 'deferred', 'duplicate_in_pos') and value_at_risk_pence > 0 then 2
            when verdict in ('ambiguous', 'not_checked') then 3
            else 3
        end as integer) as severity,
        'docs/runbooks/' || exception_class || '.md' as runbook,
        -- what no later file or posting can undo must not keep a month open for ever: nobody can accept it by hand yet
        business_date is not null and status = 'open'
        and exception_class not in (
            'cash_over_short', 'closure_repeated', 'closure_number_gap', 'till_rounding_broken', 'till_rate_not_in_force',
            'returned_above_sold', 'duplicate_in_pos', 'receipt_number_gap'
        ) as blocks_close
    from unioned
),

dated as (
    select
        described.*,
        first_seen_at + to_days(cast(case severity when 1 then 1 when 2 then 3 when 3 then 7 else 14 end as integer)) as due_at,
        case when status = 'open' then {{ whole('value_at_risk_pence * days_open') }} else 0 end as debt_pence_days,
        case when described.status = 'open' then suggested.likely_partner end as likely_partner,
        -- the tax point says which return it is on
        vat_periods.valid_from as vat_period_start_date,
        vat_periods.filed_on as vat_return_filed_on
    from described
    left join {{ ref('stg_operations__vat_periods') }} as vat_periods
        on
            described.company_id = vat_periods.company_id
            and coalesce(described.document_date, described.business_date) between vat_periods.valid_from and vat_periods.valid_to
    left join {{ ref('int_partners_suggested') }} as suggested
        on described.company_id = suggested.company_id and described.subject_id = suggested.subject_id
)

select * from dated
