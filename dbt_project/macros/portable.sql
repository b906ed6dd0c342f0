{# Everything that differs between engines, in one place; models hold none of it. #}

{# Pounds with two decimals to whole pence, exactly: a decimal times a hundred never meets a float. #}
{% macro pence(amount) %}cast({{ amount }} * 100 as bigint){% endmacro %}

{# Pence back to pounds, for a text that a person reads. #}
{% macro pounds(pence) %}cast({{ pence }} * cast(0.01 as decimal(3, 2)) as decimal(18, 2)){% endmacro %}

{# A sum or count, whole: DuckDB widens sums to HUGEINT, which Parquet writes as DOUBLE. #}
{% macro whole(expression) %}cast({{ expression }} as bigint){% endmacro %}

{# A key that tells (1, 11) from (11, 1): parts joined by a character that text cannot hold. #}
{% macro key_of(columns) -%}
    md5({% for column in columns %}coalesce(cast({{ column }} as varchar), '~'){% if not loop.last %} || chr(31) || {% endif %}{% endfor %})
{%- endmacro %}

{# A sorted, distinct list as text; null of nothing. DuckDB sorts a list at once, an ordered aggregate group by group. #}
{% macro list_of(expression, separator=',') -%}
    array_to_string(list_sort(list_distinct(list({{ expression }}) filter (where ({{ expression }}) is not null))), '{{ separator }}')
{%- endmacro %}

{# The same with repetitions. #}
{% macro sorted_list_of(expression, separator=', ') -%}
    array_to_string(list_sort(list({{ expression }}) filter (where ({{ expression }}) is not null)), '{{ separator }}')
{%- endmacro %}

{# The instant, in UTC without a zone, of a local clock reading in an IANA zone. #}
{% macro utc_of(local_timestamp, zone) %}timezone('UTC', timezone({{ zone }}, {{ local_timestamp }})){% endmacro %}

{# Whole seconds between two instants. #}
{% macro seconds_between(earlier, later) %}cast(date_diff('second', {{ earlier }}, {{ later }}) as bigint){% endmacro %}

{# The trading day a local clock reading belongs to: the calendar day less the store's cut-off. #}
{% macro business_date(local_timestamp, cutoff_minutes) -%}
    cast({{ local_timestamp }} - to_minutes(cast({{ cutoff_minutes }} as integer)) as date)
{%- endmacro %}

{# One group of a regular expression, null where the text does not match. #}
{% macro group_of(text, pattern, group_number) %}nullif(regexp_extract({{ text }}, {{ pattern }}, {{ group_number }}), ''){% endmacro %}

{# Three groups of an anchored regular expression as a list, of one part where the text does not match: a pattern that is
   data is compiled for every row, so it is asked once. #}
{% macro three_groups_of(text, pattern) -%}
    string_split(regexp_replace({{ text }}, {{ pattern }}, '\1' || chr(31) || '\2' || chr(31) || '\3'), chr(31))
{%- endmacro %}

{# The month a date falls in, as its first day. #}
{% macro month_of(date) %}cast(date_trunc('month', {{ date }}) as date){% endmacro %}
