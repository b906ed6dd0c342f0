select * from {{ ref('stg_sage200__tax_codes') }}
union all
select * from {{ ref('stg_sage50__tax_codes') }}
