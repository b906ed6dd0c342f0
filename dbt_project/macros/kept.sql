{# What a pass need not judge anew. `orchestration/judged_days.py` chooses the days that a pass judges; staging reads their rows
   alone, and what was published of all other days is beside them as schema `kept`, a view a published model. Where every day
   is judged there is no such schema, and each of these is what it would be without. #}

{% macro are_days_kept() %}{{ return(env_var('TILLPROOF_DAYS_ARE_KEPT', '') == 'yes') }}{% endmacro %}

{# Whether a row of this day is judged by this pass. #}
{% macro is_judged_now(day) -%}
    {% if are_days_kept() %}{{ day }} in (select judged_days.day from kept.judged_days as judged_days){% else %}true{% endif %}
{%- endmacro %}

{# A published model with the days that were kept: for whoever asks of more than a day's neighbourhood. #}
{% macro whole_of(model) -%}
    {% if are_days_kept() -%}
        (select * from {{ ref(model) }} union all by name select * from kept.{{ model }})
    {%- else -%}
        {{ ref(model) }}
    {%- endif %}
{%- endmacro %}

{# Whether this pass judges a subject of history: documents and receipts by their day; tills' closures, deliveries and what lies
   unallocated always. #}
{% macro is_subject_judged_now(subject_id, subject_kind, business_date) -%}
    {% if are_days_kept() -%}
        ({{ subject_kind }} in ('delivery', 'closure') or starts_with({{ subject_id }}, 'unallocated:') or {{ is_judged_now(business_date) }})
    {%- else -%}
        true
    {%- endif %}
{%- endmacro %}
