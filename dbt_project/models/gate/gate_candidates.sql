-- Every leg of a document that something is to be done about, with the facts a rule needs beside it: what Sage holds as it
-- should be is not asked whether it may leave. Null where a fact does not concern the leg.
with documents as (
    select * from {{ ref('expected_documents') }}
    where
        document_kind <> 'none'
        and posting_key in (
            select posting_key from {{ ref('document_verdicts') }}
            where is_open
        )
),

used_keys as (
    select distinct posting_key from {{ ref('stg_operations__intents') }}
    where state not in ('superseded', 'cancelled', 'refused', 'held', 'decided')
),

legs as (
    select
        documents.*,
        legs.leg_no,
        legs.leg_type,
        legs.category,
        legs.skus,
        legs.has_case_conflict,
        legs.till_tax_code,
        legs.tax_rate_thousandths,
        legs.is_outside_scope,
        legs.is_beyond_goods,
        legs.tax_pence as leg_tax_pence,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        legs.tax_code,
        legs.required_rate_thousandths
    from {{ ref('expected_legs') }} as legs
    inner join documents on legs.posting_key = documents.posting_key
),

looked_up as (
    select
        legs.posting_key || ':' || legs.leg_type || ':' || cast(legs.leg_no as varchar) as gate_row_id,
        legs.posting_key,
        legs.event_id,
        legs.company_id,
        legs.store_id,
        legs.receipt_no,
        legs.business_date,
        legs.document_date,
        legs.document_kind,
        cast(legs.leg_no as integer) as leg_no,
        legs.leg_type,
        legs.category,
        legs.skus,
        case when legs.leg_type <> 'customer' then null when legs.is_store_mapped then 'mapped' else 'unmapped' end as store_status,
        case when legs.leg_type <> 'nominal' then null when legs.category is null then 'unmapped' else 'mapped' end as sku_status,
        case when legs.leg_type <> 'nominal' then null when legs.has_case_conflict then 'differs' else 'same' end as sku_case_status,
        legs.nominal_code,
        legs.cost_centre,
        legs.department,
        case
            when legs.leg_type <> 'nominal' or legs.category is null then null
            when legs.nominal_code is null then 'unmapped'
            else 'mapped'
        end as nominal_mapping_status,
        case
            when legs.nominal_code is null then null
            else coalesce(nominals.account_status, 'missing')
        end as nominal_account_status,
        nominals.account_type as nominal_account_type,
        legs.till_tax_code,
        cast(legs.tax_code as integer) as tax_code,
        case
            when legs.leg_type <> 'nominal' then null
            when legs.tax_code is null and legs.is_outside_scope then 'no_outside_scope_code'
            when legs.tax_code is null then 'unmapped'
            else 'mapped'
        end as tax_mapping_status,
        case when legs.tax_code is null then null when tax_codes.tax_code is null then 'missing' else 'known' end as tax_code_status,
        cast(legs.required_rate_thousandths * cast(0.001 as decimal(4, 3)) as decimal(6, 3)) as tax_rate_required,
        cast(tax_codes.tax_rate_thousandths * cast(0.001 as decimal(4, 3)) as decimal(6, 3)) as tax_rate_in_sage,
        case
            when tax_codes.tax_code is null then null
            when tax_codes.tax_rate_thousandths = legs.required_rate_thousandths then 'agrees'
            else 'differs'
        end as tax_rate_status,
        case
            when legs.leg_type <> 'nominal' then null
            when legs.is_outside_scope and legs.leg_tax_pence <> 0 then 'vat_outside_scope'
            when legs.is_beyond_goods then 'beyond_its_goods'
            when legs.is_outside_scope then 'agrees'
            when legs.tax_rate_thousandths is null or legs.required_rate_thousandths is null then 'not_compared'
            when legs.tax_rate_thousandths = legs.required_rate_thousandths then 'agrees'
            else 'differs'
        end as till_rate_status,
        case
            when legs.leg_type <> 'customer' then null
            when legs.gross_pence < 0 then 'negative'
            else 'positive'
        end as document_sign,
        legs.tender_type,
        case when legs.leg_type <> 'bank' then null when legs.bank_code is null then 'unmapped' else 'mapped' end as tender_status,
        coalesce(clearing.clearing_bank_code, legs.bank_code) as bank_code,
        case
            when clearing.clearing_bank_code is null and (legs.leg_type <> 'bank' or legs.bank_code is null) then null
            else coalesce(banks.account_status, 'missing')
        end as bank_status,
        case when clearing.clearing_bank_code is null then legs.customer_reference end as customer_reference,
        case
            when legs.leg_type <> 'customer' or not legs.is_store_mapped or clearing.clearing_bank_code is not null then null
            when legs.document_kind in ('bank_receipt', 'bank_payment') then null
            when legs.is_on_account and legs.customer_reference is null then 'unmapped'
            else coalesce(customers.account_status, 'missing')
        end as customer_status,
        case
            when legs.leg_type = 'customer' and legs.is_on_account
                then coalesce(legs.customer_no, 'no number on ' || legs.store_id || ' ' || legs.receipt_no)
        end as customer_no,
        case
            when legs.leg_type <> 'customer' or customers.customer_id is null or clearing.clearing_bank_code is not null then null
            when customers.is_on_hold then 'on_hold'
            else 'free'
        end as customer_hold_status,
        case
            when legs.leg_type <> 'customer' then null
            when periods.period_state = 'closed' and companies.late_policy = 'original_date' then 'late_by_policy'
            else coalesce(periods.period_state, 'unknown')
        end as period_status,
        case when legs.leg_type = 'customer' then legs.lines_sum_status end as lines_sum_status,
        case when legs.leg_type = 'customer' then legs.tenders_sum_status end as tenders_sum_status,
        case when legs.leg_type <> 'customer' then null when used_keys.posting_key is null then 'free' else 'used' end as key_status,
        case when legs.leg_type = 'customer' and legs.is_store_mapped then legs.currency_status end as currency_status
    from legs
    left join {{ ref('stg_operations__companies') }} as companies
        on legs.company_id = companies.company_id
    left join {{ ref('stg_ledger__nominal_codes') }} as nominals
        on
            legs.company_id = nominals.company_id
            and legs.nominal_code = nominals.nominal_code
            and coalesce(legs.cost_centre, '') = nominals.cost_centre
            and coalesce(legs.department, '') = nominals.department
    left join {{ ref('stg_ledger__tax_codes') }} as tax_codes
        on legs.company_id = tax_codes.company_id and legs.tax_code = tax_codes.tax_code
    -- what is taken through a clearing bank needs that in the place of a till customer
    left join {{ ref('int_grains_in_force') }} as clearing
        on
            legs.leg_type = 'customer'
            and not legs.is_on_account
            and legs.document_kind not in ('bank_receipt', 'bank_payment')
            and clearing.clearing_bank_code is not null
            and legs.company_id = clearing.company_id
            and legs.store_id = clearing.store_id
            and legs.business_date = clearing.business_date
    left join {{ ref('stg_ledger__banks') }} as banks
        on
            legs.company_id = banks.company_id
            and coalesce(clearing.clearing_bank_code, legs.bank_code) = banks.bank_code
    left join {{ ref('stg_ledger__customers') }} as customers
        on legs.company_id = customers.company_id and legs.customer_reference = customers.customer_reference
    left join {{ ref('int_periods_observed') }} as periods
        on
            legs.company_id = periods.company_id
            and legs.document_date between periods.period_start_date and periods.period_end_date
    left join used_keys on legs.posting_key = used_keys.posting_key
)

select * from looked_up
