-- Everything this pass judged, in the form that history keeps: a later pass adds only what changed.
with documents as (
    select
        verdicts.company_id,
        verdicts.document_id as subject_id,
        'document' as subject_kind,
        verdicts.event_id,
        verdicts.store_id,
        verdicts.business_date,
        verdicts.verdict,
        verdicts.drift_kinds,
        verdicts.ledger_document_id,
        verdicts.expected_gross_pence,
        verdicts.ledger_gross_pence,
        valued.exception_class,
        valued.owner,
        coalesce(valued.value_at_risk_pence, 0) as value_at_risk_pence,
        verdicts.is_open
    from {{ ref('document_verdicts') }} as verdicts
    left join {{ ref('int_exceptions_valued') }} as valued on verdicts.document_id = valued.document_id
),

deliveries as (
    select
        company_id,
        document_id as subject_id,
        'delivery' as subject_kind,
        cast(null as varchar) as event_id,
        store_id,
        cast(null as date) as business_date,
        'not_checked' as verdict,
        '' as drift_kinds,
        cast(null as varchar) as ledger_document_id,
        cast(0 as bigint) as expected_gross_pence,
        cast(null as bigint) as ledger_gross_pence,
        exception_class,
        owner,
        cast(0 as bigint) as value_at_risk_pence,
        true as is_open
    from {{ ref('int_deliveries_classed') }}
),

closures as (
    select
        company_id,
        document_id as subject_id,
        'closure' as subject_kind,
        cast(null as varchar) as event_id,
        store_id,
        business_date,
        verdict,
        drift_kinds,
        cast(null as varchar) as ledger_document_id,
        receipts_pence as expected_gross_pence,
        cast(null as bigint) as ledger_gross_pence,
        exception_class,
        owner,
        abs(effect_pence) as value_at_risk_pence,
        true as is_open
    from {{ ref('int_closures_classed') }}
),

receipts as (
    select
        company_id,
        document_id as subject_id,
        subject_kind,
        event_id,
        store_id,
        business_date,
        verdict,
        drift_kinds,
        cast(null as varchar) as ledger_document_id,
        gross_pence as expected_gross_pence,
        cast(null as bigint) as ledger_gross_pence,
        exception_class,
        owner,
        value_at_risk_pence,
        true as is_open
    from {{ ref('int_receipts_classed') }}
),

accounts as (
    select
        company_id,
        document_id as subject_id,
        'store_day' as subject_kind,
        cast(null as varchar) as event_id,
        store_id,
        business_date,
        verdict,
        '' as drift_kinds,
        cast(null as varchar) as ledger_document_id,
        cast(0 as bigint) as expected_gross_pence,
        cast(null as bigint) as ledger_gross_pence,
        exception_class,
        owner,
        cast(0 as bigint) as value_at_risk_pence,
        true as is_open
    from {{ ref('int_unallocated_classed') }}
),

unioned as (
    select * from documents
    union all
    select * from deliveries
    union all
    select * from closures
    union all
    select * from receipts
    union all
    select * from accounts
),

stamped as (
    select
        unioned.*,
        1 as rule_version,
        pass.pass_number,
        pass.as_of
    from unioned
    cross join {{ ref('stg_run__pass') }} as pass
)

select * from stamped
