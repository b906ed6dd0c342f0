-- The legs of each expected document that a person maps: nominal accounts with their tax, banks, customers.
with documents as (
    select * from {{ ref('expected_documents') }}
    where document_kind <> 'none'
),

nominal as (
    select
        documents.posting_key,
        legs.leg_no,
        'nominal' as leg_type,
        legs.category,
        legs.skus,
        legs.has_case_conflict,
        legs.till_tax_code,
        legs.tax_rate_thousandths,
        legs.is_outside_scope,
        legs.is_beyond_goods,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        legs.tax_code,
        legs.required_rate_thousandths,
        legs.net_pence,
        legs.tax_pence
    from {{ ref('int_nominal_legs_mapped') }} as legs
    inner join documents
        on
            legs.company_id = documents.company_id
            and legs.event_id = documents.event_id
            and legs.document_kind = documents.document_kind
    union all
    select
        documents.posting_key,
        1 as leg_no,
        'nominal' as leg_type,
        'cash_over_short' as category,
        cast(null as varchar) as skus,
        false as has_case_conflict,
        cast(null as varchar) as till_tax_code,
        cast(null as bigint) as tax_rate_thousandths,
        true as is_outside_scope,
        false as is_beyond_goods,
        closures.nominal_code,
        closures.cost_centre,
        closures.department,
        closures.tax_code,
        cast(0 as bigint) as required_rate_thousandths,
        documents.gross_pence as net_pence,
        cast(0 as bigint) as tax_pence
    from {{ ref('int_closures_counted') }} as closures
    inner join documents
        on
            closures.company_id = documents.company_id
            and closures.event_id = documents.event_id
            and closures.document_kind = documents.document_kind
),

banks as (
    select
        posting_key,
        1 as leg_no,
        'bank' as leg_type,
        cast(null as varchar) as category,
        cast(null as varchar) as skus,
        false as has_case_conflict,
        cast(null as varchar) as till_tax_code,
        cast(null as bigint) as tax_rate_thousandths,
        false as is_outside_scope,
        false as is_beyond_goods,
        cast(null as varchar) as nominal_code,
        cast(null as varchar) as cost_centre,
        cast(null as varchar) as department,
        cast(null as integer) as tax_code,
        cast(null as bigint) as required_rate_thousandths,
        gross_pence as net_pence,
        cast(0 as bigint) as tax_pence
    from documents
    where document_kind not in ('invoice', 'credit_note')
),

customers as (
    select
        posting_key,
        99 as leg_no,
        'customer' as leg_type,
        cast(null as varchar) as category,
        cast(null as varchar) as skus,
        false as has_case_conflict,
        cast(null as varchar) as till_tax_code,
        cast(null as bigint) as tax_rate_thousandths,
        false as is_outside_scope,
        false as is_beyond_goods,
        cast(null as varchar) as nominal_code,
        cast(null as varchar) as cost_centre,
        cast(null as varchar) as department,
        cast(null as integer) as tax_code,
        cast(null as bigint) as required_rate_thousandths,
        gross_pence as net_pence,
        cast(0 as bigint) as tax_pence
    from documents
),

unioned as (
    select * from nominal
    union all
    select * from banks
    union all
    select * from customers
)

select * from unioned
