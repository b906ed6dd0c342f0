-- Sage 200 amends the head of a posted document, and a repair of its database may change anything. Allocations, statements
-- and the move to the historical transactions are its ordinary life, and no change.
with sales as (
    select * from {{ restated_facts(landed_of_judged_months(source('sage200', 'sales_posted_transactions')), 'urn', {
        'document_date': 'transaction_date', 'customer': 'customer_id', 'reference': "coalesce(reference, '')",
        'net': 'document_goods_value', 'tax': 'document_tax_value'}) }}
),

bank as (
    select * from {{ restated_facts(landed_of_judged_months(source('sage200', 'bank_posted_transactions')), 'urn', {
        'document_date': 'transaction_date', 'bank': 'bank_id', 'amount': 'cheque_value'}) }}
),

taxes as (
    select * from {{ restated_facts(landed_of_judged_months(source('sage200', 'sales_tax_items')), 'urn', {
        'tax_code': 'tax_code', 'tax_item_net': 'goods_amount', 'tax_item_vat': 'tax_amount'}) }}
),

lines as (
    select * from {{ restated_facts(landed_of_judged_months(source('sage200', 'nominal_transactions')), 'urn', {
        'nominal': 'nominal_code_id', 'line_amount': 'debit - credit', 'line_date': 'transaction_date'}) }}
),

unioned as (
    select * from sales
    union all
    select * from bank
    union all
    select * from taxes
    union all
    select * from lines
)

select * from unioned
