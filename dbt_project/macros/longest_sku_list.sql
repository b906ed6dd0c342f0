{# How many characters of a leg's list of SKUs are kept: a list that long may have been cut. #}
{% macro longest_sku_list() %}120{% endmacro %}
