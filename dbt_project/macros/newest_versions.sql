{# The newest landed version of each key at or below the pass, without what has vanished since. A pass lands a key at most
   once, so the pass names the version; finding it by a narrow grouping keeps wide rows out of any sort, and grouping only what
   came after the first pass spares the history that a first pass brings. `landed` is named once, so that its many small
   files are read once. With a `date_column`, of the days that are judged now alone (macros/kept.sql): a row that was
   restated under another date has both its days among them, or neither. #}
{% macro newest_versions(relation, date_column=none) -%}
    (
        with landed as (
            select * from {% if date_column %}{{ landed_of_judged_months(relation) }}{% else %}{{ relation }}{% endif %}
            where
                pass_number <= (select pass_number from {{ source('run', 'pass') }})
                {%- if date_column and are_days_kept() %}
                and {{ is_judged_now(date_column) }}
                {%- endif %}
        ),

        landed_again as (
            select company_id, source_key, max(pass_number) as pass_number
            from landed
            where pass_number > (select min(pass_number) from landed)
            group by company_id, source_key
        )

        select landed.*
        from landed
        left join landed_again
            on landed.company_id = landed_again.company_id and landed.source_key = landed_again.source_key
        where landed.pass_number = coalesce(landed_again.pass_number, landed.pass_number) and not landed.is_tombstone
    )
{%- endmacro %}

{# A mapping is in force on a date from its first day to its last, both included. Two plain comparisons: with an `or`,
   DuckDB would compare every row with every mapping. #}
{% macro is_in_force(mapping, date) -%}
    {{ mapping }}.valid_from <= {{ date }} and coalesce({{ mapping }}.valid_to, date '9999-12-31') >= {{ date }}
{%- endmacro %}
