select * from {{ ref('stg_sage200__bank_tax_items') }}
union all
select * from {{ ref('stg_sage50__bank_tax_items') }}
