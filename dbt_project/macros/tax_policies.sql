{# How VAT may be worked out and rounded, in whole pence. Three choices make a policy:

   - basis: each `line`, each `receipt` (a document's lines of one tax code and rate together) or each `store_day`
   - rounding: `half_up` (a half goes away from zero), `half_even` (to the even penny), `truncate`
   - price basis: `net`, VAT is the rate on the net; `gross`, VAT is the VAT fraction of the gross (20%: 1/6, HMRC's rate
     pages); `gross_net_first`, the net is taken from the gross and rounded, and VAT is what is left

   What HMRC says of them is in `allowed_by_hmrc` below. #}

{# Division of two whole numbers, none negative, rounded to a whole number. DuckDB's `/` gives DOUBLE; `//` stays whole. #}
{% macro divide_rounded(numerator, denominator, rounding) -%}
    case {{ rounding }}
        when 'truncate' then ({{ numerator }}) // ({{ denominator }})
        when 'half_even'
            then (2 * ({{ numerator }}) + ({{ denominator }})) // (2 * ({{ denominator }}))
                - case
                    when (2 * ({{ numerator }}) + ({{ denominator }})) % (2 * ({{ denominator }})) = 0
                        then ((2 * ({{ numerator }}) + ({{ denominator }})) // (2 * ({{ denominator }}))) % 2
                    else 0
                end
        else (2 * ({{ numerator }}) + ({{ denominator }})) // (2 * ({{ denominator }}))
    end
{%- endmacro %}

{# VAT in pence of a net and gross in pence, at a percentage kept as thousandths (20% is 20000); the sign is the goods'. #}
{% macro tax_by_policy(net_pence, gross_pence, rate_thousandths, rounding, price_basis) -%}
    {%- set net, gross, rate = 'cast(' ~ net_pence ~ ' as bigint)', 'cast(' ~ gross_pence ~ ' as bigint)', 'cast(' ~ rate_thousandths ~ ' as bigint)' -%}
    case {{ price_basis }}
        when 'gross' then sign({{ gross }}) * ({{ divide_rounded('abs(' ~ gross ~ ') * ' ~ rate, '100000 + ' ~ rate, rounding) }})
        when 'gross_net_first'
            then {{ gross }} - sign({{ gross }}) * ({{ divide_rounded('abs(' ~ gross ~ ') * 100000', '100000 + ' ~ rate, rounding) }})
        else sign({{ net }}) * ({{ divide_rounded('abs(' ~ net ~ ') * ' ~ rate, '100000', rounding) }})
    end
{%- endmacro %}

{# Whether HMRC lets a retailer round so.

   - `yes`: to the nearest penny, up and down: HMRC VAT Trader Records manual VATREC12020 (a retailer on normal accounting at
     line level may round up and down to 1p), VAT Notice 700 paragraph 17.6 (each calculation may be rounded both ways); by
     store-day as takings are under the Point of Sale scheme, Notice 727/3
   - `no`: truncated pence. Rounding down is the invoice trader's concession (VATREC12010) and is not a retailer's (VATREC12020)
   - `unsettled`: the net is what is rounded. Nothing published speaks of it; a half penny of VAT is then always lost #}
{% macro allowed_by_hmrc(rounding, price_basis) -%}
    case
        when {{ price_basis }} = 'gross_net_first' then 'unsettled'
        when {{ rounding }} in ('half_up', 'half_even') then 'yes'
        else 'no'
    end
{%- endmacro %}

{# A policy's name, as verdicts and exports have it: `tax_rounded_half_up_by_line`, with `_from_gross` or `_net_first`. #}
{% macro tax_policy_name(basis, rounding, price_basis) -%}
    'tax_rounded_' || {{ rounding }} || '_by_' || {{ basis }}
    || case {{ price_basis }} when 'gross' then '_from_gross' when 'gross_net_first' then '_net_first' else '' end
{%- endmacro %}
