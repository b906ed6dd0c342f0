{{ config(materialized='ephemeral') }}
select * from {{ ref('stg_sage200__restated_facts') }}
union all
select * from {{ ref('stg_sage50__restated_facts') }}
