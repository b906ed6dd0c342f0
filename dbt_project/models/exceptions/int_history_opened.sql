-- Every judgement, of history and of this pass, on what was ever open: of most subjects nothing ever was, and history is long.
with ever_open as (
    select
        company_id,
        subject_id
    from {{ ref('stg_history__judgements') }}
    where is_open
    union
    select
        company_id,
        subject_id
    from {{ ref('int_judgements_changed') }}
    where is_open
),

opened as (
    select history.*
    from {{ ref('stg_history__judgements') }} as history
    inner join ever_open on history.company_id = ever_open.company_id and history.subject_id = ever_open.subject_id
    union all by name
    select changed.*
    from {{ ref('int_judgements_changed') }} as changed
    inner join ever_open on changed.company_id = ever_open.company_id and changed.subject_id = ever_open.subject_id
)

select * from opened
