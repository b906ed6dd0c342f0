{# What is sold that is no goods: categories with a meaning of their own (docs/contracts.md, categories). #}

{# Money taken for what VAT is due on later, or never: no VAT at the till, and the company's outside-scope code in Sage.
   Multi-purpose vouchers (VATA 1994 Schedule 10B, paragraphs 7 and 8), gift cards, deposits held, tips, cash rounding. #}
{% macro is_outside_scope(category) -%}
    coalesce({{ category }}, '') in ('gift_card', 'multi_purpose_voucher', 'deposit', 'tip', 'cash_rounding')
{%- endmacro %}

{# Which way a line went: back to the shop, or out of it. What only changes a price goes with its receipt: money off a sale is
   less on the invoice, not a credit note. #}
{% macro is_return_line(category, receipt_kind, gross_pence) -%}
    case
        when coalesce({{ category }}, '') in ('discount', 'promotion', 'coupon', 'cash_rounding') and {{ receipt_kind }} in ('SALE', 'REFUND', 'EXCHANGE')
            then {{ receipt_kind }} = 'REFUND'
        else {{ gross_pence }} < 0
    end
{%- endmacro %}
