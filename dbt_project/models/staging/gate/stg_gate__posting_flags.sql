with source as (
    select * from {{ source('gate', 'posting_flags') }}
),

renamed as (
    select
        rule_id,
        gate_row_id,
        posting_key,
        owner,
        severity,
        title,
        remedy,
        runbook,
        observed_value
    from source
)

select * from renamed
