select * from {{ ref('stg_sage200__period_states') }}
union all
select * from {{ ref('stg_sage50__period_states') }}
