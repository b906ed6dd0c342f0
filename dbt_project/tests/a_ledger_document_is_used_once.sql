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
union all
select document_id as subject, count(*) as times_used
from {{ ref('int_documents_grouped') }}
where side = 'expected'
group by document_id
having count(*) > 1
union all
select grouped.document_id as subject, 2 as times_used
from {{ ref('int_documents_grouped') }} as grouped
inner join {{ ref('int_matches_unioned') }} as matches on grouped.document_id = matches.posting_key
union all
select grouped.document_id as subject, 2 as times_used
from {{ ref('int_documents_grouped') }} as grouped
inner join {{ ref('int_matches_unioned') }} as matches on grouped.document_id = matches.ledger_document_id
