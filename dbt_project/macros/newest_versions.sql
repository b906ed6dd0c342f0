{# The newest landed version of each key at or below the pass, without what has vanished since. A pass lands a key at most
   once, so the pass names the version; finding it by a narrow grouping keeps wide rows out of any sort. `landed` is named
   once, so that its many small files are read once. #}
{% macro newest_versions(relation) -%}
    (
        with landed as (
            select * from {{ relation }}
            where pass_number <= (select pass_number from {{ source('run', 'pass') }})
        ),

        newest as (
            select company_id, source_key, max(pass_number) as pass_number
            from landed
            group by company_id, source_key
        )

        select landed.*
        from landed
        inner join newest
            on landed.company_id = newest.company_id
            and landed.source_key = newest.source_key
            and landed.pass_number = newest.pass_number
        where not landed.is_tombstone
    )
{%- endmacro %}

{# A mapping is in force on a date from its first day to its last, both included. Two plain comparisons: with an `or`,
   DuckDB would compare every row with every mapping. #}
{% macro is_in_force(mapping, date) -%}
    {{ mapping }}.valid_from <= {{ date }} and coalesce({{ mapping }}.valid_to, date '9999-12-31') >= {{ date }}
{%- endmacro %}
