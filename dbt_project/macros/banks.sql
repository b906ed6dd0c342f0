{# The banks that tell a store: those that the tender mappings give to one store and to no other. #}
{% macro banks_of_one_store() -%}
    (
        select
            company_id,
            bank_code,
            min(store_id) as store_id
        from {{ ref('stg_operations__tender_mappings') }}
        group by company_id, bank_code
        having count(distinct store_id) = 1 and min(store_id) <> '*'
    )
{%- endmacro %}
