{# What undoes a document: Sage can neither edit nor delete. A transfer is undone by one between the same banks, turned round. #}
{% macro opposite_kind(document_kind) -%}
    case {{ document_kind }}
        when 'invoice' then 'credit_note' when 'credit_note' then 'invoice'
        when 'receipt' then 'payment' when 'payment' then 'receipt'
        when 'bank_receipt' then 'bank_payment' when 'bank_payment' then 'bank_receipt' when 'transfer' then 'transfer'
    end
{%- endmacro %}

{# Whether a kind of document says what was sold or came back; the others say where the money went. #}
{% macro is_sales_kind(document_kind) -%}
    {{ document_kind }} in ('invoice', 'credit_note', 'bank_receipt', 'bank_payment')
{%- endmacro %}

{# 1 for what was sold or taken, -1 for what came back or went out; of a transfer the kind alone says nothing, and it is 1. #}
{% macro direction_of(document_kind) -%}
    case when {{ document_kind }} in ('credit_note', 'payment', 'bank_payment') then -1 else 1 end
{%- endmacro %}

{# Whether a proposal undoes a document of ours, of which somebody else's is the like. #}
{% macro undoes_ours(proposal) %}({{ proposal }}.remedy = 'reverse_duplicate' and {{ proposal }}.event_id not like 'ledger:%'){% endmacro %}
