{# The closed set, and which of them leave something open. Tested against accepted_values in the contracts. #}
{% macro all_verdicts() -%}
    {{ return(['matched', 'matched_within_policy', 'drifted', 'missing_in_ledger', 'missing_in_pos', 'nothing_to_post', 'reversed',
        'duplicate_in_pos', 'duplicate_in_ledger', 'deferred', 'in_suspense', 'covered_by_journal', 'pending', 'ambiguous', 'not_checked']) }}
{%- endmacro %}

{% macro is_open_verdict(verdict) -%}
    {{ verdict }} in ('drifted', 'missing_in_ledger', 'missing_in_pos', 'duplicate_in_pos', 'duplicate_in_ledger', 'deferred',
        'in_suspense', 'covered_by_journal', 'ambiguous', 'not_checked')
{%- endmacro %}

{# Worst first, for an event or a slot that shows one verdict for many documents. #}
{% macro verdict_rank(verdict) -%}
    case {{ verdict }}
        when 'missing_in_ledger' then 1 when 'duplicate_in_ledger' then 2 when 'duplicate_in_pos' then 3 when 'missing_in_pos' then 4
        when 'drifted' then 5 when 'covered_by_journal' then 6 when 'in_suspense' then 7 when 'deferred' then 8 when 'ambiguous' then 9
        when 'not_checked' then 10 when 'pending' then 11 when 'reversed' then 12 when 'matched_within_policy' then 13
        when 'matched' then 14 when 'nothing_to_post' then 15
    end
{%- endmacro %}
