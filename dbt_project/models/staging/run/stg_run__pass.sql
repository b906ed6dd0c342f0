with source as (
    select * from {{ source('run', 'pass') }}
),

typed as (
    select
        cast(pass_number as bigint) as pass_number,
        cast(as_of as timestamp) as as_of
    from source
)

select * from typed
