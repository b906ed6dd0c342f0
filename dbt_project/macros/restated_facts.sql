{# What a landed row said when it was first seen and says otherwise now: lists of `fact value`, those that differ; a row that
   has gone says `gone`. Keys come first and alone, and of those what came after the first pass: few rows are ever landed
   twice, and the wide columns of the others are not read. `facts` names each fact and gives it as an expression. #}
{% macro restated_facts(relation, urn, facts) -%}
    (
        with keys as (
            select company_id, source_key, pass_number
            from {{ relation }}
            where pass_number <= (select pass_number from {{ source('run', 'pass') }})
        ),

        landed_again as (
            select company_id, source_key, max(pass_number) as newest_pass
            from keys
            where pass_number > (select min(pass_number) from keys)
            group by company_id, source_key
        ),

        spans as (
            select keys.company_id, keys.source_key, min(keys.pass_number) as first_pass, min(landed_again.newest_pass) as newest_pass
            from landed_again
            inner join keys on landed_again.company_id = keys.company_id and landed_again.source_key = keys.source_key
            group by keys.company_id, keys.source_key
            having min(keys.pass_number) < min(landed_again.newest_pass)
        ),

        landed as (
            select
                company_id,
                source_key,
                pass_number,
                {{ urn }} as urn,
                case when is_tombstone then ['gone'] else [
                    {%- for fact, expression in facts.items() %}
                    '{{ fact }} ' || coalesce(cast({{ expression }} as varchar), 'none'){% if not loop.last %},{% endif %}
                    {%- endfor %}
                ] end as said
            from {{ relation }}
            where (company_id, source_key) in (select company_id, source_key from spans)
        )

        select
            once.company_id,
            once.urn,
            {{ list_minus('once.said', 'latest.said') }} as was_facts,
            {{ list_minus('latest.said', 'once.said') }} as now_facts
        from spans
        inner join landed as once
            on
                spans.company_id = once.company_id
                and spans.source_key = once.source_key
                and spans.first_pass = once.pass_number
        inner join landed as latest
            on
                spans.company_id = latest.company_id
                and spans.source_key = latest.source_key
                and spans.newest_pass = latest.pass_number
    )
{%- endmacro %}
