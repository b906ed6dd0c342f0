-- Each matched pair with both sides of everything that is judged. A leg without a mapping is not compared, and is said so.
with matches as (
    select * from {{ ref('int_matches_unioned') }}
),

expected_legs as (
    select
        posting_key,
        bool_or(leg_type = 'nominal' and nominal_code is null) as has_unmapped_nominal,
        bool_or(leg_type = 'nominal' and tax_code is null) as has_unmapped_tax
    from {{ ref('expected_legs') }}
    group by posting_key
),

expected_nominals as (
    select
        posting_key,
        {{ sorted_list_of('account') }} as accounts,
        {{ sorted_list_of("account || ' ' || cast(" ~ pounds('net_pence') ~ ' as varchar)') }} as values_by_account
    from (
        select
            posting_key,
            {{ account_text('nominal_code', 'cost_centre', 'department') }} as account,
            {{ whole('sum(net_pence)') }} as net_pence
        from {{ ref('expected_legs') }}
        where leg_type = 'nominal'
        group by posting_key, {{ account_text('nominal_code', 'cost_centre', 'department') }}
    ) as by_account
    -- on both sides: what an account gets and gives back in one document says nothing
    where net_pence <> 0
    group by posting_key
),

ledger_nominals as (
    select
        ledger_document_id,
        {{ sorted_list_of('account') }} as accounts,
        {{ sorted_list_of("account || ' ' || cast(" ~ pounds('net_pence') ~ ' as varchar)') }} as values_by_account
    from (
        select
            ledger_document_id,
            {{ account_text('nominal_code', 'cost_centre', 'department') }} as account,
            {{ whole('sum(net_pence)') }} as net_pence
        from {{ ref('int_ledger_legs_read') }}
        where leg_type = 'nominal'
        group by ledger_document_id, {{ account_text('nominal_code', 'cost_centre', 'department') }}
    ) as by_account
    where net_pence <> 0
    group by ledger_document_id
),

expected_taxes as (
    select
        posting_key,
        {{ sorted_list_of('code') }} as codes,
        {{ sorted_list_of("code || ' ' || cast(" ~ pounds('net_pence') ~ ' as varchar)') }} as values_by_code
    from (
        select
            posting_key,
            cast(tax_code as varchar) as code,
            {{ whole('sum(net_pence)') }} as net_pence
        from {{ ref('expected_legs') }}
        where leg_type = 'nominal'
        group by posting_key, tax_code
    ) as by_code
    group by posting_key
),

ledger_taxes as (
    select
        ledger_document_id,
        {{ sorted_list_of('cast(tax_code as varchar)') }} as codes,
        {{ sorted_list_of("cast(tax_code as varchar) || ' ' || cast(" ~ pounds('net_pence') ~ ' as varchar)') }} as values_by_code
    from {{ ref('int_ledger_legs_read') }}
    where leg_type = 'tax'
    group by ledger_document_id
),

compared as (
    select
        matches.company_id,
        matches.posting_key,
        matches.ledger_document_id,
        matches.rung,
        matches.evidence,
        matches.rule_version,
        expected.document_kind,
        expected.gross_pence as expected_gross_pence,
        expected.net_pence as expected_net_pence,
        expected.tax_pence as expected_tax_pence,
        ledger.gross_pence as ledger_gross_pence,
        ledger.net_pence as ledger_net_pence,
        ledger.tax_pence as ledger_tax_pence,
        expected.customer_reference as expected_customer,
        ledger.customer_reference as ledger_customer,
        expected.bank_code as expected_bank,
        ledger.bank_code as ledger_bank,
        expected.document_date as expected_date,
        ledger.document_date as ledger_date,
        expected_periods.period_start_date as expected_period,
        expected_periods.period_state as expected_period_state,
        expected_periods.next_open_period_start_date,
        ledger.period_start_date as ledger_period,
        ledger.is_in_nominal,
        ledger.is_in_suspense,
        coalesce(expected_legs.has_unmapped_nominal, false) as has_unmapped_nominal,
        coalesce(expected_legs.has_unmapped_tax, false) as has_unmapped_tax,
        expected_nominals.accounts as expected_accounts,
        expected_nominals.values_by_account as expected_account_values,
        ledger_nominals.accounts as ledger_accounts,
        ledger_nominals.values_by_account as ledger_account_values,
        expected_taxes.codes as expected_tax_codes,
        expected_taxes.values_by_code as expected_tax_values,
        ledger_taxes.codes as ledger_tax_codes,
        ledger_taxes.values_by_code as ledger_tax_values,
        companies.tax_rounding_cap_pence
    from matches
    inner join {{ ref('expected_documents') }} as expected on matches.posting_key = expected.posting_key
    inner join {{ ref('int_ledger_documents_attributed') }} as ledger on matches.ledger_document_id = ledger.ledger_document_id
    left join expected_legs on matches.posting_key = expected_legs.posting_key
    left join expected_nominals on matches.posting_key = expected_nominals.posting_key
    left join ledger_nominals on matches.ledger_document_id = ledger_nominals.ledger_document_id
    left join expected_taxes on matches.posting_key = expected_taxes.posting_key
    left join ledger_taxes on matches.ledger_document_id = ledger_taxes.ledger_document_id
    left join {{ ref('stg_operations__companies') }} as companies on matches.company_id = companies.company_id
    left join {{ ref('int_periods_observed') }} as expected_periods
        on
            expected.company_id = expected_periods.company_id
            and expected.document_date between expected_periods.period_start_date and expected_periods.period_end_date
),

-- a summary of ours is compared by what it holds of each receipt's document
with_tranches as (
    select * from compared
    union all by name
    select * from {{ ref('int_tranche_members_compared') }}
)

select * from with_tranches
