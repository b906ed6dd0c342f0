select * from {{ ref('stg_sage200__sales_transactions') }}
union all
select * from {{ ref('stg_sage50__sales_transactions') }}
