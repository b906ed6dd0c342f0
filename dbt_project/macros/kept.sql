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
        ({{ is_kind_judged_always(subject_kind) }} or {{ is_subject_judged_always(subject_id) }} or {{ is_judged_now(business_date) }})
    {%- else -%}
        true
    {%- endif %}
{%- endmacro %}

{% macro is_kind_judged_always(subject_kind) %}{{ subject_kind }} in ('delivery', 'closure'){% endmacro %}

{% macro is_subject_judged_always(subject_id) %}{{ subject_id }} like 'unallocated:%'{% endmacro %}

{# History of the subjects that this pass judges. Three readings, each with a filter that skips what it does not want of a file:
   of one with an `or` every row of history would be read. #}
{% macro history_judged_now() -%}
    {% set history = ref('stg_history__judgements') %}
    {% if are_days_kept() -%}
        (
            select * from {{ history }}
            where {{ is_judged_now('business_date') }} and not {{ is_kind_judged_always('subject_kind') }} and not {{ is_subject_judged_always('subject_id') }}
            union all
            select * from {{ history }}
            where {{ is_kind_judged_always('subject_kind') }}
            union all
            select * from {{ history }}
            where {{ is_subject_judged_always('subject_id') }} and not {{ is_kind_judged_always('subject_kind') }}
        )
    {%- else -%}
        {{ history }}
    {%- endif %}
{%- endmacro %}

{# A landed table that is read by day: where days are kept, its files of the months with a judged day. #}
{% macro landed_of_judged_months(relation) -%}
    {% if are_days_kept() %}kept.landed_{{ relation.schema }}_{{ relation.identifier }}{% else %}{{ relation }}{% endif %}
{%- endmacro %}
