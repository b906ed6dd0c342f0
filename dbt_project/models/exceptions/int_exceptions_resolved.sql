-- Subjects that history holds open and that this pass finds closed or gone: they resolve by themselves, and stay on record.
with history as (
    select opened.*
    from {{ ref('int_history_opened') }} as opened
    inner join {{ ref('stg_run__pass') }} as pass
        on opened.pass_number < pass.pass_number
),

last_open as (
    select
        company_id,
        subject_id,
        max(pass_number) as pass_number
    from history
    where is_open
    group by company_id, subject_id
),

first_open as (
    select
        company_id,
        subject_id,
        min(pass_number) as first_seen_pass,
        min(as_of) as first_seen_at
    from history
    where is_open
    group by company_id, subject_id
),

closed_in_history as (
    select
        history.company_id,
        history.subject_id,
        min(history.pass_number) as resolved_pass,
        min(history.as_of) as resolved_at
    from history
    inner join last_open
        on history.company_id = last_open.company_id and history.subject_id = last_open.subject_id
    where history.pass_number > last_open.pass_number and not history.is_open
    group by history.company_id, history.subject_id
),

resolved as (
    select
        opened.company_id,
        opened.subject_id,
        opened.subject_kind,
        opened.event_id,
        opened.store_id,
        opened.business_date,
        opened.verdict,
        opened.exception_class,
        opened.owner,
        opened.value_at_risk_pence,
        first_open.first_seen_pass,
        first_open.first_seen_at,
        coalesce(closed_in_history.resolved_pass, pass.pass_number) as resolved_pass,
        coalesce(closed_in_history.resolved_at, pass.as_of) as resolved_at
    from last_open
    inner join history as opened
        on
            last_open.company_id = opened.company_id
            and last_open.subject_id = opened.subject_id
            and last_open.pass_number = opened.pass_number
    inner join first_open
        on last_open.company_id = first_open.company_id and last_open.subject_id = first_open.subject_id
    left join closed_in_history
        on last_open.company_id = closed_in_history.company_id and last_open.subject_id = closed_in_history.subject_id
    left join {{ ref('judgements') }} as now_judged
        on
            last_open.company_id = now_judged.company_id
            and last_open.subject_id = now_judged.subject_id
            and now_judged.is_open
    cross join {{ ref('stg_run__pass') }} as pass
    -- what is kept is open as long as nothing later closed it
    where
        now_judged.subject_id is null
        and (closed_in_history.subject_id is not null or {{ is_subject_judged_now('opened.subject_id', 'opened.subject_kind', 'opened.business_date') }})
)

select * from resolved
