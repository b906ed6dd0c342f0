-- What is wrong with each till's closures: one row per till, trading day and class. A day may have several.
with closures as (
    select
        *,
        'Till ' || till_id || ' on ' || cast(business_date as varchar) as till_day
    from {{ ref('till_closures') }}
),

-- what is over or short by a document of its own is under the verdict on that
told_by_documents as (
    select distinct
        company_id,
        store_id,
        till_id,
        business_date
    from {{ whole_of('document_verdicts') }} as verdicts
    where posting_key is not null and document_kind in ('bank_receipt', 'bank_payment')
),

missing as (
    select
        *,
        'closure_missing' as exception_class,
        'not_checked' as verdict,
        till_day || ': ' || cast(receipts as varchar) || ' receipts and no closure' as cause_detail,
        'Send the closure of that day; if the till was never closed, count it and say so.' as suggested_remedy,
        cast(0 as bigint) as effect_pence
    from closures
    where closure_verdict = 'missing'
),

repeated as (
    select
        *,
        'closure_repeated' as exception_class,
        'not_checked' as verdict,
        till_day || ': closure ' || repeated_closure_nos || ' was there on an earlier day' as cause_detail,
        'Find out whether the till was closed twice or sent a closure again.' as suggested_remedy,
        cast(0 as bigint) as effect_pence
    from closures
    where repeated_closure_nos is not null
),

skipped as (
    select
        *,
        'closure_number_gap' as exception_class,
        'not_checked' as verdict,
        till_day || ': closures ' || missing_closure_nos || ' never came' as cause_detail,
        'Send the closures of these numbers, with the receipts they count.' as suggested_remedy,
        cast(0 as bigint) as effect_pence
    from closures
    where missing_closure_nos is not null
),

unequal as (
    select
        *,
        'closure_unequal' as exception_class,
        'drifted' as verdict,
        till_day || ', closure against receipts: ' || concat_ws(
            ', ',
            case when contains(differences, 'receipts') then cast(closure_receipts as varchar) || ' and ' || cast(receipts as varchar) || ' receipts' end,
            case
                when contains(differences, 'sales')
                    then 'sales ' || cast({{ pounds('closure_sales_pence') }} as varchar) || ' and ' || cast({{ pounds('sales_pence') }} as varchar)
            end,
            case
                when contains(differences, 'returns')
                    then 'returns ' || cast({{ pounds('closure_returns_pence') }} as varchar) || ' and ' || cast({{ pounds('returns_pence') }} as varchar)
            end,
            case
                when contains(differences, 'cash')
                    then 'cash ' || cast({{ pounds('closure_cash_pence') }} as varchar) || ' and ' || cast({{ pounds('cash_pence') }} as varchar)
            end,
            case
                when contains(differences, 'card')
                    then 'card ' || cast({{ pounds('closure_card_pence') }} as varchar) || ' and ' || cast({{ pounds('card_pence') }} as varchar)
            end
        ) as cause_detail,
        'Compare the till''s journal with the receipts delivered; send what is missing.' as suggested_remedy,
        {{ whole('coalesce(closure_sales_pence, sales_pence) + coalesce(closure_returns_pence, returns_pence) - sales_pence - returns_pence') }} as effect_pence
    from closures
    where closure_verdict = 'unequal'
),

over_short as (
    select
        *,
        'cash_over_short' as exception_class,
        'drifted' as verdict,
        till_day || ': counted ' || cast({{ pounds('counted_cash_pence') }} as varchar)
        || ', taken ' || cast({{ pounds('(counted_cash_pence - cash_over_short_pence)') }} as varchar) as cause_detail,
        'Count again; then book the difference to cash over and short.' as suggested_remedy,
        cash_over_short_pence as effect_pence
    from closures
    where
        cash_over_short_pence <> 0
        and (company_id, store_id, till_id, business_date) not in (
            select
                company_id,
                store_id,
                till_id,
                business_date
            from told_by_documents
        )
),

unioned as (
    select * from missing
    union all
    select * from repeated
    union all
    select * from skipped
    union all
    select * from unequal
    union all
    select * from over_short
),

classed as (
    select
        company_id,
        'closure:' || store_code || ':' || till_id || ':' || cast(business_date as varchar) || ':' || exception_class as document_id,
        store_id,
        till_id,
        business_date,
        exception_class,
        'operations' as owner,
        verdict,
        case when verdict = 'drifted' then 'amount' else '' end as drift_kinds,
        cause_detail,
        suggested_remedy,
        {{ whole('sales_pence + returns_pence') }} as receipts_pence,
        effect_pence
    from unioned
    union all
    -- told with the till's day on which the number after it was printed
    select
        company_id,
        'closure:' || store_code || ':' || till_id || ':' || cast(business_date as varchar) || ':receipt_number_gap' as document_id,
        store_id,
        till_id,
        business_date,
        'receipt_number_gap' as exception_class,
        'operations' as owner,
        'not_checked' as verdict,
        '' as drift_kinds,
        'Till ' || till_id || ' on ' || cast(business_date as varchar) || ': receipts ' || missing_receipt_nos
        || ' never came (' || cast(missing_count as varchar) || ')' as cause_detail,
        'Send the receipts of these numbers; look in the till''s journal for what they were.' as suggested_remedy,
        cast(0 as bigint) as receipts_pence,
        cast(0 as bigint) as effect_pence
    from {{ ref('int_receipt_numbers_skipped') }}
)

select * from classed
