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

{# What one list holds and another does not. #}
{% macro list_minus(these, those) %}list_filter({{ these }}, lambda one: not list_contains({{ those }}, one)){% endmacro %}

{# How alike two texts are, in percent: Jaro and Winkler's measure. #}
{% macro likeness(one, other) %}cast(round(100 * jaro_winkler_similarity(coalesce({{ one }}, ''), coalesce({{ other }}, ''))) as integer){% endmacro %}

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

{# Three groups of an anchored regular expression as a list, of one part where the text does not match. A pattern that is
   data is compiled for every row, one that is written out only once: `known` are patterns to write out, and one that is not
   among them is still read. #}
{% macro three_groups_of(text, pattern, known=[]) -%}
    {%- set parts = "'\\1' || chr(31) || '\\2' || chr(31) || '\\3'" -%}
    string_split(case {{ pattern }}
        {#- a case needs a branch, also where nothing is known #}
        when '' then null
        {%- for one in known %}
        when '{{ one | replace("'", "''") }}' then regexp_replace({{ text }}, '{{ one | replace("'", "''") }}', {{ parts }})
        {%- endfor %}
        else regexp_replace({{ text }}, {{ pattern }}, {{ parts }})
    end, chr(31))
{%- endmacro %}

{# The distinct texts in a column of a relation that this run has made already; none where there is no such relation yet. #}
{% macro known_values(schema, table, column) -%}
    {%- set relation = adapter.get_relation(target.database, schema, table) if execute else none -%}
    {%- if relation is none -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query('select distinct ' ~ column ~ ' as value from ' ~ relation ~ ' where ' ~ column ~ ' is not null order by value') -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{# A date written YYYYMMDD or YYYY-MM-DD; null for any other text. #}
{% macro date_of(text) -%}
    try_cast(regexp_replace({{ text }}, '^([0-9]{4})-?([0-9]{2})-?([0-9]{2})$', '\1-\2-\3') as date)
{%- endmacro %}

{# The month a date falls in, as its first day. #}
{% macro month_of(date) %}cast(date_trunc('month', {{ date }}) as date){% endmacro %}

{# A column of the whole numbers from first to the one before last. #}
{% macro whole_numbers(first, last) %}unnest(range({{ first }}, {{ last }})){% endmacro %}

{# Two to the power of a small whole number. #}
{% macro power_of_two(exponent) %}(cast(1 as bigint) << cast({{ exponent }} as integer)){% endmacro %}
