select * from {{ ref('stg_sage200__periods') }}
union all
select * from {{ ref('stg_sage50__periods') }}
