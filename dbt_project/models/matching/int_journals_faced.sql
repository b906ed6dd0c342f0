-- Manual journals, each as what a till could have brought: what it books to a store's banks, to sales and to VAT. Those that a
-- later journal undoes (same reference, opposite in every account) are out, with what undid them. Sage 50 makes its VAT return from tax codes: what is
-- under the code outside the scope of VAT (T9) is on none, whatever account it is on.
with journals as (
    select
        ledger_document_id,
        company_id,
        urn,
        coalesce(reference, '') as reference,
        document_date,
        named_store_id,
        named_receipt_no
    from {{ ref('int_ledger_documents_attributed') }}
    -- one that a connector entered for a whole day is its posting of that day, not a person's journal
    where document_kind = 'journal' and named_date is null
),

-- what other ledgers send to the nominal ledger (stock, payroll) is nobody's manual journal (reference: Sage's ledger types)
manual_lines as (
    select
        lines.*,
        {{ account_text('lines.nominal_code', 'lines.cost_centre', 'lines.department') }} as account
    from {{ ref('int_ledger_lines_classed') }} as lines
    where lines.source = 'LedgerNominal'
),

accounts as (
    select
        journals.company_id,
        journals.ledger_document_id,
        lines.account,
        min(lines.nominal_code) as nominal_code,
        min(lines.cost_centre) as cost_centre,
        min(lines.department) as department,
        min(lines.leg_role) as leg_role,
        bool_and(coalesce(lines.tax_code = companies.outside_scope_tax_code, false)) as is_off_return,
        {{ whole('sum(lines.debit_pence - lines.credit_pence)') }} as debit_pence
    from journals
    inner join manual_lines as lines on journals.company_id = lines.company_id and journals.urn = lines.urn
    left join {{ ref('stg_operations__companies') }} as companies on journals.company_id = companies.company_id
    group by journals.company_id, journals.ledger_document_id, lines.account
),

sales_accounts as (
    select distinct
        company_id,
        nominal_code
    from {{ ref('stg_operations__nominal_mappings') }}
),

-- no Sage row carries a store: the bank may tell it, and a cost centre on sales
cost_centre_stores as (
    select
        company_id,
        cost_centre,
        min(store_id) as store_id
    from {{ ref('stg_operations__stores') }}
    where cost_centre <> ''
    group by company_id, cost_centre
    having count(distinct store_id) = 1
),

classed as (
    select
        accounts.*,
        banks.bank_code,
        case
            when accounts.leg_role in ('bank', 'vat', 'debtors') then accounts.leg_role
            when accounts.leg_role = 'analysis' and sales_accounts.nominal_code is not null then 'sales'
            else 'other'
        end as face,
        case
            when accounts.leg_role = 'bank' then bank_stores.store_id
            when sales_accounts.nominal_code is not null then cost_centre_stores.store_id
        end as store_id
    from accounts
    left join {{ banks_by_account() }} as banks
        on
            accounts.leg_role = 'bank'
            and accounts.company_id = banks.company_id
            and accounts.nominal_code = banks.nominal_code
            and accounts.cost_centre = banks.cost_centre
            and accounts.department = banks.department
    left join {{ banks_of_one_store() }} as bank_stores on banks.company_id = bank_stores.company_id and banks.bank_code = bank_stores.bank_code
    left join sales_accounts
        on accounts.company_id = sales_accounts.company_id and accounts.nominal_code = sales_accounts.nominal_code
    left join cost_centre_stores
        on accounts.company_id = cost_centre_stores.company_id and accounts.cost_centre = cost_centre_stores.cost_centre
),

faced as (
    select
        journals.company_id,
        journals.ledger_document_id,
        journals.urn,
        journals.reference,
        journals.document_date,
        journals.named_store_id,
        journals.named_receipt_no,
        count(distinct classed.store_id) as store_count,
        min(classed.store_id) as store_id,
        {{ sorted_list_of("case when classed.face = 'bank' and classed.debit_pence <> 0 then classed.bank_code || ' ' || cast(classed.debit_pence as varchar) end") }} as takings_by_bank,
        {{ whole("-sum(case when classed.face in ('sales', 'vat') then classed.debit_pence else 0 end)") }} as sales_pence,
        {{ whole("-sum(case when classed.face = 'vat' then classed.debit_pence else 0 end)") }} as vat_pence,
        {{ whole("sum(case when classed.face = 'other' then abs(classed.debit_pence) else 0 end)") }} as other_pence,
        bool_and(case when classed.face in ('sales', 'vat') then classed.is_off_return end) as is_off_return,
        {{ sorted_list_of("classed.account || ' ' || cast(classed.debit_pence as varchar)") }} as values_by_account,
        {{ sorted_list_of("classed.account || ' ' || cast(-classed.debit_pence as varchar)") }} as opposite_values
    from journals
    inner join classed on journals.ledger_document_id = classed.ledger_document_id
    group by
        journals.company_id, journals.ledger_document_id, journals.urn, journals.reference, journals.document_date,
        journals.named_store_id, journals.named_receipt_no
),

numbered as (
    select
        *,
        row_number() over (partition by company_id, reference, values_by_account order by urn) as place
    from faced
),

undone as (
    select
        targets.ledger_document_id as target_id,
        contras.ledger_document_id as contra_id
    from numbered as targets
    inner join numbered as contras
        on
            targets.company_id = contras.company_id
            and targets.reference = contras.reference
            and targets.values_by_account = contras.opposite_values
            and targets.place = contras.place
            and targets.urn < contras.urn
),

standing as (
    select
        numbered.company_id,
        numbered.ledger_document_id,
        numbered.urn,
        numbered.store_id,
        numbered.document_date,
        numbered.named_store_id,
        numbered.named_receipt_no,
        coalesce(numbered.takings_by_bank, '') as takings_by_bank,
        numbered.sales_pence,
        numbered.vat_pence,
        numbered.other_pence,
        coalesce(numbered.is_off_return, false) as is_off_return
    from numbered
    left join undone as targets on numbered.ledger_document_id = targets.target_id
    left join undone as contras on numbered.ledger_document_id = contras.contra_id
    where targets.target_id is null and contras.contra_id is null and numbered.store_count = 1
)

select * from standing
