-- No Sage row carries a store. Ordered rules say whose a document is: our key, the connector's reference, the till customer, the
-- account that a store's cash over and short goes to.
with documents as (
    select * from {{ ref('int_ledger_documents_read') }}
),

our_keys as (
    select
        posting_key,
        store_id
    from {{ ref('expected_documents') }}
    union
    -- as printed when it was posted, where no receipt says otherwise: one store a key, though its till code went to another since
    select
        posting_key,
        min(store_id) as store_id
    from {{ ref('stg_operations__intents') }}
    where posting_key not in (select posting_key from {{ ref('expected_documents') }})
    group by posting_key
),

-- what a person showed to be a document of ours, though it bears another reference
shown as (
    select
        company_id,
        urn,
        document_kind,
        reference_in_sage,
        posting_key
    from {{ ref('stg_operations__intents') }}
    where reference_in_sage <> ''
),

till_customers as (
    select
        company_id,
        till_customer_reference,
        min(store_id) as store_id
    from {{ ref('stg_operations__stores') }}
    group by company_id, till_customer_reference
),

-- where each store's cash over and short goes
over_short_accounts as (
    select distinct
        mappings.company_id,
        stores.store_id,
        mappings.nominal_code,
        coalesce(case when mappings.cost_centre = '=' then stores.cost_centre else mappings.cost_centre end, '') as cost_centre,
        coalesce(case when mappings.department = '=' then stores.department else mappings.department end, '') as department,
        mappings.valid_from,
        mappings.valid_to
    from {{ ref('stg_operations__nominal_mappings') }} as mappings
    inner join {{ ref('stg_operations__stores') }} as stores
        on mappings.company_id = stores.company_id and mappings.store_id in (stores.store_id, '*')
    where mappings.category = 'cash_over_short'
),

cash_book_lines as (
    select
        documents.company_id,
        documents.urn,
        documents.bank_code,
        lines.line_id,
        accounts.store_id
    from documents
    inner join {{ ref('int_ledger_lines_classed') }} as lines
        on documents.company_id = lines.company_id and documents.urn = lines.urn and lines.leg_role = 'analysis'
    left join over_short_accounts as accounts
        on
            lines.company_id = accounts.company_id
            and lines.nominal_code = accounts.nominal_code
            and coalesce(lines.cost_centre, '') = accounts.cost_centre
            and coalesce(lines.department, '') = accounts.department
            and {{ is_in_force('accounts', 'documents.document_date') }}
    where
        documents.document_kind in ('bank_receipt', 'bank_payment')
        and documents.company_id in (select company_id from over_short_accounts)
),

over_short as (
    select
        lines.company_id,
        lines.urn,
        case when min(lines.store_id) = max(lines.store_id) then min(lines.store_id) else min(bank_stores.store_id) end as store_id
    from cash_book_lines as lines
    -- several stores may share the account: their bank tells then
    left join {{ banks_of_one_store() }} as bank_stores on lines.company_id = bank_stores.company_id and lines.bank_code = bank_stores.bank_code
    group by lines.company_id, lines.urn
    having bool_and(lines.store_id is not null)
),

-- what a contra of ours undoes
targets as (
    select
        intents.posting_key,
        targets.company_id,
        targets.ledger_document_id,
        targets.urn,
        targets.document_kind,
        targets.bank_code,
        targets.reference,
        targets.second_reference
    from {{ ref('stg_operations__intents') }} as intents
    inner join documents as targets
        on
            intents.company_id = targets.company_id
            and intents.target_urn = targets.urn
            and targets.document_kind = {{ opposite_kind('intents.document_kind') }}
    where intents.role = 'X'
),

-- what bears the key of a contra, and books what that undid, undoes the contra: it is the target over again, and read by its names
named_as as (
    select
        documents.*,
        restored.ledger_document_id as restored_id,
        coalesce(restored.urn, documents.urn) as named_urn,
        case when restored.urn is null then documents.reference else restored.reference end as named_reference,
        case when restored.urn is null then documents.second_reference else restored.second_reference end as named_second_reference
    from documents
    left join targets as restored
        on
            documents.company_id = restored.company_id
            and documents.reference = restored.posting_key
            and documents.document_kind = restored.document_kind
            -- which way tells a transfer from the one back
            and (documents.document_kind <> 'transfer' or documents.bank_code = restored.bank_code)
),

clearing_banks as (
    select distinct
        company_id,
        clearing_bank_code
    from {{ ref('stg_operations__store_grains') }}
    where clearing_bank_code is not null
),

read_references as (
    select
        named_as.* exclude (named_urn, named_reference, named_second_reference),
        case
            when regexp_matches(coalesce(named_as.named_reference, ''), '^TP[0-9A-HJKMNP-TV-Z]{13}[A-Z][0-9]{2}[0-9][PX]$')
                then named_as.named_reference
            -- Sage carries the number of a sales order onto the invoice it becomes
            when
                named_as.document_kind = 'invoice'
                and regexp_matches(coalesce(named_as.named_second_reference, ''), '^TP[0-9A-HJKMNP-TV-Z]{13}N[0-9]{3}P$')
                then named_as.named_second_reference
            else shown.posting_key
        end as our_key,
        named.named_store_id,
        named.named_receipt_no,
        named.named_ordinal,
        named.named_date,
        named.named_till_id,
        named.connector
    from named_as
    left join {{ ref('int_references_read') }} as named
        on named_as.company_id = named.company_id and named_as.named_reference = named.reference
    left join shown
        on
            named_as.company_id = shown.company_id
            and named_as.named_urn = shown.urn
            and named_as.document_kind = shown.document_kind
            and named_as.named_reference = shown.reference_in_sage
),

attributed as (
    select
        read_references.*,
        -- through no clearing bank, and in no day's name, it is cash over or short, where that is posted: money, and no sale
        {{ is_sales_kind('read_references.document_kind') }} and not (
            read_references.document_kind in ('bank_receipt', 'bank_payment')
            and read_references.company_id in (select company_id from over_short_accounts)
            and clearing_banks.clearing_bank_code is null
            and read_references.named_date is null and target_names.named_date is null
        ) as is_sales,
        coalesce(our_keys.store_id, read_references.named_store_id, till_customers.store_id, over_short.store_id) as store_id,
        case
            when read_references.our_key is not null then 'ours'
            when read_references.named_receipt_no is not null or read_references.named_date is not null then 'connector'
            when till_customers.store_id is not null then 'till_customer'
            when over_short.urn is not null then 'over_short_account'
        end as mark
    from read_references
    left join our_keys on read_references.our_key = our_keys.posting_key
    left join till_customers
        on
            read_references.company_id = till_customers.company_id
            and read_references.customer_reference = till_customers.till_customer_reference
    left join over_short
        on
            read_references.company_id = over_short.company_id
            and read_references.urn = over_short.urn
            and read_references.document_kind in ('bank_receipt', 'bank_payment')
    left join targets
        on
            read_references.company_id = targets.company_id
            and read_references.our_key = targets.posting_key
            and targets.document_kind in ('bank_receipt', 'bank_payment')
    left join {{ ref('int_references_read') }} as target_names
        on targets.company_id = target_names.company_id and targets.reference = target_names.reference
    left join clearing_banks
        on
            read_references.company_id = clearing_banks.company_id
            and read_references.bank_code = clearing_banks.clearing_bank_code
)

select * from attributed
