-- Since which pass each subject has been open without a break, from history and from this pass.
with judgements as (
    select
        company_id,
        subject_id,
        pass_number,
        as_of,
        is_open,
        exception_class,
        owner,
        value_at_risk_pence,
        store_id,
        business_date,
        event_id,
        verdict
    from {{ ref('int_history_opened') }}
    where pass_number < (select pass_number from {{ ref('stg_run__pass') }})
    union all
    select
        company_id,
        subject_id,
        pass_number,
        as_of,
        is_open,
        exception_class,
        owner,
        value_at_risk_pence,
        store_id,
        business_date,
        event_id,
        verdict
    from {{ ref('judgements') }}
),

last_closed as (
    select
        company_id,
        subject_id,
        max(case when not is_open then pass_number end) as closed_pass
    from judgements
    group by company_id, subject_id
),

open_spells as (
    select
        judgements.company_id,
        judgements.subject_id,
        min(judgements.pass_number) as first_seen_pass,
        min(judgements.as_of) as first_seen_at
    from judgements
    inner join last_closed
        on judgements.company_id = last_closed.company_id and judgements.subject_id = last_closed.subject_id
    where judgements.is_open and judgements.pass_number > coalesce(last_closed.closed_pass, 0)
    group by judgements.company_id, judgements.subject_id
)

select * from open_spells
