{# A whole number for a text that identifies, where the other ledger has an id: sixty bits of its digest. #}
{% macro number_of(text) %}cast('0x' || left(md5({{ text }}), 15) as bigint){% endmacro %}

{# A posting key of ours, null for any other text. #}
{% macro posting_key_in(text) -%}
    case when regexp_matches(coalesce({{ text }}, ''), '^TP[0-9A-HJKMNP-TV-Z]{13}[A-Z][0-9]{3}[PX]$') then {{ text }} end
{%- endmacro %}
