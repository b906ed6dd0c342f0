-- The rows of the audit trail that are one document, deleted ones left out: what Sage 200 gives a URN to. Our key is its
-- reference, whichever column it travelled in.
with splits as (
    select splits.*
    from {{ ref('stg_sage50__audit_splits') }} as splits
    inner join {{ ref('stg_sage50__audit_headers') }} as headers
        on splits.company_id = headers.company_id and splits.header_number = headers.header_number
    where not splits.is_deleted and not headers.is_deleted
),

of_headers as (
    select
        parts.company_id,
        parts.urn,
        {{ whole('sum(abs(headers.paid_pence))') }} as paid_pence,
        max(headers.bank_reconciled_date) as bank_reconciled_date
    from (select distinct
        company_id,
        urn,
        header_number
    from splits) as parts
    inner join {{ ref('stg_sage50__audit_headers') }} as headers
        on parts.company_id = headers.company_id and parts.header_number = headers.header_number
    group by parts.company_id, parts.urn
),

gathered as (
    select
        company_id,
        urn,
        min(transaction_type) as transaction_type,
        min(transaction_date) as transaction_date,
        cast(min(date_entered) as timestamp) as posted_at,
        min(account_ref) as account_ref,
        min(bank_code) as bank_code,
        coalesce(min(extra_ref_key), min(inv_ref_key), min(inv_ref), min(extra_ref)) as reference,
        case when min(extra_ref_key) is not null then min(inv_ref) else min(extra_ref) end as second_reference,
        min(user_name) as user_name,
        max(vat_reconciled_date) as vat_reconciled_date,
        {{ whole('sum(net_pence)') }} as net_pence,
        {{ whole('sum(tax_pence)') }} as tax_pence
    from splits
    group by company_id, urn
),

described as (
    select
        gathered.*,
        of_headers.paid_pence,
        of_headers.bank_reconciled_date
    from gathered
    inner join of_headers
        on gathered.company_id = of_headers.company_id and gathered.urn = of_headers.urn
)

select * from described
