-- The same sale twice at the till: a receipt of which Sage has nothing, and another of its store, printed in the same moment with
-- the same lines and tenders, which Sage has. Believed where one till cannot have sold both: the same till, and the time is printed
-- to the second or there are two lines or more. Else it is a doubt. Where Sage has both, they are two sales; where it has
-- neither, the first by number is one, and what the rest are will show when that is posted.
with in_summaries as (
    select
        member_key,
        min(ledger_document_id) as ledger_document_id
    from {{ ref('int_documents_in_tranches') }}
    where place = 1
    group by member_key
),

documents as (
    select
        expected.company_id,
        expected.event_id,
        expected.posting_key,
        expected.document_kind,
        expected.ordinal,
        expected.sold_at,
        expected.is_store_mapped and expected.is_complete and expected.currency_status = 'home' as is_judgeable,
        coalesce(matches.ledger_document_id, in_summaries.ledger_document_id) as ledger_document_id
    from {{ ref('expected_documents') }} as expected
    left join {{ ref('int_matches_unioned') }} as matches on expected.posting_key = matches.posting_key
    left join in_summaries on expected.posting_key = in_summaries.member_key
    where expected.document_kind <> 'none'
),

events as (
    select
        company_id,
        event_id,
        bool_and(ledger_document_id is null and is_judgeable) as is_missing,
        bool_and(ledger_document_id is not null) as is_found
    from documents
    group by company_id, event_id
),

told_otherwise as (
    select document_id as posting_key from {{ ref('int_documents_grouped') }}
    where side = 'expected'
    union
    select document_id as posting_key from {{ ref('int_documents_ambiguous') }}
    union
    select posting_key from {{ ref('int_documents_covered_by_journal') }}
    union
    select posting_key from {{ ref('int_match_decisions_weighed') }}
    where is_in_force and ledger_document_id is null
),

missing_events as (
    select
        events.company_id,
        events.event_id
    from events
    inner join documents on events.company_id = documents.company_id and events.event_id = documents.event_id
    left join told_otherwise on documents.posting_key = told_otherwise.posting_key
    left join {{ ref('stg_operations__companies') }} as companies on documents.company_id = companies.company_id
    cross join {{ ref('stg_run__pass') }} as pass
    where events.is_missing
    group by events.company_id, events.event_id
    having
        bool_and(told_otherwise.posting_key is null)
        and bool_and({{ seconds_between('documents.sold_at', 'pass.as_of') }} >= coalesce(companies.grace_hours, 0) * 3600)
),

missing as (
    select receipts.*
    from missing_events
    inner join {{ ref('int_receipts_totalled') }} as receipts
        on missing_events.company_id = receipts.company_id and missing_events.event_id = receipts.event_id
),

pairs as (
    select
        missing.company_id,
        missing.event_id,
        twins.event_id as twin_event_id,
        twins.receipt_no as twin_receipt_no,
        twins.till_id as twin_till_id,
        events.is_found,
        missing.till_id = twins.till_id
        and (extract(second from missing.sold_at_local) > 0 or missing.line_count > 1) as is_one_by_till
    from missing
    inner join {{ ref('int_receipts_totalled') }} as twins
        on
            missing.company_id = twins.company_id
            and missing.store_id = twins.store_id
            and missing.sold_at_local = twins.sold_at_local
            and missing.receipt_kind = twins.receipt_kind
            and missing.gross_pence = twins.gross_pence
            and missing.tax_pence = twins.tax_pence
            and missing.line_count = twins.line_count
            and coalesce(missing.customer_no, '') = coalesce(twins.customer_no, '')
            and missing.event_id <> twins.event_id
    inner join events on twins.company_id = events.company_id and twins.event_id = events.event_id
    left join missing_events
        on twins.company_id = missing_events.company_id and twins.event_id = missing_events.event_id
    where
        events.is_found
        or (missing_events.event_id is not null and twins.receipt_no || ' ' || twins.event_id < missing.receipt_no || ' ' || missing.event_id)
),

paired as (
    select
        company_id,
        event_id
    from pairs
    union
    select
        company_id,
        twin_event_id as event_id
    from pairs
),

printed as (
    select
        paired.company_id,
        paired.event_id,
        lines.sku || ' ' || cast(lines.quantity as varchar) || ' ' || cast(lines.net_pence as varchar) || ' '
        || cast(lines.tax_pence as varchar) || ' ' || coalesce(lines.till_tax_code, '') as words
    from paired
    inner join {{ ref('receipt_lines') }} as lines on paired.company_id = lines.company_id and paired.event_id = lines.event_id
    union all
    select
        paired.company_id,
        paired.event_id,
        cast(tenders.tender_no as varchar) || ' ' || tenders.tender_type || ' ' || cast(tenders.tender_pence as varchar) as words
    from paired
    inner join {{ ref('receipt_tenders') }} as tenders on paired.company_id = tenders.company_id and paired.event_id = tenders.event_id
),

contents as (
    select
        company_id,
        event_id,
        {{ sorted_list_of('words') }} as content
    from printed
    group by company_id, event_id
),

alike as (
    select
        pairs.*,
        {{ whole('sum(case when pairs.is_found then 1 else 0 end) over (partition by pairs.company_id, pairs.event_id)') }} as found_twins,
        row_number() over (
            partition by pairs.company_id, pairs.event_id
            order by
                case when pairs.is_found then 0 else 1 end, case when pairs.is_one_by_till then 0 else 1 end,
                pairs.twin_receipt_no, pairs.twin_event_id
        ) as place
    from pairs
    inner join contents on pairs.company_id = contents.company_id and pairs.event_id = contents.event_id
    inner join contents as twin_contents
        on
            pairs.company_id = twin_contents.company_id
            and pairs.twin_event_id = twin_contents.event_id
            and contents.content = twin_contents.content
),

-- a person may say which it is: the very document of its like, or none of the candidates, which is_told_otherwise
words as (
    select distinct
        documents.company_id,
        documents.event_id
    from documents
    inner join {{ ref('stg_operations__match_decisions') }} as decisions on documents.posting_key = decisions.posting_key
    inner join alike
        on
            documents.company_id = alike.company_id
            and documents.event_id = alike.event_id
            and alike.place = 1
    inner join documents as twins
        on
            alike.company_id = twins.company_id
            and alike.twin_event_id = twins.event_id
            and decisions.ledger_document_id = twins.ledger_document_id
),

repeated as (
    select
        documents.company_id,
        documents.event_id,
        documents.posting_key,
        alike.twin_event_id,
        case
            when not alike.is_found then 'waits_for_its_like'
            when words.event_id is not null or (alike.is_one_by_till and alike.found_twins = 1) then 'copy'
            else 'may_be_a_copy'
        end as likeness,
        twins.ledger_document_id as candidates,
        'receipt ' || alike.twin_receipt_no || ' of till ' || alike.twin_till_id
        || ' was printed in the same moment with the same lines and tenders'
        || case when alike.is_found then ', and Sage has that one' else '; Sage has neither' end
        || case when words.event_id is not null then '; a person says it is the same' else '' end as evidence
    from alike
    inner join documents on alike.company_id = documents.company_id and alike.event_id = documents.event_id
    left join documents as twins
        on
            alike.company_id = twins.company_id
            and alike.twin_event_id = twins.event_id
            and documents.document_kind = twins.document_kind
            and documents.ordinal = twins.ordinal
    left join words on alike.company_id = words.company_id and alike.event_id = words.event_id
    where alike.place = 1
)

select * from repeated
