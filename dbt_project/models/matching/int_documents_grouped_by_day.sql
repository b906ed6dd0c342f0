-- Rung 5: what Sage holds in the name of a store's day, or a till's, stands for all that the day still lacks: its sales, and its
-- takings by bank, whatever they come to. Without such a name, what lies on the till's customer does where it comes to just that.
-- A copy without which the day comes out exactly stands for nothing. Where tills' names come out wrong and their store's day
-- right, the day is one. What does not is kept, is_whole false, for the next rung.
with ledger_documents as (
    select
        ledger.*,
        ledger.named_date is not null as is_named,
        coalesce(ledger.named_date, ledger.document_date) as slot_date,
        case when ledger.document_kind in ('credit_note', 'payment', 'bank_payment') then -1 else 1 end as direction,
        case when ledger.named_date is not null then row_number() over (
            partition by
                ledger.company_id, ledger.reference, ledger.document_kind, ledger.document_date, ledger.customer_reference,
                ledger.bank_code, ledger.gross_pence, ledger.tax_pence
            order by ledger.urn
        ) else 1 end as copy_no
    from {{ ref('int_ledger_documents_unreversed') }} as ledger
    left join {{ ref('int_matches_unioned') }} as matches on ledger.ledger_document_id = matches.ledger_document_id
    left join {{ ref('int_documents_ambiguous') }} as ambiguous on ledger.ledger_document_id = ambiguous.document_id
    where
        matches.ledger_document_id is null and ambiguous.document_id is null
        and (ledger.named_date is not null or (ledger.mark = 'till_customer' and ledger.named_receipt_no is null))
),

sales_ledger_faces as (
    select
        ledger_document_id,
        case when document_kind in ('invoice', 'credit_note') then 'sales' else 'takings' end as measure,
        case when document_kind in ('invoice', 'credit_note') then '' else coalesce(bank_code, '') end as bank_code,
        sales_pence + takings_pence as pence,
        case when document_kind in ('invoice', 'credit_note') then direction * tax_pence else 0 end as tax_pence,
        false as is_off_return
    from ledger_documents
    where document_kind in ('invoice', 'credit_note', 'receipt', 'payment')
),

sales_accounts as (
    select distinct
        company_id,
        nominal_code
    from {{ ref('stg_operations__nominal_mappings') }}
    where category <> 'cash_over_short'
),

-- a bank receipt or a journal brings money to a bank and sales to accounts that tills' sales are mapped to, a transfer takes it
-- on to another; VAT under the code outside the scope of VAT is on no return
nominal_faces as (
    select
        documents.ledger_document_id,
        case when lines.leg_role = 'bank' then 'takings' else 'sales' end as measure,
        coalesce(banks.bank_code, '') as bank_code,
        {{ whole("sum(case when lines.leg_role = 'bank' then lines.debit_pence - lines.credit_pence else lines.credit_pence - lines.debit_pence end)") }} as pence,
        {{ whole("sum(case when lines.leg_role = 'vat' and not coalesce(lines.tax_code = companies.outside_scope_tax_code, false) then lines.credit_pence - lines.debit_pence else 0 end)") }} as tax_pence,
        bool_and(coalesce(lines.tax_code = companies.outside_scope_tax_code, false)) as is_off_return
    from ledger_documents as documents
    inner join {{ ref('int_ledger_lines_classed') }} as lines
        on documents.company_id = lines.company_id and documents.urn = lines.urn
    left join {{ ref('stg_operations__companies') }} as companies on documents.company_id = companies.company_id
    left join sales_accounts
        on lines.company_id = sales_accounts.company_id and lines.nominal_code = sales_accounts.nominal_code
    left join {{ banks_by_account() }} as banks
        on
            lines.leg_role = 'bank'
            and lines.company_id = banks.company_id
            and lines.nominal_code = banks.nominal_code
            and lines.cost_centre = banks.cost_centre
            and lines.department = banks.department
    where
        documents.is_named and documents.document_kind in ('bank_receipt', 'bank_payment', 'transfer', 'journal')
        and (lines.leg_role in ('bank', 'vat') or sales_accounts.nominal_code is not null)
    group by
        documents.ledger_document_id, case when lines.leg_role = 'bank' then 'takings' else 'sales' end,
        coalesce(banks.bank_code, '')
),

faces_read as (
    select
        documents.company_id,
        case when documents.is_named then documents.named_store_id else documents.store_id end as store_id,
        documents.slot_date as business_date,
        coalesce(documents.named_till_id, '') as till_id,
        faced.measure,
        faced.bank_code,
        faced.ledger_document_id,
        faced.pence,
        faced.tax_pence,
        faced.is_off_return,
        documents.is_named,
        documents.copy_no,
        documents.is_in_nominal,
        documents.is_in_suspense
    from (
        select * from sales_ledger_faces
        union all
        select * from nominal_faces
    ) as faced
    inner join ledger_documents as documents on faced.ledger_document_id = documents.ledger_document_id
),

expected_left as (
    select
        expected.company_id,
        expected.store_id,
        expected.business_date,
        expected.till_id,
        case when expected.document_kind in ('invoice', 'credit_note') then 'sales' else 'takings' end as measure,
        case when expected.document_kind in ('invoice', 'credit_note') then '' else coalesce(expected.bank_code, '') end as bank_code,
        expected.posting_key,
        expected.sales_pence + expected.takings_pence as pence,
        case when expected.sales_pence < 0 then -expected.tax_pence else expected.tax_pence end as tax_pence,
        case when not expected.is_complete then 'rows_set_aside' when expected.currency_status = 'foreign' then 'foreign_currency' end as not_judged_because
    from {{ ref('expected_documents') }} as expected
    left join {{ ref('int_matches_unioned') }} as matches on expected.posting_key = matches.posting_key
    left join {{ ref('int_documents_ambiguous') }} as ambiguous on expected.posting_key = ambiguous.document_id
    where
        expected.document_kind in ('invoice', 'credit_note', 'receipt', 'payment')
        and matches.posting_key is null and ambiguous.document_id is null
        and expected.posting_key not in (select member_key from {{ ref('int_documents_in_tranches') }})
),

-- what each till's name comes to
named_sides as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        bank_code,
        till_id,
        -pence as pence,
        -tax_pence as tax_pence,
        case when copy_no > 1 then pence else 0 end as copies_pence,
        case when copy_no > 1 then tax_pence else 0 end as copies_tax_pence,
        1 as names
    from faces_read
    where is_named
    union all
    select
        company_id,
        store_id,
        business_date,
        measure,
        bank_code,
        till_id,
        pence,
        tax_pence,
        0 as copies_pence,
        0 as copies_tax_pence,
        0 as names
    from expected_left
),

by_till as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        bank_code,
        till_id,
        sum(pence) as left_over_pence,
        sum(tax_pence) as left_over_tax_pence,
        sum(copies_pence) as copies_pence,
        sum(copies_tax_pence) as copies_tax_pence,
        sum(names) as names
    from named_sides
    group by company_id, store_id, business_date, measure, bank_code, till_id
),

by_store as (
    select
        company_id,
        store_id,
        business_date,
        measure,
        bank_code,
        sum(left_over_pence) as left_over_pence,
        sum(left_over_tax_pence) as left_over_tax_pence,
        sum(copies_pence) as copies_pence,
        sum(copies_tax_pence) as copies_tax_pence,
        bool_or(left_over_pence <> 0 or left_over_tax_pence <> 0) as is_any_till_off,
        bool_or(till_id = '' and names > 0) as is_store_named
    from by_till
    group by company_id, store_id, business_date, measure, bank_code
    having sum(names) > 0
),

-- copies without any one of which what they name comes out exactly, in each of its faces
copies as (
    select faces.ledger_document_id
    from faces_read as faces
    left join by_till
        on
            faces.company_id = by_till.company_id
            and faces.store_id = by_till.store_id
            and faces.business_date = by_till.business_date
            and faces.measure = by_till.measure
            and faces.bank_code = by_till.bank_code
            and faces.till_id = by_till.till_id
    left join by_store
        on
            faces.company_id = by_store.company_id
            and faces.store_id = by_store.store_id
            and faces.business_date = by_store.business_date
            and faces.measure = by_store.measure
            and faces.bank_code = by_store.bank_code
    where faces.copy_no > 1
    group by faces.ledger_document_id
    having bool_and(
        case
            when faces.till_id = ''
                then by_store.left_over_pence = -by_store.copies_pence and by_store.left_over_tax_pence = -by_store.copies_tax_pence
            else by_till.left_over_pence = -by_till.copies_pence and by_till.left_over_tax_pence = -by_till.copies_tax_pence
        end
    )
),

faces as (
    select
        read.company_id,
        read.store_id,
        read.business_date,
        case
            when by_store.is_any_till_off and by_store.left_over_pence = 0 and by_store.left_over_tax_pence = 0 and not by_store.is_store_named
                then ''
            else read.till_id
        end as till_id,
        read.measure,
        read.bank_code,
        read.ledger_document_id,
        read.pence,
        read.tax_pence,
        read.is_off_return,
        read.is_named,
        read.is_in_nominal,
        read.is_in_suspense
    from faces_read as read
    left join copies on read.ledger_document_id = copies.ledger_document_id
    left join by_store
        on
            read.is_named
            and read.company_id = by_store.company_id
            and read.store_id = by_store.store_id
            and read.business_date = by_store.business_date
            and read.measure = by_store.measure
            and read.bank_code = by_store.bank_code
    where copies.ledger_document_id is null
),

cells as (
    select
        company_id,
        store_id,
        business_date,
        till_id,
        measure,
        bank_code,
        bool_or(is_named) as is_named
    from faces
    group by company_id, store_id, business_date, till_id, measure, bank_code
),

-- a till's own document goes before its store's
expected_celled as (
    select
        expected_left.company_id,
        expected_left.store_id,
        expected_left.business_date,
        coalesce(of_till.till_id, '') as till_id,
        expected_left.measure,
        expected_left.bank_code,
        expected_left.posting_key,
        expected_left.pence,
        expected_left.tax_pence,
        expected_left.not_judged_because
    from expected_left
    left join cells as of_till
        on
            expected_left.company_id = of_till.company_id
            and expected_left.store_id = of_till.store_id
            and expected_left.business_date = of_till.business_date
            and expected_left.till_id = of_till.till_id
            and expected_left.measure = of_till.measure
            and expected_left.bank_code = of_till.bank_code
),

both_sides as (
    select
        faces.company_id,
        faces.store_id,
        faces.business_date,
        faces.till_id,
        faces.measure,
        faces.bank_code,
        'ledger' as side,
        faces.ledger_document_id as document_id,
        faces.pence,
        faces.tax_pence,
        faces.is_off_return,
        cast(null as varchar) as not_judged_because,
        faces.is_in_nominal,
        faces.is_in_suspense,
        cells.is_named
    from faces
    -- beside a name, what bears none is not taken for the day's
    inner join cells
        on
            faces.company_id = cells.company_id
            and faces.store_id = cells.store_id
            and faces.business_date = cells.business_date
            and faces.till_id = cells.till_id
            and faces.measure = cells.measure
            and faces.bank_code = cells.bank_code
            and faces.is_named = cells.is_named
    union all
    select
        celled.company_id,
        celled.store_id,
        celled.business_date,
        celled.till_id,
        celled.measure,
        celled.bank_code,
        'expected' as side,
        celled.posting_key as document_id,
        celled.pence,
        celled.tax_pence,
        false as is_off_return,
        celled.not_judged_because,
        true as is_in_nominal,
        false as is_in_suspense,
        cells.is_named
    from expected_celled as celled
    inner join cells
        on
            celled.company_id = cells.company_id
            and celled.store_id = cells.store_id
            and celled.business_date = cells.business_date
            and celled.till_id = cells.till_id
            and celled.measure = cells.measure
            and celled.bank_code = cells.bank_code
),

identified as (
    select
        *,
        company_id || ':summary:' || store_id || ':' || cast(business_date as varchar) || ':' || till_id || ':' || measure || ':' || bank_code as group_id
    from both_sides
),

weighed as (
    select
        *,
        {{ whole("sum(case when side = 'expected' then 1 else 0 end) over (partition by group_id)") }} as receipts_of_group,
        {{ whole("sum(case when side = 'expected' then pence else -pence end) over (partition by group_id)") }} as left_over_pence,
        {{ whole("sum(case when side = 'expected' then tax_pence else -tax_pence end) over (partition by group_id)") }} as left_over_tax_pence
    from identified
),

-- a document with a receipt behind one of its faces answers for the others too
answering as (
    select
        *,
        max(receipts_of_group) over (partition by side, document_id) as receipts_of_document
    from weighed
),

believed as (
    select
        company_id,
        group_id,
        store_id,
        business_date,
        till_id,
        measure,
        bank_code,
        side,
        document_id,
        pence,
        tax_pence,
        is_off_return,
        not_judged_because,
        is_in_nominal,
        is_in_suspense,
        is_named or (left_over_pence = 0 and left_over_tax_pence = 0) as is_whole
    from answering
    where receipts_of_document > 0 and (is_named or receipts_of_group > 1)
)

select * from believed
