-- What is wrong with a receipt in itself, whatever Sage holds: one row per receipt and class, and per store-day where the store
-- works VAT out by the day. What the gate says of a missing document is not said a second time.
with receipts as (
    select
        receipts.*,
        receipts.verdict = 'missing_in_ledger' as is_told_by_the_gate,
        stores.tax_basis,
        stores.tax_rounding,
        stores.price_basis,
        {{ tax_policy_name('stores.tax_basis', 'stores.tax_rounding', 'stores.price_basis') }} as declared_policy
    from {{ ref('receipts') }} as receipts
    left join {{ ref('stg_operations__stores') }} as stores
        on
            receipts.company_id = stores.company_id
            and receipts.store_id = stores.store_id
            and {{ is_in_force('stores', 'receipts.document_date') }}
    where receipts.is_money and receipts.is_complete and receipts.verdict <> 'not_checked'
),

wrong_lines as (
    select
        *,
        'lines_do_not_add_up' as exception_class,
        'Receipt ' || receipt_no || ' of ' || store_id || ': net and VAT of a line are not its gross' as cause_detail,
        'Have the till export the receipt again, whole.' as suggested_remedy,
        0 as takings_pence,
        0 as vat_pence,
        gross_pence - net_pence - tax_pence as profit_pence
    from receipts
    where not do_lines_add_up and not is_told_by_the_gate
),

-- Within its grace a receipt's tenders may still be on their way.
wrong_tenders as (
    select
        *,
        'tenders_do_not_add_up' as exception_class,
        'Receipt ' || receipt_no || ' of ' || store_id || ': tendered ' || cast({{ pounds('tender_pence - tip_pence') }} as varchar)
        || ', sold ' || cast({{ pounds('gross_pence') }} as varchar) as cause_detail,
        'Have the till export the receipt''s tenders again, whole.' as suggested_remedy,
        tender_pence - tip_pence - gross_pence as takings_pence,
        0 as vat_pence,
        0 as profit_pence
    from receipts
    where tender_pence - tip_pence <> gross_pence and not is_told_by_the_gate and verdict <> 'pending'
),

-- One cause for all of them: the till is set otherwise than its store declares. A penny is enough, no tolerance is asked.
wrong_roundings as (
    select
        *,
        'till_rounding_broken' as exception_class,
        'Till ' || till_id || ' of ' || store_id || ' does not keep to ' || declared_policy as cause_detail,
        'Set the till''s VAT rounding right, or declare the one it uses.' as suggested_remedy,
        0 as takings_pence,
        tax_off_policy_pence as vat_pence,
        0 as profit_pence
    from receipts
    where not is_tax_by_policy
),

-- The rate that was printed, against the one that the tax mapping has for the day; VAT on what is outside its scope.
legs_at_another_rate as (
    select
        company_id,
        event_id,
        {{ list_of("till_tax_code || ' at ' || cast(tax_rate_thousandths * cast(0.001 as decimal(4, 3)) as varchar) || '%'") }} as printed,
        sum(case when document_kind = 'credit_note' then -1 else 1 end * (
            tax_pence - {{ tax_by_policy('net_pence', 'net_pence', 'required_rate_thousandths', "'half_up'", "'net'") }}
        )) as vat_pence
    from {{ ref('int_nominal_legs_mapped') }}
    where
        (not is_outside_scope and tax_rate_thousandths <> required_rate_thousandths)
        or (is_outside_scope and tax_pence <> 0)
    group by company_id, event_id
),

wrong_rates as (
    select
        receipts.*,
        'till_rate_not_in_force' as exception_class,
        'Till ' || receipts.till_id || ' of ' || receipts.store_id || ' printed ' || legs.printed || ', another rate was in force' as cause_detail,
        'Correct the till''s rate, or the dates of the tax mapping.' as suggested_remedy,
        0 as takings_pence,
        legs.vat_pence,
        0 as profit_pence
    from receipts
    inner join legs_at_another_rate as legs on receipts.company_id = legs.company_id and receipts.event_id = legs.event_id
    where not receipts.is_told_by_the_gate
),

-- What came back of each SKU of a sale, with all that came back of it before; and what was sold.
returned as (
    select
        receipts.company_id,
        receipts.event_id,
        receipts.original_event_id,
        lines.sku,
        sum(-lines.gross_pence) as returned_pence,
        sum(sum(-lines.gross_pence)) over by_then as returned_by_then_pence,
        sum(sum(-lines.quantity)) over by_then as units_by_then
    from {{ ref('receipts') }} as receipts
    inner join {{ ref('receipt_lines') }} as lines
        on receipts.company_id = lines.company_id and receipts.event_id = lines.event_id
    where receipts.original_event_id is not null and receipts.is_money and lines.is_return
    group by receipts.company_id, receipts.event_id, receipts.original_event_id, receipts.sold_at, lines.sku
    window by_then as (
        partition by receipts.company_id, receipts.original_event_id, lines.sku order by receipts.sold_at, receipts.event_id
    )
),

sold as (
    select
        company_id,
        event_id,
        sku,
        sum(gross_pence) as sold_pence,
        sum(quantity) as units
    from {{ ref('receipt_lines') }}
    where not is_return and event_id in (select original_event_id from returned)
    group by company_id, event_id, sku
),

returned_above as (
    select
        returned.company_id,
        returned.event_id,
        {{ list_of('returned.sku') }} as skus,
        sum(greatest(least(returned.returned_by_then_pence - coalesce(sold.sold_pence, 0), returned.returned_pence), 0)) as above_pence
    from returned
    inner join {{ ref('receipts') }} as sales
        on returned.company_id = sales.company_id and returned.original_event_id = sales.event_id
    left join sold
        on returned.company_id = sold.company_id and returned.original_event_id = sold.event_id and returned.sku = sold.sku
    where
        sales.is_complete
        and (returned.units_by_then > coalesce(sold.units, 0) or returned.returned_by_then_pence > coalesce(sold.sold_pence, 0))
    group by returned.company_id, returned.event_id
),

above_sold as (
    select
        receipts.*,
        'returned_above_sold' as exception_class,
        'Receipt ' || receipts.receipt_no || ' of ' || receipts.store_id || ' brings back more ' || returned_above.skus
        || ' than was sold on ' || receipts.original_receipt_no as cause_detail,
        'Ask the store what was paid back, and why.' as suggested_remedy,
        -returned_above.above_pence as takings_pence,
        0 as vat_pence,
        0 as profit_pence
    from receipts
    inner join returned_above on receipts.company_id = returned_above.company_id and receipts.event_id = returned_above.event_id
),

of_receipts as (
    select * from wrong_lines
    union all
    select * from wrong_tenders
    union all
    select * from wrong_roundings
    union all
    select * from wrong_rates
    union all
    select * from above_sold
),

-- A day is asked when all of it is known.
days as (
    select
        receipts.company_id,
        receipts.store_id,
        receipts.business_date,
        receipts.declared_policy,
        sum(lines.tax_pence)
        - {{ tax_by_policy('sum(lines.net_pence)', 'sum(lines.gross_pence)', 'lines.tax_rate_thousandths', 'min(receipts.tax_rounding)', 'min(receipts.price_basis)') }} as vat_pence,
        sum(lines.gross_pence) as gross_pence,
        bool_or(receipts.verdict = 'pending') as is_pending
    from receipts
    inner join {{ ref('receipt_lines') }} as lines
        on receipts.company_id = lines.company_id and receipts.event_id = lines.event_id
    where receipts.tax_basis = 'store_day' and not lines.is_return
    group by
        receipts.company_id, receipts.store_id, receipts.business_date, receipts.declared_policy,
        lines.till_tax_code, lines.tax_rate_thousandths
),

unioned as (
    select
        company_id,
        'receipt:' || event_id || ':' || exception_class as document_id,
        'till_receipt' as subject_kind,
        store_id,
        till_id,
        business_date,
        document_date,
        event_id,
        receipt_no,
        exception_class,
        case when exception_class in ('till_rounding_broken', 'till_rate_not_in_force') then 'finance' else 'operations' end as owner,
        cause_detail,
        suggested_remedy,
        gross_pence,
        takings_pence,
        vat_pence,
        profit_pence
    from of_receipts
    union all
    select
        company_id,
        'receipts:' || store_id || ':' || cast(business_date as varchar) || ':till_rounding_broken' as document_id,
        'store_day' as subject_kind,
        store_id,
        cast(null as varchar) as till_id,
        business_date,
        cast(null as date) as document_date,
        cast(null as varchar) as event_id,
        cast(null as varchar) as receipt_no,
        'till_rounding_broken' as exception_class,
        'finance' as owner,
        'Tills of ' || store_id || ' do not keep to ' || declared_policy as cause_detail,
        'Set the tills'' VAT rounding right, or declare the one they use.' as suggested_remedy,
        sum(gross_pence) as gross_pence,
        0 as takings_pence,
        sum(vat_pence) as vat_pence,
        0 as profit_pence
    from days
    group by company_id, store_id, business_date, declared_policy
    having bool_or(vat_pence <> 0) and not bool_or(is_pending)
),

classed as (
    select
        company_id,
        document_id,
        subject_kind,
        store_id,
        till_id,
        business_date,
        document_date,
        event_id,
        receipt_no,
        exception_class,
        owner,
        'drifted' as verdict,
        case when exception_class in ('lines_do_not_add_up', 'tenders_do_not_add_up', 'returned_above_sold') then 'amount' else 'tax_amount' end as drift_kinds,
        cause_detail,
        suggested_remedy,
        {{ whole('gross_pence') }} as gross_pence,
        {{ whole('takings_pence') }} as takings_effect_pence,
        {{ whole('vat_pence') }} as vat_effect_pence,
        {{ whole('profit_pence') }} as profit_effect_pence,
        {{ whole('greatest(abs(takings_pence), abs(vat_pence), abs(profit_pence))') }} as value_at_risk_pence
    from unioned
)

select * from classed
