select * from {{ ref('stg_sage200__bank_transactions') }}
union all
select * from {{ ref('stg_sage50__bank_transactions') }}
