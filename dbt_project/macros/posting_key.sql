{# The identity of one document that must exist in Sage, as the 20 characters of its reference (docs/tour.md).
   `TP`, 13 of a base-32 hash of (company, event), kind, ordinal, revision, role. orchestration/posting/key.py
   builds the same text; a test holds the two together. `event_digest` is a column that holds `event_digest()`: the hash is
   read thirteen times. #}
{% macro posting_key(event_digest, kind_letter, ordinal, revision='1', role='P') -%}
    'TP' || {{ base32_13(event_digest) }}
    || {{ kind_letter }} || right('0' || cast({{ ordinal }} as varchar), 2) || '{{ revision }}' || '{{ role }}'
{%- endmacro %}

{# 65 bits of an md5 text in an alphabet without I, L, O and U: each pair of hex digits gives five of them. #}
{% macro base32_13(md5_text) -%}
    {%- for i in range(13) -%}
    substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', cast(('0x' || substr({{ md5_text }}, {{ 2 * i + 1 }}, 2)) as integer) % 32 + 1, 1)
    {%- if not loop.last %} || {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro kind_letter(document_kind) -%}
    case ({{ document_kind }})
        when 'invoice' then 'N' when 'credit_note' then 'C' when 'receipt' then 'R' when 'payment' then 'P'
        when 'bank_receipt' then 'B' when 'bank_payment' then 'Y' when 'transfer' then 'T' when 'none' then 'Z'
    end
{%- endmacro %}

{# The hash of an event's identity that its posting keys are cut from. #}
{% macro event_digest(company_id, event_id) %}md5({{ company_id }} || '|' || {{ event_id }}){% endmacro %}

{# The key of the first revision, which is the one that we expect a document under; other text as it is. #}
{% macro first_revision(posting_key) -%}
    case when substr({{ posting_key }}, 20, 1) = 'P' then left({{ posting_key }}, 18) || '1P' else {{ posting_key }} end
{%- endmacro %}

{# The date that a receipt's event id ends in, before its occurrence. #}
{% macro date_of_event(event_id) %}try_cast(regexp_extract({{ event_id }}, ':([0-9]{4}-[0-9]{2}-[0-9]{2}):[0-9]+$', 1) as date){% endmacro %}
