select * from {{ ref('stg_sage200__banks') }}
union all
select * from {{ ref('stg_sage50__banks') }}
