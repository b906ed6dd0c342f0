-- Files that could not be read, or only in part: open until a whole one takes their place.
with deliveries as (
    select * from {{ ref('stg_intake__deliveries') }}
    where status in ('refused', 'partly_accepted')
),

classed as (
    select
        company_id,
        'delivery:' || delivery_id || ':' || source_file as document_id,
        coalesce(store_code, 'unknown') as store_id,
        case status when 'refused' then 'file_refused' else 'rows_set_aside' end as exception_class,
        'operations' as owner,
        source_file || ': ' || coalesce(message, status) as cause_detail,
        'Send the file again, whole and in its agreed form.' as suggested_remedy,
        pass_number
    from deliveries
)

select * from classed
