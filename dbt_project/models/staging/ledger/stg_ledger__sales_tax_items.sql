select * from {{ ref('stg_sage200__sales_tax_items') }}
union all
select * from {{ ref('stg_sage50__sales_tax_items') }}
