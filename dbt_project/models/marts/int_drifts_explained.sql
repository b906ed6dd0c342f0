-- A difference that a named and permitted policy explains: tax rounded on another permitted basis, within the company's cap;
-- or a closed period's document in the next open one, as Sage does by itself.
with listed as (
    select
        posting_key,
        {{ list_of('drift_kind') }} as drift_kinds
    from {{ ref('document_drifts') }}
    group by posting_key
),

explained as (
    select
        compared.company_id,
        compared.posting_key,
        coalesce(listed.drift_kinds, '') as drift_kinds,
        case
            when
                listed.drift_kinds in ('tax_amount', 'amount,tax_amount')
                and compared.expected_net_pence = compared.ledger_net_pence
                and abs(compared.expected_tax_pence - compared.ledger_tax_pence) <= compared.tax_rounding_cap_pence
                then case
                    when compared.ledger_tax_pence = compared.tax_by_receipt_pence then 'tax_rounded_half_up_by_receipt'
                    when compared.ledger_tax_pence = compared.tax_by_line_pence then 'tax_rounded_half_up_by_line'
                end
            when
                listed.drift_kinds = 'period'
                and compared.expected_period_state = 'closed'
                and compared.ledger_period = compared.next_open_period_start_date then 'late_to_next_period'
        end as policy
    from {{ ref('int_documents_compared') }} as compared
    left join listed on compared.posting_key = listed.posting_key
)

select * from explained
