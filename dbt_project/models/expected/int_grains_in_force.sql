-- The store-days whose receipts are posted summed up, by store-day or till-day, and by which recipe: on the till customer, or
-- through a clearing bank. A row that names the store stands above one for any.
with slots as (
    select distinct
        company_id,
        store_id,
        business_date
    from {{ ref('expected_documents') }}
),

ranked as (
    select
        slots.company_id,
        slots.store_id,
        slots.business_date,
        grains.grain,
        grains.recipe,
        grains.clearing_bank_code,
        row_number() over (
            partition by slots.company_id, slots.store_id, slots.business_date
            order by case when grains.store_id = '*' then 1 else 0 end, grains.valid_from desc
        ) as place
    from slots
    inner join {{ ref('stg_operations__store_grains') }} as grains
        on
            slots.company_id = grains.company_id
            and grains.store_id in (slots.store_id, '*')
            and {{ is_in_force('grains', 'slots.business_date') }}
),

in_force as (
    select
        company_id,
        store_id,
        business_date,
        grain,
        recipe,
        case when recipe = 'takings_clearing' then clearing_bank_code end as clearing_bank_code
    from ranked
    where place = 1 and grain <> 'receipt'
)

select * from in_force
