-- What each summary stands for, by receipt's document and leg: those that were begun to be sent, and the next of each store-day,
-- which is what no summary has yet. One that was decided and not sent keeps its members as long as they are just as they were.
with due as (
    select * from {{ ref('int_tranche_legs_due') }}
),

decided as (
    select
        *,
        bool_or(is_sent) over (partition by company_id, event_id) as is_begun
    from {{ ref('stg_tranches__members') }}
    where not is_withdrawn
),

-- decided and not sent: does it still hold, leg by leg?
waiting_members as (
    select
        member_key,
        min(event_id) as event_id,
        min(tranche) as tranche
    from decided
    where not is_begun
    group by member_key
),

both_sides as (
    select
        waiting.event_id,
        due.document_kind,
        due.member_key,
        {{ key_of([
            'due.remedy', 'due.till_id', 'due.document_date', 'due.customer_reference', 'due.leg_type', 'due.tender_type', 'due.bank_code', 'due.clearing_bank_code', 'due.direction',
            'due.nominal_code', 'due.cost_centre', 'due.department', 'due.tax_code', 'due.net_pence', 'due.tax_pence'
        ]) }} as leg_key,
        1 as is_due,
        0 as is_decided
    from due
    inner join waiting_members as waiting on due.member_key = waiting.member_key
    union all
    select
        decided.event_id,
        decided.document_kind,
        decided.member_key,
        {{ key_of([
            'decided.remedy', 'decided.till_id', 'decided.document_date', 'decided.customer_reference', 'decided.leg_type', 'decided.tender_type', 'decided.bank_code', 'decided.clearing_bank_code', 'decided.direction',
            'decided.nominal_code', 'decided.cost_centre', 'decided.department', 'decided.tax_code', 'decided.net_pence', 'decided.tax_pence'
        ]) }} as leg_key,
        0 as is_due,
        1 as is_decided
    from decided
    where not decided.is_begun
),

holding as (
    select event_id
    from (
        select
            event_id,
            sum(is_due) = sum(is_decided) as is_alike
        from both_sides
        group by event_id, document_kind, member_key, leg_key
    ) as legs
    group by event_id
    having bool_and(is_alike)
),

-- numbers that a summary has for good
lasting as (
    select event_id from decided
    where is_begun
    union
    select event_id from holding
    union
    select event_id from {{ ref('int_documents_in_tranches') }}
),

numbers as (
    select
        members.company_id,
        members.store_id,
        members.till_id,
        members.business_date,
        max(members.tranche) as tranche
    from {{ ref('stg_tranches__members') }} as members
    inner join lasting on members.event_id = lasting.event_id
    group by members.company_id, members.store_id, members.till_id, members.business_date
),

numbered as (
    select
        due.*,
        holding.event_id as holding_event_id,
        coalesce(
            case when holding.event_id is not null then waiting.tranche end,
            coalesce(numbers.tranche, 0) + dense_rank() over (
                partition by due.company_id, due.store_id, due.till_id, due.business_date, holding.event_id is null
                order by case when due.remedy = 'post_missing' then 0 else 1 end, due.document_date, due.customer_reference
            )
        ) as tranche
    from due
    left join waiting_members as waiting on due.member_key = waiting.member_key
    left join holding on waiting.event_id = holding.event_id
    left join numbers
        on
            due.company_id = numbers.company_id
            and due.store_id = numbers.store_id
            and due.till_id = numbers.till_id
            and due.business_date = numbers.business_date
),

identified as (
    select
        *,
        coalesce(holding_event_id, {{ tranche_event('store_id', 'till_id', 'business_date', 'tranche') }}) as event_id
    from numbered
),

ordered as (
    select
        *,
        {{ event_digest('company_id', 'event_id') }} as event_digest,
        case
            when leg_type = 'nominal' then 1
            else dense_rank() over (partition by company_id, event_id, document_kind order by tender_type, bank_code, -direction)
        end as ordinal
    from identified
),

keyed as (
    select
        *,
        {{ posting_key('event_digest', kind_letter('document_kind'), 'ordinal') }} as tranche_key
    from ordered
),

digests as (
    select
        tranche_key,
        md5({{ sorted_list_of(key_of(['member_key', 'leg_type', 'nominal_code', 'cost_centre', 'department', 'tax_code', 'bank_code', 'net_pence', 'tax_pence'])) }}
        -- which way, and through which bank, where the kind does not say it
        || coalesce(min(' ' || clearing_bank_code || cast(direction as varchar)), '')) as members_digest
    from keyed
    group by tranche_key
),

next_tranches as (
    select
        keyed.company_id,
        keyed.tranche_key,
        keyed.event_id,
        cast(keyed.tranche as integer) as tranche,
        keyed.store_id,
        keyed.till_id,
        keyed.business_date,
        keyed.document_date,
        keyed.customer_reference,
        keyed.document_kind,
        cast(keyed.ordinal as integer) as ordinal,
        keyed.tender_type,
        keyed.bank_code,
        keyed.clearing_bank_code,
        keyed.direction,
        keyed.remedy,
        keyed.member_key,
        keyed.member_event_id,
        keyed.receipt_no,
        keyed.leg_type,
        keyed.nominal_code,
        keyed.cost_centre,
        keyed.department,
        cast(keyed.tax_code as integer) as tax_code,
        keyed.net_pence,
        keyed.tax_pence,
        digests.members_digest,
        'next' as tranche_state
    from keyed
    inner join digests on keyed.tranche_key = digests.tranche_key
),

begun as (
    select
        company_id,
        tranche_key,
        event_id,
        tranche,
        store_id,
        till_id,
        business_date,
        document_date,
        customer_reference,
        document_kind,
        ordinal,
        tender_type,
        bank_code,
        clearing_bank_code,
        direction,
        remedy,
        member_key,
        member_event_id,
        receipt_no,
        leg_type,
        nominal_code,
        cost_centre,
        department,
        tax_code,
        net_pence,
        tax_pence,
        members_digest,
        tranche_state
    from decided
    where is_begun
),

members as (
    select * from next_tranches
    union all
    select * from begun
)

select * from members
