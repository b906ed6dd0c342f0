select * from {{ ref('stg_sage200__nominal_transactions') }}
union all
select * from {{ ref('stg_sage50__nominal_transactions') }}
