with source as (
    select * from {{ source('gate', 'intake_flags') }}
),

renamed as (
    select
        rule_id,
        gate_row_id as source_key,
        owner,
        severity,
        title,
        remedy,
        runbook,
        observed_value,
        pass_number
    from source
)

select * from renamed
