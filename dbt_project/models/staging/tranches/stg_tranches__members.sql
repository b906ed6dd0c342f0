{{ config(materialized='table') }}
-- What each summary that was decided stands for. Rows whose digest no intent names were never decided: posting died between
-- the file and the intent, or decided anew.
with intents as (
    select
        company_id,
        posting_key,
        members_digest,
        state
    from {{ ref('stg_operations__intents') }}
    where members_digest <> '' and role = 'P'
),

-- what is decided again is written down again
members as (
    select distinct
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
        coalesce(direction, {{ direction_of('document_kind') }}) as direction,
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
        members_digest
    from {{ source('tranches', 'members') }}
    where {{ is_judged_now('business_date') }}
),

decided as (
    select
        members.*,
        case when {{ is_sales_kind('members.document_kind') }} then 'sales' else 'takings' end as measure,
        intents.state as tranche_state,
        intents.state in ('cancelled', 'superseded') as is_withdrawn,
        intents.state not in {{ unsent_states() }} as is_sent
    from members
    inner join intents
        on
            members.company_id = intents.company_id
            and members.tranche_key = intents.posting_key
            and members.members_digest = intents.members_digest
)

select * from decided
