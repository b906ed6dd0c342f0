{# When debt will be cleared is told from what was resolved within so many days, by a history of at least the second. #}
{% macro forecast_window_days() %}28{% endmacro %}
{% macro forecast_least_days() %}7{% endmacro %}
