{# Where a source lies: its `external_location`, with this home put in when a model is compiled, not when the project is
   read; an apostrophe in it is doubled, as SQL wants. What dbt read of the project is the same for every home then, and
   is read once for all of them. #}
{% macro source(source_name, table_name) %}
    {%- set relation = builtins.source(source_name, table_name) -%}
    {%- if relation.external -%}
        {%- set relation = relation.replace(external=relation.external | replace('TILLPROOF_HOME', env_var('TILLPROOF_HOME') | replace("'", "''"))) -%}
    {%- endif -%}
    {{- return(relation) -}}
{% endmacro %}
