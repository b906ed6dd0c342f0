select * from {{ ref('stg_sage200__control_accounts') }}
union all
select * from {{ ref('stg_sage50__control_accounts') }}
