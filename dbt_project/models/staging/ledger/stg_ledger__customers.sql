select * from {{ ref('stg_sage200__customers') }}
union all
select * from {{ ref('stg_sage50__customers') }}
