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

{# One bank of each account, although several may share it: what is on the account is there once. #}
{% macro banks_by_account() -%}
    (
        select
            company_id,
            nominal_code,
            cost_centre,
            department,
            min(bank_code) as bank_code
        from {{ ref('stg_ledger__banks') }}
        group by company_id, nominal_code, cost_centre, department
    )
{%- endmacro %}
