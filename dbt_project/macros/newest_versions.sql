{# The newest landed version of each key at or below the pass, without what has vanished since. #}
{% macro newest_versions(relation) -%}
    (
        select versions.* exclude (version_rank)
        from (
            select
                landed.*,
                row_number() over (
                    partition by landed.company_id, landed.source_key
                    order by landed.pass_number desc, landed.delivery_id desc
                ) as version_rank
            from {{ relation }} as landed
            where landed.pass_number <= (select pass_number from {{ source('run', 'pass') }})
        ) as versions
        where versions.version_rank = 1 and not versions.is_tombstone
    )
{%- endmacro %}

{# A mapping is in force on a date from its first day to its last, both included. #}
{% macro is_in_force(mapping, date) -%}
    {{ mapping }}.valid_from <= {{ date }} and ({{ mapping }}.valid_to is null or {{ mapping }}.valid_to >= {{ date }})
{%- endmacro %}
