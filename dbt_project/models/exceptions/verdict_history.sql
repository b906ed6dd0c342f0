{{ config(materialized='view') }}
-- What was believed, pass by pass: history as far as it goes, and this pass's changes on top. A view, for history is never
-- written a second time.
with unioned as (
    select * from {{ ref('stg_history__judgements') }}
    union all by name
    select * from {{ ref('int_judgements_changed') }}
)

select * from unioned
