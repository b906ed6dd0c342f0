{# What a landed row said when it was first seen and says otherwise now: lists of `fact value`, those that differ; a row that
   has gone says `gone`. Keys come first and alone: few rows are ever landed twice, and the wide columns of the others are not
   read. `facts` names each fact and gives it as an expression. #}
{% macro restated_facts(relation, urn, facts) -%}
    (
        with spans as (
            select company_id, source_key, min(pass_number) as first_pass, max(pass_number) as newest_pass
            from {{ relation }}
            where pass_number <= (select pass_number from {{ source('run', 'pass') }})
            group by company_id, source_key
            having min(pass_number) < max(pass_number)
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
