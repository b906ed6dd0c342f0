{# What undoes a document: Sage can neither edit nor delete. #}
{% macro opposite_kind(document_kind) -%}
    case {{ document_kind }}
        when 'invoice' then 'credit_note' when 'credit_note' then 'invoice'
        when 'receipt' then 'payment' when 'payment' then 'receipt'
    end
{%- endmacro %}
