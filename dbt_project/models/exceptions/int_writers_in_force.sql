-- Who writes for a store on a business date. Nobody, where nothing is said.
with slots as (
    select distinct
        company_id,
        store_id,
        business_date
    from {{ ref('document_verdicts') }}
),

ranked as (
    select
        slots.company_id,
        slots.store_id,
        slots.business_date,
        coalesce(writers.writer, 'observe') as writer,
        row_number() over (
            partition by slots.company_id, slots.store_id, slots.business_date
            order by case when writers.store_id = '*' then 1 else 0 end, writers.valid_from desc
        ) as place
    from slots
    left join {{ ref('stg_operations__writers_of_record') }} as writers
        on
            slots.company_id = writers.company_id
            and writers.store_id in (slots.store_id, '*')
            and {{ is_in_force('writers', 'slots.business_date') }}
),

writers_in_force as (
    select
        company_id,
        store_id,
        business_date,
        writer
    from ranked
    where place = 1
)

select * from writers_in_force
