{# Tables and views made in one statement under their own name. dbt's own makes each under another name, renames and drops,
   so that readers keep the old one meanwhile: the warehouse has none and begins empty, and for small models that costs more
   than all they say. #}
{% macro make_in_place(target_relation, statement_text) %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing_relation is not none %}{% do adapter.drop_relation(existing_relation) %}{% endif %}
    {% call statement('main') -%}
        {{ statement_text }}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
{% endmacro %}

{% materialization table, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {% do make_in_place(target_relation, create_table_as(False, target_relation, compiled_code)) %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {% do make_in_place(target_relation, create_view_as(target_relation, sql)) %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
