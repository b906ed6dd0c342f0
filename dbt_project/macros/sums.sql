{# Of so many receipts that a day still lacks every sum is tried, 4,095 of 12; with each one more twice as many, and the more there
   are, the likelier that one fits by chance. #}
{% macro most_receipts_summed() %}12{% endmacro %}
