{{ config(tags=['money']) }}
-- Every URN's lines in the nominal ledger balance; where they do not, extraction lost a line.
select company_id, urn, sum(debit_pence) - sum(credit_pence) as difference_pence
from {{ ref('stg_ledger__nominal_transactions') }}
group by company_id, urn
having sum(debit_pence) <> sum(credit_pence)
