-- Everything Sage gave a URN to, once: sales ledger documents, then cash book ones, then journals without either.
with sales as (
    select
        company_id,
        urn,
        'sales' as source_ledger,
        case trader_transaction_type
            when 'TradingAccountEntryTypeInvoice' then 'invoice'
            when 'TradingAccountEntryTypeOpeningBalanceInvoice' then 'invoice'
            when 'TradingAccountEntryTypeCreditNote' then 'credit_note'
            when 'TradingAccountEntryTypeOpeningBalanceCreditNote' then 'credit_note'
            when 'TradingAccountEntryTypePurchasePaymentSalesReceipt' then 'receipt'
            when 'TradingAccountEntryTypePurchaseReceiptSalesPayment' then 'payment'
            else 'other'
        end as document_kind,
        reference,
        second_reference,
        customer_id,
        transaction_date,
        {{ whole('abs(gross_pence)') }} as gross_pence,
        {{ whole('abs(tax_pence)') }} as tax_pence,
        {{ whole('abs(net_pence)') }} as net_pence,
        user_name,
        allocated_pence <> 0 as is_allocated,
        {{ whole('abs(gross_pence) - abs(allocated_pence)') }} as unallocated_pence,
        posted_at,
        vat_reconciled_date
    from {{ ref('stg_ledger__sales_transactions') }}
),

bank_entries as (
    select
        company_id,
        urn,
        -- of a transfer, the bank that paid and the one that received
        min_by(bank_id, signed_pence) as bank_id,
        max_by(bank_id, signed_pence) as to_bank_id,
        min(reference) as reference,
        min(second_reference) as second_reference,
        min(transaction_date) as transaction_date,
        {{ whole('sum(signed_pence)') }} as signed_pence,
        {{ whole('max(abs(signed_pence))') }} as gross_pence,
        {{ whole('count(*)') }} as entry_count,
        min(user_name) as user_name,
        min(posted_at) as posted_at,
        min(vat_reconciled_date) as vat_reconciled_date,
        max(last_statement_date) as last_statement_date
    from {{ ref('stg_ledger__bank_transactions') }}
    group by company_id, urn
),

bank_taxes as (
    select
        company_id,
        urn,
        {{ whole('abs(sum(tax_pence))') }} as tax_pence
    from {{ ref('stg_ledger__bank_tax_items') }}
    group by company_id, urn
),

cash_book as (
    select
        bank_entries.company_id,
        bank_entries.urn,
        'bank' as source_ledger,
        case
            when bank_entries.entry_count > 1 then 'transfer'
            when bank_entries.signed_pence >= 0 then 'bank_receipt'
            else 'bank_payment'
        end as document_kind,
        bank_entries.reference,
        bank_entries.second_reference,
        cast(null as bigint) as customer_id,
        bank_entries.transaction_date,
        bank_entries.gross_pence,
        coalesce(bank_taxes.tax_pence, 0) as tax_pence,
        {{ whole('bank_entries.gross_pence - coalesce(bank_taxes.tax_pence, 0)') }} as net_pence,
        bank_entries.user_name,
        false as is_allocated,
        cast(0 as bigint) as unallocated_pence,
        bank_entries.posted_at,
        bank_entries.vat_reconciled_date
    from bank_entries
    left join bank_taxes
        on bank_entries.company_id = bank_taxes.company_id and bank_entries.urn = bank_taxes.urn
    left join sales
        on bank_entries.company_id = sales.company_id and bank_entries.urn = sales.urn
    where sales.urn is null
),

nominal as (
    select
        company_id,
        urn,
        min(reference) as reference,
        min(transaction_date) as transaction_date,
        min(financial_year_start_date) as financial_year_start_date,
        min(period_number) as period_number,
        min(user_name) as user_name,
        bool_or(leg_role = 'suspense') as is_in_suspense,
        {{ whole('sum(debit_pence)') }} as debit_pence
    from {{ ref('int_ledger_lines_classed') }}
    group by company_id, urn
),

journals as (
    select
        nominal.company_id,
        nominal.urn,
        'nominal' as source_ledger,
        'journal' as document_kind,
        nominal.reference,
        cast(null as varchar) as second_reference,
        cast(null as bigint) as customer_id,
        nominal.transaction_date,
        nominal.debit_pence as gross_pence,
        cast(0 as bigint) as tax_pence,
        nominal.debit_pence as net_pence,
        nominal.user_name,
        false as is_allocated,
        cast(0 as bigint) as unallocated_pence,
        cast(null as timestamp) as posted_at,
        cast(null as date) as vat_reconciled_date
    from nominal
    left join sales
        on nominal.company_id = sales.company_id and nominal.urn = sales.urn
    left join bank_entries
        on nominal.company_id = bank_entries.company_id and nominal.urn = bank_entries.urn
    where sales.urn is null and bank_entries.urn is null
),

unioned as (
    select * from sales
    union all
    select * from cash_book
    union all
    select * from journals
),

-- what takings are taken through: money that leaves one is takings, money that goes back into it what was given back
clearing_banks as (
    select distinct
        company_id,
        clearing_bank_code
    from {{ ref('stg_operations__store_grains') }}
    where clearing_bank_code is not null
),

described as (
    select
        unioned.company_id || ':' || unioned.source_ledger || ':' || cast(unioned.urn as varchar) as ledger_document_id,
        unioned.company_id,
        unioned.source_ledger,
        unioned.urn,
        unioned.document_kind,
        unioned.reference,
        unioned.second_reference,
        customers.customer_reference,
        banks.bank_code,
        case when unioned.document_kind = 'transfer' then to_banks.bank_code end as to_bank_code,
        unioned.transaction_date as document_date,
        unioned.gross_pence,
        unioned.net_pence,
        unioned.tax_pence,
        unioned.user_name,
        unioned.is_allocated,
        unioned.unallocated_pence,
        bank_entries.last_statement_date is not null as is_bank_reconciled,
        unioned.vat_reconciled_date is not null as is_vat_reconciled,
        -- Sage 50 marks what was on a return; Sage 200 does not tell: what lay there when its period's return was filed
        unioned.vat_reconciled_date is not null
        or ({{ is_sales_kind('unioned.document_kind') }} and coalesce(cast(unioned.posted_at as date) <= vat_periods.filed_on, false)) as is_on_filed_return,
        nominal.urn is not null as is_in_nominal,
        coalesce(nominal.is_in_suspense, false) as is_in_suspense,
        nominal.financial_year_start_date,
        nominal.period_number,
        periods.period_start_date,
        case when {{ is_sales_kind('unioned.document_kind') }} then {{ direction_of('unioned.document_kind') }} * unioned.gross_pence else 0 end as sales_pence,
        case
            when unioned.document_kind in ('receipt', 'payment') then {{ direction_of('unioned.document_kind') }} * unioned.gross_pence
            when unioned.document_kind <> 'transfer' then 0
            when out_of.clearing_bank_code is not null then unioned.gross_pence
            when into_it.clearing_bank_code is not null then -unioned.gross_pence
            else 0
        end as takings_pence
    from unioned
    left join {{ ref('stg_ledger__customers') }} as customers
        on unioned.company_id = customers.company_id and unioned.customer_id = customers.customer_id
    left join bank_entries
        on unioned.company_id = bank_entries.company_id and unioned.urn = bank_entries.urn
    left join {{ ref('stg_ledger__banks') }} as banks
        on bank_entries.company_id = banks.company_id and bank_entries.bank_id = banks.bank_id
    left join {{ ref('stg_ledger__banks') }} as to_banks
        on bank_entries.company_id = to_banks.company_id and bank_entries.to_bank_id = to_banks.bank_id
    left join clearing_banks as out_of
        on banks.company_id = out_of.company_id and banks.bank_code = out_of.clearing_bank_code
    left join clearing_banks as into_it
        on to_banks.company_id = into_it.company_id and to_banks.bank_code = into_it.clearing_bank_code
    left join nominal
        on unioned.company_id = nominal.company_id and unioned.urn = nominal.urn
    left join {{ ref('stg_ledger__periods') }} as periods
        on
            nominal.company_id = periods.company_id
            and nominal.financial_year_start_date = periods.financial_year_start_date
            and nominal.period_number = periods.period_number
    left join {{ ref('stg_operations__vat_periods') }} as vat_periods
        on
            unioned.company_id = vat_periods.company_id
            and unioned.transaction_date between vat_periods.valid_from and vat_periods.valid_to
)

select * from described
