{{ config(tags=['money']) }}
-- No document of Sage answers for two receipts, and no receipt is answered twice.
select ledger_document_id as subject, count(*) as times_used
from {{ ref('int_matches_unioned') }}
group by ledger_document_id
having count(*) > 1
union all
select posting_key as subject, count(*) as times_used
from {{ ref('int_matches_unioned') }}
group by posting_key
having count(*) > 1
