-- Files that could not be read, or only in part: open until a later file has made good what was missing.
with awaited as (
    select distinct
        company_id,
        delivery_id,
        source_file
    from {{ ref('int_deliveries_awaited') }}
),

deliveries as (
    select deliveries.*
    from {{ ref('stg_intake__deliveries') }} as deliveries
    inner join awaited
        on
            deliveries.company_id = awaited.company_id
            and deliveries.delivery_id = awaited.delivery_id
            and deliveries.source_file = awaited.source_file
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
