{# A nominal account as Sage's users write it: code, then cost centre and department where there are any. #}
{% macro account_text(nominal_code, cost_centre, department) -%}
    {{ nominal_code }} || case when coalesce({{ cost_centre }}, '') = '' then '' else '/' || {{ cost_centre }} end
    || case when coalesce({{ department }}, '') = '' then '' else '/' || {{ department }} end
{%- endmacro %}
