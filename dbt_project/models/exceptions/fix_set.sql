-- What to mend, the most freed first: each thing that stops missing documents, what it touches, what it frees by itself,
-- and what is free once everything above it is mended too. A document leaves only when all that stops it is mended.
with blocks as (
    select distinct
        flags.company_id,
        flags.store_id,
        flags.posting_key,
        flags.rule_id,
        flags.title,
        flags.owner,
        flags.remedy,
        flags.runbook,
        -- several SKUs are several things to mend, and a list that was cut hides more; a closed period is one, whatever its days
        unnest(case
            when flags.rule_id = 'SKU-01' and length(flags.observed_value) >= {{ longest_sku_list() }}
                then list_append(string_split(flags.observed_value, ',')[:-2], 'further SKUs')
            when flags.rule_id = 'SKU-01' then string_split(flags.observed_value, ',')
            when flags.runbook = 'period_closed' then [left(flags.observed_value, 7)]
            else [flags.observed_value]
        end) as to_mend
    from {{ whole_of('gate_flags') }} as flags
    where flags.severity = 'block'
),

valued as (
    select
        blocks.*,
        {{ key_of(['blocks.company_id', 'blocks.rule_id', 'blocks.to_mend']) }} as fix_id,
        coalesce(open_exceptions.value_at_risk_pence, 0) as value_at_risk_pence,
        coalesce(open_exceptions.vat_effect_pence, 0) as vat_effect_pence
    from blocks
    left join {{ ref('exceptions') }} as open_exceptions
        on
            blocks.company_id = open_exceptions.company_id
            and blocks.posting_key = open_exceptions.subject_id
            and open_exceptions.status = 'open'
),

documents as (
    select
        company_id,
        posting_key,
        count(distinct fix_id) as fixes_needed
    from valued
    group by company_id, posting_key
),

stopped as (
    select
        company_id,
        fix_id,
        posting_key,
        min(rule_id) as rule_id,
        min(title) as title,
        min(owner) as owner,
        min(remedy) as remedy,
        min(runbook) as runbook,
        min(to_mend) as to_mend,
        min(store_id) as store_id,
        max(value_at_risk_pence) as value_at_risk_pence,
        max(vat_effect_pence) as vat_effect_pence
    from valued
    group by company_id, fix_id, posting_key
),

fixes as (
    select
        stopped.company_id,
        stopped.fix_id,
        min(stopped.rule_id) as rule_id,
        min(stopped.title) as title,
        min(stopped.owner) as owner,
        min(stopped.to_mend) as to_mend,
        min(stopped.remedy) as remedy,
        min(stopped.runbook) as runbook,
        {{ list_of('stopped.store_id') }} as stores,
        {{ whole('count(*)') }} as documents_touched,
        {{ whole('sum(stopped.value_at_risk_pence)') }} as value_touched_pence,
        {{ whole('sum(stopped.vat_effect_pence)') }} as vat_touched_pence,
        {{ whole('count(*) filter (where documents.fixes_needed = 1)') }} as documents_freed_alone,
        {{ whole('coalesce(sum(stopped.value_at_risk_pence) filter (where documents.fixes_needed = 1), 0)') }} as value_freed_alone_pence
    from stopped
    inner join documents on stopped.company_id = documents.company_id and stopped.posting_key = documents.posting_key
    group by stopped.company_id, stopped.fix_id
),

ranked as (
    select
        fixes.*,
        row_number() over (
            partition by company_id
            order by value_freed_alone_pence desc, value_touched_pence desc, documents_touched desc, rule_id asc, to_mend asc
        ) as fix_rank
    from fixes
),

-- a document is free at the last of its fixes
freed_at as (
    select
        stopped.company_id,
        stopped.posting_key,
        max(ranked.fix_rank) as fix_rank,
        max(stopped.value_at_risk_pence) as value_at_risk_pence
    from stopped
    inner join ranked on stopped.company_id = ranked.company_id and stopped.fix_id = ranked.fix_id
    group by stopped.company_id, stopped.posting_key
),

freed as (
    select
        company_id,
        fix_rank,
        count(*) as documents_freed,
        sum(value_at_risk_pence) as value_freed_pence
    from freed_at
    group by company_id, fix_rank
),

ordered as (
    select
        ranked.company_id,
        ranked.fix_id,
        {{ whole('ranked.fix_rank') }} as fix_rank,
        ranked.rule_id,
        ranked.title,
        ranked.to_mend,
        ranked.owner,
        ranked.remedy,
        ranked.runbook,
        ranked.stores,
        ranked.documents_touched,
        ranked.value_touched_pence,
        ranked.vat_touched_pence,
        ranked.documents_freed_alone,
        ranked.value_freed_alone_pence,
        {{ whole('sum(coalesce(freed.documents_freed, 0)) over upwards') }} as documents_freed_so_far,
        {{ whole('sum(coalesce(freed.value_freed_pence, 0)) over upwards') }} as value_freed_so_far_pence
    from ranked
    left join freed on ranked.company_id = freed.company_id and ranked.fix_rank = freed.fix_rank
    window upwards as (partition by ranked.company_id order by ranked.fix_rank rows unbounded preceding)
)

select * from ordered
