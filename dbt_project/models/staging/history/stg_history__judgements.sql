with source as (
    select * from {{ source('history', 'judgements') }}
),

earlier_passes as (
    select source.*
    from source
    inner join {{ ref('stg_run__pass') }} as pass
        on source.pass_number < pass.pass_number
)

select * from earlier_passes
