-- Days that must be judged together, for something on one is judged by something on the other: a later pass that judges one of
-- them judges both (orchestration/judged_days.py). Each knot ties several days; each of them is linked with the first.
with verdicts as (
    select * from {{ ref('document_verdicts') }}
),

-- a document and what it is matched with bear several dates
of_documents as (
    select
        company_id,
        'document' as reason,
        document_id as knot,
        unnest([business_date, document_date, ledger_date]) as day
    from verdicts
    where document_date <> business_date or ledger_date <> business_date
),

-- what a receipt once was matched with, and no longer is: as long as it is there, it has not gone
of_once_matched as (
    select
        held.company_id,
        'document' as reason,
        held.subject_id || ' ' || held.ledger_document_id as knot,
        unnest([held.business_date, ledger.document_date]) as day
    from {{ ref('stg_history__judgements') }} as held
    inner join {{ ref('int_ledger_documents_attributed') }} as ledger
        on held.company_id = ledger.company_id and held.ledger_document_id = ledger.ledger_document_id
    where
        held.subject_kind = 'document' and held.subject_id <> held.ledger_document_id
        and held.business_date <> ledger.document_date and {{ is_judged_now('held.business_date') }}
),

-- a receipt number may name any receipt that bears it
numbers as (
    select
        company_id,
        store_id,
        receipt_no
    from verdicts
    where receipt_no is not null
    group by company_id, store_id, receipt_no
    having min(least(business_date, document_date, ledger_date)) <> max(greatest(business_date, document_date, ledger_date))
),

of_numbers as (
    select
        verdicts.company_id,
        'receipt_number' as reason,
        verdicts.store_id || ' ' || verdicts.receipt_no as knot,
        unnest([verdicts.business_date, verdicts.document_date, verdicts.ledger_date]) as day
    from verdicts
    inner join numbers
        on
            verdicts.company_id = numbers.company_id
            and verdicts.store_id = numbers.store_id
            and verdicts.receipt_no = numbers.receipt_no
),

days_of as (
    select
        company_id,
        document_id,
        business_date as day
    from verdicts
    union all
    select
        company_id,
        ledger_document_id as document_id,
        document_date as day
    from {{ ref('int_ledger_documents_attributed') }}
),

named_beside as (
    select
        company_id,
        document_id,
        business_date,
        unnest(string_split(concat_ws(',', partner_id, candidates), ',')) as beside_id
    from verdicts
    where partner_id is not null or candidates is not null
),

of_partners as (
    select
        beside.company_id,
        'partner' as reason,
        beside.document_id || ' ' || beside.beside_id as knot,
        unnest([beside.business_date, days_of.day]) as day
    from named_beside as beside
    inner join days_of on beside.company_id = days_of.company_id and beside.beside_id = days_of.document_id
    where beside.business_date <> days_of.day
),

-- what undid a contra of ours is named by what that had undone
of_restored as (
    select
        restored.company_id,
        'partner' as reason,
        restored.ledger_document_id as knot,
        unnest([restored.document_date, targets.document_date]) as day
    from {{ ref('int_ledger_documents_attributed') }} as restored
    inner join {{ ref('int_ledger_documents_attributed') }} as targets on restored.restored_id = targets.ledger_document_id
    where restored.document_date <> targets.document_date
),

-- neither names the other, and they are as near as the company allows
of_near as (
    select
        near.company_id,
        'partner' as reason,
        near.posting_key || ' ' || near.ledger_document_id as knot,
        unnest([expected.business_date, expected.document_date, ledger.document_date]) as day
    from {{ ref('int_documents_matched_by_tolerance') }} as near
    inner join {{ ref('expected_documents') }} as expected on near.posting_key = expected.posting_key
    inner join {{ ref('int_ledger_documents_attributed') }} as ledger on near.ledger_document_id = ledger.ledger_document_id
    where near.residual_days <> 0 or expected.business_date <> expected.document_date
),

of_groups as (
    select
        grouped.company_id,
        'summary' as reason,
        grouped.group_id as knot,
        unnest([grouped.business_date, ledger.document_date]) as day
    from {{ ref('int_documents_grouped') }} as grouped
    inner join {{ ref('int_ledger_documents_attributed') }} as ledger on grouped.document_id = ledger.ledger_document_id
    where grouped.business_date <> ledger.document_date
),

-- what stands for a day, or may yet
of_named_days as (
    select
        company_id,
        'summary' as reason,
        ledger_document_id as knot,
        unnest([named_date, document_date]) as day
    from {{ ref('int_ledger_documents_attributed') }}
    where named_date <> document_date
),

-- a receipt of one day that was paid for after midnight
of_tenders as (
    select
        company_id,
        'document' as reason,
        'tender ' || cast(tendered_date as varchar) as knot,
        unnest([document_date, tendered_date]) as day
    from {{ ref('int_tenders_placed') }}
    where document_date <> tendered_date
),

of_returns as (
    select
        company_id,
        'return' as reason,
        event_id as knot,
        unnest([business_date, {{ date_of_event('original_event_id') }}]) as day
    from {{ ref('receipts') }}
    where original_event_id is not null
),

-- a journal may carry what a day of the 31 before it lacks; where no day lacks anything it is linked with itself alone
of_journals as (
    select
        journals.company_id,
        'journal' as reason,
        journals.ledger_document_id as knot,
        verdicts.business_date as day
    from {{ ref('int_journals_faced') }} as journals
    inner join verdicts
        on
            journals.company_id = verdicts.company_id
            and journals.store_id = verdicts.store_id
            and verdicts.business_date between journals.document_date - 31 and journals.document_date
    where verdicts.posting_key is not null and verdicts.ledger_document_id is null and verdicts.is_money
    union all
    select
        company_id,
        'journal' as reason,
        ledger_document_id as knot,
        document_date as day
    from {{ ref('int_journals_faced') }}
),

-- and may be undone by another of the same reference and value
of_journals_alike as (
    select
        company_id,
        'journal' as reason,
        coalesce(reference, '') || ' ' || cast(gross_pence as varchar) as knot,
        document_date as day
    from {{ ref('int_ledger_documents_attributed') }}
    where document_kind = 'journal'
),

-- whatever date a row of a document has, or had: `int_ledger_documents_read` puts them together by URN
landed as (
    select
        company_id,
        urn,
        transaction_date
    from {{ landed_of_judged_months(source('sage200', 'sales_posted_transactions')) }}
    union all
    select
        company_id,
        urn,
        transaction_date
    from {{ landed_of_judged_months(source('sage200', 'bank_posted_transactions')) }}
    union all
    select
        company_id,
        urn,
        transaction_date
    from {{ landed_of_judged_months(source('sage200', 'sales_tax_items')) }}
    union all
    select
        company_id,
        urn,
        transaction_date
    from {{ landed_of_judged_months(source('sage200', 'bank_tax_items')) }}
    union all
    select
        company_id,
        urn,
        transaction_date
    from {{ landed_of_judged_months(source('sage200', 'nominal_transactions')) }}
),

several_dates as (
    select
        company_id,
        urn
    from landed
    where {{ is_judged_now('transaction_date') }}
    group by company_id, urn
    having min(transaction_date) <> max(transaction_date)
),

of_urns as (
    select
        landed.company_id,
        'document' as reason,
        cast(landed.urn as varchar) as knot,
        landed.transaction_date as day
    from landed
    inner join several_dates on landed.company_id = several_dates.company_id and landed.urn = several_dates.urn
),

knots as (
    select * from of_documents
    union all
    select * from of_once_matched
    union all
    select * from of_numbers
    union all
    select * from of_partners
    union all
    select * from of_restored
    union all
    select * from of_near
    union all
    select * from of_groups
    union all
    select * from of_named_days
    union all
    select * from of_returns
    union all
    select * from of_tenders
    union all
    select * from of_journals
    union all
    select * from of_journals_alike
    union all
    select * from of_urns
),

firsts as (
    select
        *,
        min(day) over (partition by company_id, reason, knot) as first_day
    from knots
    where day is not null
),

linked as (
    select
        company_id,
        day,
        first_day as linked_day,
        reason
    from firsts
    where day <> first_day
    union
    select
        company_id,
        first_day as day,
        day as linked_day,
        reason
    from firsts
    where day <> first_day
    union
    select
        company_id,
        document_date as day,
        document_date as linked_day,
        'journal' as reason
    from {{ ref('int_journals_faced') }}
)

select * from linked
