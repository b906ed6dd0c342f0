-- How the debt went: what each owner had open at each of the last 30 passes that judged something otherwise, by what was then judged.
with judged as (
    select
        history.company_id,
        history.subject_id,
        history.pass_number,
        history.as_of,
        history.owner,
        coalesce(history.is_open and history.exception_class is not null, false) as is_open,
        coalesce(history.value_at_risk_pence, 0) as value_at_risk_pence,
        lag(history.is_open and history.exception_class is not null) over (partition by history.company_id, history.subject_id order by history.pass_number) as was_open,
        lead(history.pass_number) over (partition by history.company_id, history.subject_id order by history.pass_number) as next_pass_number
    from {{ ref('int_history_opened') }} as history
),

spells as (
    select
        *,
        max(case when is_open and not coalesce(was_open, false) then as_of end) over (
            partition by company_id, subject_id order by pass_number rows between unbounded preceding and current row
        ) as opened_at
    from judged
),

all_passes as (
    select
        company_id,
        pass_number,
        max(as_of) as as_of,
        row_number() over (partition by company_id order by pass_number desc) as place
    from {{ ref('verdict_history') }}
    group by company_id, pass_number
),

passes as (
    select
        all_passes.company_id,
        all_passes.pass_number,
        all_passes.as_of,
        owners.owner
    from all_passes
    cross join (values ('finance'), ('operations'), ('integration')) as owners (owner)
    where all_passes.place <= 30
),

summed as (
    select
        passes.company_id,
        passes.pass_number,
        passes.as_of,
        passes.owner,
        {{ whole('count(spells.subject_id)') }} as open_exceptions,
        {{ whole('coalesce(sum(spells.value_at_risk_pence), 0)') }} as value_at_risk_pence,
        {{ whole('coalesce(sum(spells.value_at_risk_pence * (' ~ seconds_between('spells.opened_at', 'passes.as_of') ~ ' // 86400)), 0)') }} as debt_pence_days
    from passes
    left join spells
        on
            passes.company_id = spells.company_id
            and passes.owner = spells.owner
            and passes.pass_number >= spells.pass_number
            and (spells.next_pass_number is null or passes.pass_number < spells.next_pass_number)
            and spells.is_open
    group by passes.company_id, passes.pass_number, passes.as_of, passes.owner
)

select * from summed
