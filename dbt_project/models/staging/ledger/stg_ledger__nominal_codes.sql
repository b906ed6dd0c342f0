select * from {{ ref('stg_sage200__nominal_codes') }}
union all
select * from {{ ref('stg_sage50__nominal_codes') }}
