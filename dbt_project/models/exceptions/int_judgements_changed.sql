-- What this pass judges otherwise than history has it, and what has vanished since: all that history keeps of the pass.
with history as (
    select * from {{ history_judged_now() }} as judged_now
),

ranked as (
    select
        history.*,
        row_number() over (partition by company_id, subject_id order by pass_number desc) as place
    from history
),

newest as (
    select * from ranked
    where place = 1
),

changed as (
    select judgements.*
    from {{ ref('judgements') }} as judgements
    left join newest
        on judgements.company_id = newest.company_id and judgements.subject_id = newest.subject_id
    where
        newest.subject_id is null
        or newest.business_date is distinct from judgements.business_date
        or newest.verdict is distinct from judgements.verdict
        or newest.drift_kinds is distinct from judgements.drift_kinds
        or newest.ledger_document_id is distinct from judgements.ledger_document_id
        or newest.expected_gross_pence is distinct from judgements.expected_gross_pence
        or newest.ledger_gross_pence is distinct from judgements.ledger_gross_pence
        or newest.exception_class is distinct from judgements.exception_class
        or newest.value_at_risk_pence is distinct from judgements.value_at_risk_pence
        or newest.rule_version is distinct from judgements.rule_version
),

unjudged as (
    select newest.*
    from newest
    left join {{ ref('judgements') }} as judgements
        on newest.company_id = judgements.company_id and newest.subject_id = judgements.subject_id
    where judgements.subject_id is null and newest.verdict <> 'gone'
),

{% if are_days_kept() -%}
-- judged later on a day that is kept
moved as (
    select
        history.company_id,
        history.subject_id
    from {{ ref('stg_history__judgements') }} as history
    inner join unjudged
        on
            history.company_id = unjudged.company_id
            and history.subject_id = unjudged.subject_id
            and history.pass_number > unjudged.pass_number
),

{% endif -%}
vanished as (
    select
        unjudged.* exclude (place, verdict, is_open, exception_class, owner, value_at_risk_pence, pass_number, as_of),
        'gone' as verdict,
        false as is_open,
        cast(null as varchar) as exception_class,
        cast(null as varchar) as owner,
        cast(0 as bigint) as value_at_risk_pence,
        pass.pass_number,
        pass.as_of
    from unjudged
    cross join {{ ref('stg_run__pass') }} as pass
    {%- if are_days_kept() %}
    where (unjudged.company_id, unjudged.subject_id) not in (select (moved.company_id, moved.subject_id) from moved)
    {%- endif %}
),

unioned as (
    select * from changed
    union all by name
    select * from vanished
)

select * from unioned
