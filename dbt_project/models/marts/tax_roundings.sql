-- The rounding lens: each matched document whose VAT alone differs, tried against every known policy (macros/tax_policies.sql).
-- A day's residue put on one receipt would explain anything, so `store_day` is tried only where the store declares it.
with differing as (
    select
        company_id,
        posting_key
    from {{ ref('document_drifts') }}
    group by company_id, posting_key
    having {{ list_of('drift_kind') }} in ('tax_amount', 'amount,tax_amount')
),

documents as (
    select
        expected.posting_key as document_id,
        expected.company_id,
        expected.store_id,
        expected.business_date,
        expected.event_id,
        expected.receipt_no,
        expected.document_kind,
        expected.document_kind = 'credit_note' as is_return,
        compared.expected_net_pence = compared.ledger_net_pence as is_net_equal,
        compared.expected_gross_pence = compared.ledger_gross_pence as is_gross_equal,
        compared.expected_tax_pence,
        compared.ledger_tax_pence,
        compared.tax_rounding_cap_pence,
        coalesce(stores.tax_basis, 'given') as tax_basis,
        coalesce(stores.tax_rounding, 'half_up') as tax_rounding,
        coalesce(stores.price_basis, 'net') as price_basis
    from differing
    inner join {{ ref('int_documents_compared') }} as compared on differing.posting_key = compared.posting_key
    inner join {{ ref('expected_documents') }} as expected on differing.posting_key = expected.posting_key
    left join {{ ref('stg_operations__stores') }} as stores
        on
            expected.company_id = stores.company_id
            and expected.store_id = stores.store_id
            and {{ is_in_force('stores', 'expected.document_date') }}
),

ways as (
    select
        rounding,
        price_basis,
        {{ allowed_by_hmrc('rounding', 'price_basis') }} as allowed_by_hmrc
    from (values ('half_up'), ('half_even'), ('truncate')) as roundings (rounding)
    cross join (values ('net'), ('gross'), ('gross_net_first')) as price_bases (price_basis)
),

by_code as (
    select
        documents.document_id,
        lines.till_tax_code,
        lines.tax_rate_thousandths,
        ways.rounding,
        ways.price_basis,
        sum({{ tax_by_policy('lines.net_pence', 'lines.gross_pence', 'lines.tax_rate_thousandths', 'ways.rounding', 'ways.price_basis') }}) as by_line_pence,
        {{ tax_by_policy('sum(lines.net_pence)', 'sum(lines.gross_pence)', 'lines.tax_rate_thousandths', 'ways.rounding', 'ways.price_basis') }} as by_receipt_pence
    from documents
    inner join {{ ref('receipt_lines') }} as lines
        on
            documents.company_id = lines.company_id
            and documents.event_id = lines.event_id
            and documents.is_return = lines.is_return
    cross join ways
    group by documents.document_id, lines.till_tax_code, lines.tax_rate_thousandths, ways.rounding, ways.price_basis
),

-- What the whole store-day comes to, less what its other documents were charged.
declared_days as (
    select distinct
        company_id,
        store_id,
        business_date
    from documents
    where tax_basis = 'store_day'
),

days as (
    select
        company_id,
        store_id,
        business_date,
        rounding,
        price_basis,
        sum(policy_pence - printed_pence) as residue_pence
    from (
        select
            lines.company_id,
            lines.store_id,
            lines.business_date,
            ways.rounding,
            ways.price_basis,
            {{ tax_by_policy('sum(lines.net_pence)', 'sum(lines.gross_pence)', 'lines.tax_rate_thousandths', 'ways.rounding', 'ways.price_basis') }} as policy_pence,
            sum(lines.tax_pence) as printed_pence
        from declared_days
        inner join {{ ref('receipt_lines') }} as lines
            on
                declared_days.company_id = lines.company_id
                and declared_days.store_id = lines.store_id
                and declared_days.business_date = lines.business_date
        inner join {{ ref('int_receipts_totalled') }} as receipts
            on
                lines.company_id = receipts.company_id
                and lines.event_id = receipts.event_id
                and receipts.nothing_to_post_reason is null
        cross join ways
        group by
            lines.company_id, lines.store_id, lines.business_date, lines.till_tax_code, lines.tax_rate_thousandths,
            ways.rounding, ways.price_basis
    ) as codes
    group by company_id, store_id, business_date, rounding, price_basis
),

tried as (
    select
        document_id,
        rounding,
        price_basis,
        'line' as basis,
        abs(sum(by_line_pence)) as tax_pence
    from by_code
    group by document_id, rounding, price_basis
    union all
    select
        document_id,
        rounding,
        price_basis,
        'receipt' as basis,
        abs(sum(by_receipt_pence)) as tax_pence
    from by_code
    group by document_id, rounding, price_basis
    union all
    select
        documents.document_id,
        days.rounding,
        days.price_basis,
        'store_day' as basis,
        documents.expected_tax_pence + case when documents.is_return then -days.residue_pence else days.residue_pence end as tax_pence
    from documents
    inner join days
        on
            documents.company_id = days.company_id
            and documents.store_id = days.store_id
            and documents.business_date = days.business_date
    where documents.tax_basis = 'store_day'
),

-- A policy reproduces Sage's figure where it also leaves alone what it starts from: the net, or the gross.
fitting as (
    select
        documents.document_id,
        tried.basis,
        tried.rounding,
        tried.price_basis,
        ways.allowed_by_hmrc,
        {{ tax_policy_name('tried.basis', 'tried.rounding', 'tried.price_basis') }} as policy,
        tried.basis = documents.tax_basis
        and tried.rounding = documents.tax_rounding
        and tried.price_basis = documents.price_basis as is_declared,
        row_number() over (
            partition by documents.document_id
            order by
                case when tried.basis = documents.tax_basis and tried.rounding = documents.tax_rounding and tried.price_basis = documents.price_basis then 0 else 1 end,
                case ways.allowed_by_hmrc when 'yes' then 0 when 'unsettled' then 1 else 2 end,
                case when tried.price_basis = documents.price_basis then 0 else 1 end,
                case tried.rounding when 'half_up' then 0 when 'half_even' then 1 else 2 end,
                case tried.basis when 'receipt' then 0 when 'line' then 1 else 2 end,
                tried.price_basis
        ) as place
    from tried
    inner join documents on tried.document_id = documents.document_id
    inner join ways on tried.rounding = ways.rounding and tried.price_basis = ways.price_basis
    where
        tried.tax_pence = documents.ledger_tax_pence
        and case when tried.price_basis = 'net' then documents.is_net_equal else documents.is_gross_equal end
),

listed as (
    select
        document_id,
        {{ list_of('policy') }} as policies
    from fitting
    group by document_id
),

described as (
    select
        documents.document_id,
        documents.company_id,
        documents.store_id,
        documents.business_date,
        documents.event_id,
        documents.receipt_no,
        documents.document_kind,
        {{ whole('documents.expected_tax_pence') }} as till_tax_pence,
        {{ whole('documents.ledger_tax_pence') }} as ledger_tax_pence,
        {{ whole('documents.expected_tax_pence - documents.ledger_tax_pence') }} as difference_pence,
        fitting.policy,
        fitting.allowed_by_hmrc,
        coalesce(fitting.is_declared, false) as is_declared,
        abs(documents.expected_tax_pence - documents.ledger_tax_pence) <= documents.tax_rounding_cap_pence as is_within_cap,
        listed.policies
    from documents
    left join fitting on documents.document_id = fitting.document_id and fitting.place = 1
    left join listed on documents.document_id = listed.document_id
)

select * from described
