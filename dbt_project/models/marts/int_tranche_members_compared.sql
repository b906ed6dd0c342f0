{{ config(materialized='ephemeral') }}
-- Each receipt's document that stands in summaries: what it says now on one side, what the summaries hold of it on the other, in
-- the columns of a matched pair.
with held as (
    select * from {{ ref('int_documents_in_tranches') }}
    where is_expected
),

members as (
    select
        expected.*,
        case when expected.document_kind in ('credit_note', 'payment') then -1 else 1 end as direction
    from {{ ref('expected_documents') }} as expected
    where expected.posting_key in (select member_key from held)
),

legs as (
    select
        members.posting_key,
        'held' as side,
        held.leg_type,
        {{ account_text('held.nominal_code', 'held.cost_centre', 'held.department') }} as account,
        cast(held.tax_code as varchar) as code,
        held.bank_code,
        members.direction * held.direction * held.net_pence as net_pence,
        members.direction * held.direction * held.tax_pence as tax_pence
    from held
    inner join members on held.member_key = members.posting_key
    union all
    select
        members.posting_key,
        'expected' as side,
        legs.leg_type,
        {{ account_text('legs.nominal_code', 'legs.cost_centre', 'legs.department') }} as account,
        cast(legs.tax_code as varchar) as code,
        cast(null as varchar) as bank_code,
        legs.net_pence,
        legs.tax_pence
    from {{ ref('expected_legs') }} as legs
    inner join members on legs.posting_key = members.posting_key
    where legs.leg_type = 'nominal'
),

listed as (
    select
        posting_key,
        side,
        {{ list_of("case when kind = 'account' then name end") }} as accounts,
        {{ sorted_list_of("case when kind = 'account' then name || ' ' || cast(" ~ pounds('net_pence') ~ ' as varchar) end') }} as account_values,
        {{ list_of("case when kind = 'code' then name end") }} as codes,
        {{ sorted_list_of("case when kind = 'code' then name || ' ' || cast(" ~ pounds('net_pence') ~ ' as varchar) end') }} as code_values,
        {{ list_of("case when kind = 'bank' then name end") }} as banks
    from (
        select
            posting_key,
            side,
            'account' as kind,
            account as name,
            {{ whole('sum(net_pence)') }} as net_pence
        from legs
        where leg_type = 'nominal'
        group by posting_key, side, account
        union all
        select
            posting_key,
            side,
            'code' as kind,
            code as name,
            {{ whole('sum(net_pence)') }} as net_pence
        from legs
        where leg_type = 'nominal'
        group by posting_key, side, code
        union all
        select
            posting_key,
            side,
            'bank' as kind,
            bank_code as name,
            {{ whole('sum(net_pence)') }} as net_pence
        from legs
        where leg_type = 'money'
        group by posting_key, side, bank_code
    ) as named
    where net_pence <> 0
    group by posting_key, side
),

held_totals as (
    select
        posting_key,
        {{ whole('sum(net_pence)') }} as net_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence
    from legs
    where side = 'held'
    group by posting_key
),

compared as (
    select
        members.company_id,
        members.posting_key,
        cast(null as varchar) as ledger_document_id,
        1 as rung,
        'in a summary of ours' as evidence,
        1 as rule_version,
        members.document_kind,
        members.gross_pence as expected_gross_pence,
        members.net_pence as expected_net_pence,
        members.tax_pence as expected_tax_pence,
        {{ whole('held_totals.net_pence + held_totals.tax_pence') }} as ledger_gross_pence,
        {{ whole("case when members.document_kind in ('invoice', 'credit_note') then held_totals.net_pence else 0 end") }} as ledger_net_pence,
        held_totals.tax_pence as ledger_tax_pence,
        members.bank_code as expected_bank,
        held.banks as ledger_bank,
        true as is_in_nominal,
        false as is_in_suspense,
        coalesce(expected.accounts is null and members.net_pence <> 0, false) as has_unmapped_nominal,
        coalesce(expected.codes is null and members.net_pence <> 0, false) as has_unmapped_tax,
        expected.accounts as expected_accounts,
        expected.account_values as expected_account_values,
        held.accounts as ledger_accounts,
        held.account_values as ledger_account_values,
        expected.codes as expected_tax_codes,
        expected.code_values as expected_tax_values,
        held.codes as ledger_tax_codes,
        held.code_values as ledger_tax_values
    from members
    inner join held_totals on members.posting_key = held_totals.posting_key
    left join listed as held on members.posting_key = held.posting_key and held.side = 'held'
    left join listed as expected on members.posting_key = expected.posting_key and expected.side = 'expected'
)

select * from compared
