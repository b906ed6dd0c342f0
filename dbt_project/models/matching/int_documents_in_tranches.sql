-- Rung 1 for a day's summary of ours: the ledger document bears its posting key, and stands for the receipts' documents that it
-- was decided with, by leg. A document that was corrected later is in several of them.
with members as (
    select * from {{ ref('stg_tranches__members') }}
),

ledger_documents as (
    select
        ledger.*,
        {{ first_revision('ledger.our_key') }} as tranche_key,
        row_number() over (
            partition by {{ first_revision('ledger.our_key') }}
            order by
                case when ledger.is_bank_reconciled or ledger.is_on_filed_return then 0 when ledger.is_allocated then 1 else 2 end,
                ledger.urn
        ) as survivor_rank
    from {{ ref('int_ledger_documents_unreversed') }} as ledger
    where ledger.our_key in (select tranche_key from members)
),

found as (
    select
        members.*,
        ledger.ledger_document_id,
        ledger.document_date as ledger_date,
        ledger.period_start_date as ledger_period,
        ledger.is_in_nominal,
        ledger.is_in_suspense,
        ledger.bank_code as ledger_bank_code,
        case
            when members.document_kind <> 'transfer' or ledger.document_kind <> 'transfer' then ledger.sales_pence + ledger.takings_pence
            -- between other banks than was decided it moves nothing of this
            when ledger.bank_code = members.clearing_bank_code and ledger.to_bank_code = members.bank_code then ledger.gross_pence
            when ledger.bank_code = members.bank_code and ledger.to_bank_code = members.clearing_bank_code then -ledger.gross_pence
            else 0
        end as ledger_pence,
        {{ direction_of('ledger.document_kind') }} * ledger.tax_pence as ledger_tax_pence,
        expected.posting_key is not null as is_expected,
        dense_rank() over (partition by members.member_key order by members.business_date, members.tranche, members.tranche_key) as place
    from members
    inner join ledger_documents as ledger
        on
            members.company_id = ledger.company_id
            and members.tranche_key = ledger.tranche_key
            and ledger.survivor_rank = 1
    left join {{ ref('expected_documents') }} as expected
        on members.member_key = expected.posting_key and expected.document_kind <> 'none'
)

select * from found
