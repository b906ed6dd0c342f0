with source as (
    select * from {{ source('history', 'judgements') }}
),

earlier_passes as (
    select * from source
    where pass_number < (select pass_number from {{ ref('stg_run__pass') }})
)

select * from earlier_passes
