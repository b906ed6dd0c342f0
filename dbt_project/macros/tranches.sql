{# States of an intent of which nothing was sent, or which Sage refused: another payload may still take its place. A test
   holds them to orchestration/posting/states.py. #}
{% macro unsent_states() %}('decided', 'held', 'refused', 'cancelled', 'superseded'){% endmacro %}

{# The identity of a summary: store, till (none where the whole store-day is summed up), trading day and number. #}
{% macro tranche_event(store_id, till_id, business_date, tranche) -%}
    'tranche:' || {{ store_id }} || ':' || {{ till_id }} || ':' || cast({{ business_date }} as varchar) || ':' || cast({{ tranche }} as varchar)
{%- endmacro %}

{# What is posted by itself also where its store is posted by day: a customer's own account, and cash over or short. #}
{% macro goes_by_itself(document) -%}
    ({{ document }}.is_on_account or {{ document }}.document_kind in ('bank_receipt', 'bank_payment'))
{%- endmacro %}
