-- The blocking rule to name first for a document that the gate does not let through, and all of them.
with flags as (
    select * from {{ ref('stg_gate__posting_flags') }}
    where severity = 'block'
),

ranked as (
    select
        flags.*,
        row_number() over (partition by posting_key order by rule_id, gate_row_id) as place
    from flags
),

listed as (
    select posting_key, {{ list_of('rule_id') }} as rule_ids
    from flags
    group by posting_key
),

worst as (
    select
        ranked.posting_key,
        ranked.rule_id,
        ranked.owner,
        ranked.title,
        ranked.remedy,
        ranked.runbook as exception_class,
        ranked.observed_value,
        listed.rule_ids
    from ranked
    inner join listed on ranked.posting_key = listed.posting_key
    where ranked.place = 1
)

select * from worst
