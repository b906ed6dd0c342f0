with proposals as (
    select * from {{ ref('posting_proposals') }}
),

to_post as (
    select
        proposals.posting_key,
        legs.leg_no,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        cast(legs.tax_code as integer) as tax_code,
        legs.net_pence,
        legs.tax_pence
    from proposals
    -- a later revision of a document is of the same sale
    inner join {{ ref('expected_legs') }} as legs on {{ first_revision('proposals.posting_key') }} = legs.posting_key
    where proposals.role = 'P' and legs.leg_type = 'nominal' and proposals.members_digest is null
    union all
    select
        proposals.posting_key,
        1 as leg_no,
        members.nominal_code,
        members.cost_centre,
        members.department,
        members.tax_code,
        members.net_pence,
        members.tax_pence
    from proposals
    inner join {{ ref('tranche_members') }} as members
        on proposals.posting_key = members.tranche_key and proposals.members_digest = members.members_digest
    where members.leg_type = 'nominal'
),

posted_nominals as (
    select
        posting_key,
        'nominal' as leg_type,
        nominal_code,
        cost_centre,
        department,
        cast(null as integer) as tax_code,
        {{ whole('sum(net_pence)') }} as net_pence,
        cast(0 as bigint) as tax_pence
    from to_post
    group by posting_key, nominal_code, cost_centre, department
),

posted_taxes as (
    select
        posting_key,
        'tax' as leg_type,
        cast(null as varchar) as nominal_code,
        cast(null as varchar) as cost_centre,
        cast(null as varchar) as department,
        tax_code,
        {{ whole('sum(net_pence)') }} as net_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence
    from to_post
    group by posting_key, tax_code
),

reversed_legs as (
    select
        proposals.posting_key,
        legs.leg_type,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        cast(legs.tax_code as integer) as tax_code,
        legs.net_pence,
        legs.tax_pence
    from proposals
    inner join {{ ref('int_ledger_documents_read') }} as ledger
        on proposals.company_id = ledger.company_id and proposals.target_urn = ledger.urn
    inner join {{ ref('int_ledger_legs_read') }} as legs on ledger.ledger_document_id = legs.ledger_document_id
    where proposals.role = 'X' and ledger.document_kind in ('invoice', 'credit_note')
),

unioned as (
    select * from posted_nominals
    union all
    select * from posted_taxes
    union all
    select * from reversed_legs
),

numbered as (
    select
        posting_key,
        cast(row_number() over (partition by posting_key order by leg_type, nominal_code, cost_centre, tax_code) as integer) as leg_no,
        leg_type,
        nominal_code,
        cost_centre,
        department,
        tax_code,
        net_pence,
        tax_pence
    from unioned
)

select * from numbered
