-- What each open document does to the books, by effect, signed as tills less Sage. Value at risk is the largest of the first
-- three: of what a journal carries, the VAT that it leaves out, or that is on no return.
with classed as (
    select * from {{ ref('int_documents_classed') }}
),

outside_scope as (
    select * from {{ ref('int_outside_scope_summed') }}
),

effects as (
    select
        classed.*,
        case
            when is_sales or verdict = 'covered_by_journal' then 0
            when verdict in ('in_suspense', 'deferred', 'ambiguous') then direction * expected_gross_pence
            else direction * variance_pence
        end as takings_effect_pence,
        case
            when not is_sales or reason = 'carried_with_vat' then 0
            when verdict in ('deferred', 'ambiguous') then direction * expected_tax_pence
            else direction * (expected_tax_pence - coalesce(ledger_tax_pence, 0))
        end as vat_effect_pence,
        case
            when reason = 'carried_with_vat' then 0
            -- cash over and short is money and a gain or loss at once
            when not is_sales and document_kind in ('bank_receipt', 'bank_payment') and verdict in ('in_suspense', 'deferred', 'ambiguous')
                then direction * expected_gross_pence
            when not is_sales and document_kind in ('bank_receipt', 'bank_payment') then direction * variance_pence
            when not is_sales then 0
            when reason = 'vat_not_on_return' then 0
            -- the journal booked the VAT as sales
            when reason in ('carried_without_vat', 'vat_neither_booked_nor_on_return') then -direction * expected_tax_pence
            when verdict in ('in_suspense', 'deferred', 'ambiguous') then direction * expected_net_pence
            else direction * (expected_net_pence - coalesce(ledger_net_pence, 0))
        end as profit_effect_pence,
        case
            when not is_sales or reason = 'carried_with_vat' then 0
            -- its receipts agree, and none of them is on a return: how much that is, the day does not tell
            when reason = 'vat_not_on_return' and document_kind = 'sales_summary' then null
            when verdict in ('deferred', 'ambiguous', 'covered_by_journal')
                then direction * (expected_net_pence - coalesce(expected_outside.outside_scope_pence, 0))
            else
                direction * (
                    expected_net_pence - coalesce(expected_outside.outside_scope_pence, 0)
                    - coalesce(ledger_net_pence, 0) + coalesce(ledger_outside.outside_scope_pence, 0)
                )
        end as box_6_effect_pence,
        case
            when verdict = 'drifted' and regexp_matches(drift_kinds, 'nominal|customer|bank|date|period|tax_code')
                then direction * expected_gross_pence
            else 0
        end as classification_effect_pence
    from classed
    left join outside_scope as expected_outside
        on expected_outside.side = 'expected' and classed.posting_key = expected_outside.document_id
    left join outside_scope as ledger_outside
        on ledger_outside.side = 'ledger' and classed.ledger_document_id = ledger_outside.document_id
),

valued as (
    select
        * exclude (takings_effect_pence, vat_effect_pence, profit_effect_pence, classification_effect_pence, box_6_effect_pence),
        {{ whole('takings_effect_pence') }} as takings_effect_pence,
        {{ whole('vat_effect_pence') }} as vat_effect_pence,
        {{ whole('box_6_effect_pence') }} as box_6_effect_pence,
        {{ whole('profit_effect_pence') }} as profit_effect_pence,
        {{ whole('classification_effect_pence') }} as classification_effect_pence,
        {{ whole('greatest(abs(takings_effect_pence), abs(vat_effect_pence), abs(profit_effect_pence))') }} as value_at_risk_pence
    from effects
)

select * from valued
