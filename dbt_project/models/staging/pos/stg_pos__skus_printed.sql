-- Every SKU that a till ever printed, in each writing. Of a line that was restated or taken back since, too: an entry too
-- many costs nothing where SKUs are looked up, and finding the lines that still stand costs more than all the rest.
with source as (
    select * from {{ landed_of_judged_months(source('pos', 'receipt_lines')) }}
    where pass_number <= (select pass_number from {{ source('run', 'pass') }})
),

renamed as (
    select distinct
        company_id,
        sku as sku_as_sent,
        upper(trim(sku)) as sku
    from source
)

select * from renamed
