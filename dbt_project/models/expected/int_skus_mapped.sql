-- What each SKU that a till has printed is, by date of the mapping: a named exception first, else Sage's product group.
with printed as (
    select * from {{ ref('stg_pos__skus_printed') }}
),

products as (
    select
        company_id,
        sku,
        min(sku_in_sage) as sku_in_sage,
        min(lower(product_group)) as product_group,
        {{ whole('count(*)') }} as codes_in_sage
    from {{ ref('stg_sage200__products') }}
    group by company_id, sku
),

mapped as (
    select
        printed.company_id,
        printed.sku_as_sent,
        printed.sku,
        coalesce(sku_mappings.category, products.product_group) as category,
        coalesce(sku_mappings.valid_from, date '1900-01-01') as valid_from,
        coalesce(sku_mappings.valid_to, date '9999-12-31') as valid_to,
        case
            when sku_mappings.sku is null and products.codes_in_sage > 1 then 'differs'
            when sku_mappings.sku is null and products.sku_in_sage <> printed.sku_as_sent then 'differs'
            else 'same'
        end as sku_case_status
    from printed
    left join {{ ref('stg_operations__sku_mappings') }} as sku_mappings
        on printed.company_id = sku_mappings.company_id and printed.sku = sku_mappings.sku
    left join products
        on printed.company_id = products.company_id and printed.sku = products.sku
)

select * from mapped
