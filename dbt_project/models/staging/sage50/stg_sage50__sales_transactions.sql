with documents as (
    select * from {{ ref('int_sage50__documents_gathered') }}
    where transaction_type in ('SI', 'SC', 'SA', 'SR', 'SP', 'SD')
),

shaped as (
    select
        company_id,
        urn as transaction_id,
        {{ number_of('account_ref') }} as customer_id,
        case
            when transaction_type = 'SI' then 'TradingAccountEntryTypeInvoice'
            -- a settlement discount takes off what is owed, and goes through no bank
            when transaction_type in ('SC', 'SD') then 'TradingAccountEntryTypeCreditNote'
            when transaction_type in ('SA', 'SR') then 'TradingAccountEntryTypePurchasePaymentSalesReceipt'
            when transaction_type = 'SP' then 'TradingAccountEntryTypePurchaseReceiptSalesPayment'
            else transaction_type
        end as trader_transaction_type,
        reference,
        second_reference,
        transaction_date,
        posted_at,
        net_pence,
        tax_pence,
        net_pence + tax_pence as gross_pence,
        paid_pence as allocated_pence,
        urn,
        user_name,
        vat_reconciled_date,
        false as is_historical
    from documents
)

select * from shaped
