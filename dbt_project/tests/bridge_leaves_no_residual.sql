{{ config(tags=['money']) }}
-- From tills to Sage, every penny of difference has a name.
select company_id, store_id, business_date, measure, amount_pence
from {{ ref('bridge_lines') }}
where line_kind = 'residual' and amount_pence <> 0
union all
select company_id, 'the whole period' as store_id, period_start_date as business_date, measure, amount_pence
from {{ ref('period_bridge') }}
where line_kind = 'residual' and amount_pence <> 0
