-- Rung 7: a manual journal carries it: it books what a document, a receipt or a store-day lacks to the till's bank, sales and
-- VAT, on that day or in the 31 after it. One journal and one such sum, or it is ambiguous; so is a journal that carries a part.
with documents_left as (
    select
        expected.company_id,
        expected.posting_key,
        expected.event_id,
        expected.store_id,
        expected.business_date,
        expected.receipt_no,
        expected.bank_code,
        -- what was counted over or short is on an account of its own, beside the bank
        expected.document_kind in ('bank_receipt', 'bank_payment') as is_over_short,
        case when expected.document_kind in ('bank_receipt', 'bank_payment') then expected.takings_pence else expected.sales_pence end as sales_pence,
        expected.takings_pence,
        case when expected.sales_pence < 0 then -expected.tax_pence else expected.tax_pence end as tax_pence
    from {{ ref('expected_documents') }} as expected
    inner join (select distinct
        company_id,
        store_id
    from {{ ref('int_journals_faced') }}) as journals
        on expected.company_id = journals.company_id and expected.store_id = journals.store_id
    left join {{ ref('int_matches_unioned') }} as matches on expected.posting_key = matches.posting_key
    left join {{ ref('int_documents_ambiguous') }} as ambiguous on expected.posting_key = ambiguous.document_id
    left join {{ ref('int_documents_grouped') }} as grouped on expected.posting_key = grouped.document_id
    left join {{ ref('int_documents_summed') }} as summed on expected.posting_key = summed.document_id
    where
        expected.document_kind <> 'none' and expected.is_complete and expected.currency_status = 'home'
        and matches.posting_key is null and ambiguous.document_id is null and grouped.document_id is null
        and summed.document_id is null
),

counted_days as (
    select distinct
        company_id,
        store_id,
        business_date
    from documents_left
    where is_over_short
),

-- what a person may have put into one journal; a day's as its tills took it, or as they counted it
memberships as (
    select
        *,
        'document ' || posting_key as sum_id
    from documents_left
    union all
    select
        *,
        'receipt ' || event_id as sum_id
    from documents_left
    where not is_over_short
    union all
    select
        *,
        'day ' || store_id || ' ' || cast(business_date as varchar) as sum_id
    from documents_left
    where not is_over_short
    union all
    select
        *,
        'day ' || store_id || ' ' || cast(business_date as varchar)
        || case when sales_pence <> 0 then ' sales' else ' takings' end as sum_id
    from documents_left
    where not is_over_short
    union all
    select
        *,
        'day ' || store_id || ' ' || cast(business_date as varchar) || ' bank ' || bank_code as sum_id
    from documents_left
    where bank_code is not null and not is_over_short
    union all
    select
        documents_left.*,
        'day ' || documents_left.store_id || ' ' || cast(documents_left.business_date as varchar) || ' counted' as sum_id
    from documents_left
    inner join counted_days
        on
            documents_left.company_id = counted_days.company_id
            and documents_left.store_id = counted_days.store_id
            and documents_left.business_date = counted_days.business_date
),

by_bank as (
    select
        company_id,
        sum_id,
        bank_code,
        {{ whole('sum(sales_pence)') }} as sales_pence,
        {{ whole('sum(takings_pence)') }} as takings_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence,
        {{ list_of('posting_key') }} as members,
        min(store_id) as store_id,
        min(business_date) as business_date,
        min(receipt_no) as first_receipt_no,
        max(receipt_no) as last_receipt_no
    from memberships
    group by company_id, sum_id, bank_code
),

sums as (
    select
        company_id,
        sum_id,
        {{ sorted_list_of('members', ',') }} as members,
        {{ sorted_list_of("case when bank_code is not null and takings_pence <> 0 then bank_code || ' ' || cast(takings_pence as varchar) end") }} as takings_by_bank,
        {{ whole('sum(sales_pence)') }} as sales_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence,
        min(store_id) as store_id,
        min(business_date) as business_date,
        case when min(first_receipt_no) = max(last_receipt_no) then min(first_receipt_no) end as receipt_no
    from by_bank
    group by company_id, sum_id
),

-- the missing documents of a receipt may be all that its day lacks: one sum then, not two
distinct_sums as (
    select
        company_id,
        store_id,
        min(sum_id) as sum_id,
        members,
        min(business_date) as business_date,
        min(receipt_no) as receipt_no,
        min(coalesce(takings_by_bank, '')) as takings_by_bank,
        min(sales_pence) as sales_pence,
        min(tax_pence) as tax_pence
    from sums
    group by company_id, store_id, members
),

alike as (
    select
        sums.company_id,
        sums.sum_id,
        journals.ledger_document_id
    from distinct_sums as sums
    inner join {{ ref('int_journals_faced') }} as journals
        on
            sums.company_id = journals.company_id
            and sums.store_id = journals.store_id
            and sums.takings_by_bank = journals.takings_by_bank
    where sums.takings_by_bank <> ''
    union
    select
        sums.company_id,
        sums.sum_id,
        journals.ledger_document_id
    from distinct_sums as sums
    inner join {{ ref('int_journals_faced') }} as journals
        on
            sums.company_id = journals.company_id
            and sums.store_id = journals.store_id
            and sums.sales_pence = journals.sales_pence
    where sums.sales_pence <> 0
),

candidates as (
    select
        sums.*,
        journals.ledger_document_id,
        journals.takings_by_bank = sums.takings_by_bank and journals.sales_pence = sums.sales_pence
        and journals.other_pence = 0 and journals.vat_pence in (0, sums.tax_pence) as is_exact,
        journals.vat_pence = sums.tax_pence as is_vat_covered,
        journals.is_off_return,
        case
            when journals.named_receipt_no is not null then 1
            when journals.document_date = sums.business_date then 2
            else 3
        end as evidence_rank
    from alike
    inner join distinct_sums as sums on alike.company_id = sums.company_id and alike.sum_id = sums.sum_id
    inner join {{ ref('int_journals_faced') }} as journals on alike.ledger_document_id = journals.ledger_document_id
    where
        journals.document_date between sums.business_date and sums.business_date + 31
        -- a reference that names a receipt is evidence against every other
        and (
            journals.named_receipt_no is null
            or (journals.named_receipt_no = sums.receipt_no and journals.named_store_id = sums.store_id)
        )
),

members as (
    select
        *,
        unnest(string_split(members, ',')) as posting_key
    from candidates
),

words as (
    select
        posting_key,
        ledger_document_id,
        candidates,
        evidence
    from {{ ref('int_match_decisions_weighed') }}
    where is_in_force and (is_journal or ledger_document_id is null)
),

-- a person's word on one of its documents settles the sum: it is this journal, or none of those that were looked at
worded as (
    select
        members.company_id,
        members.sum_id,
        members.ledger_document_id,
        bool_or(words.ledger_document_id = members.ledger_document_id) as is_named,
        bool_or(
            words.ledger_document_id <> members.ledger_document_id
            or (words.ledger_document_id is null and position(',' || members.ledger_document_id || ',' in ',' || words.candidates || ',') > 0)
        ) as is_denied,
        min(case when words.ledger_document_id = members.ledger_document_id then words.evidence end) as word
    from members
    inner join words on members.posting_key = words.posting_key
    group by members.company_id, members.sum_id, members.ledger_document_id
),

believed as (
    select
        candidates.*,
        coalesce(worded.is_named, false) as is_named,
        worded.word,
        -- the stricter belief goes first: a person's word, an exact sum, a receipt's name, its very day
        case
            when worded.is_named then 0
            when candidates.is_exact then candidates.evidence_rank
            else 9
        end as belief
    from candidates
    left join worded
        on
            candidates.company_id = worded.company_id
            and candidates.sum_id = worded.sum_id
            and candidates.ledger_document_id = worded.ledger_document_id
    where not coalesce(worded.is_denied, false)
),

strictest as (
    select
        *,
        min(belief) over (partition by ledger_document_id) as strictest_belief,
        max(len(string_split(members, ','))) over (partition by ledger_document_id, belief) as most_members
    from believed
),

kept as (
    select
        *,
        count(*) over (partition by ledger_document_id) as sums_of_journal
    from strictest
    -- who names a journal for one document of several sums means the whole of it
    where belief = strictest_belief and (belief > 0 or len(string_split(members, ',')) = most_members)
),

kept_members as (
    select
        kept.*,
        unnest(string_split(kept.members, ',')) as posting_key
    from kept
),

-- what an exact or worded journal carries is not asked of one that carries a part
exact_first as (
    select
        *,
        min(case when belief < 9 then 0 else 1 end) over (partition by posting_key) as strictest_of_document
    from kept_members
),

contested as (
    select
        *,
        count(distinct ledger_document_id) over (partition by posting_key) as journals_of_document
    from exact_first
    where case when belief < 9 then 0 else 1 end = strictest_of_document
),

settled as (
    select
        *,
        bool_and(sums_of_journal = 1 and journals_of_document = 1 and belief < 9) over (partition by ledger_document_id) as is_settled
    from contested
),

covered as (
    select
        company_id,
        posting_key,
        case when bool_and(is_settled) then min(ledger_document_id) end as journal_id,
        case when not bool_and(is_settled) then {{ list_of('ledger_document_id') }} end as candidates,
        bool_and(is_vat_covered) as is_vat_covered,
        bool_and(is_off_return) as is_off_return,
        7 as rung,
        1 as rule_version,
        case
            when not bool_and(is_settled) then null
            when min(word) is not null then min(word)
            else
                'a manual journal books its figures'
                || case min(belief) when 1 then ', naming its receipt' when 2 then ' on its day' else ' within 31 days' end
                || case len(string_split(min(members), ','))
                    when 1 then ''
                    when 2 then ', with those of one more document'
                    else ', with those of ' || cast(len(string_split(min(members), ',')) - 1 as varchar) || ' more documents'
                end
                || case when bool_and(is_vat_covered) then '' else ', without their VAT' end
        end as evidence
    from settled
    group by company_id, posting_key
)

select * from covered
