-- What the tills still owe: each file that could not be read, and each row set aside, that no later file has made good.
-- A row is here once for each receipt it is of, by the date that its own file or its own text gives; docs/decisions.md.
with deliveries as (
    select
        *,
        -- a name that prints year and month says what the file covers; `sales.csv` may be another day's tomorrow
        coalesce(table_name, '') = 'pos/products' or regexp_matches(
            regexp_extract(source_file, '[^/]*$'),
            '(19|20)[0-9]{2}[-_.]?(0[1-9]|1[0-2])|(0[1-9]|1[0-2])[-_.]?(19|20)[0-9]{2}'
        ) as is_named_for_its_span
    from {{ ref('stg_intake__deliveries') }}
),

-- A later file of the same name takes the place, unless it has fewer good rows; what of it could not be read is told of it.
replaced as (
    select distinct
        deliveries.company_id,
        deliveries.delivery_id,
        deliveries.source_file
    from deliveries
    inner join deliveries as later
        on
            deliveries.company_id = later.company_id
            and deliveries.source_file = later.source_file
            and deliveries.modified_ns < later.modified_ns
            and deliveries.rows_landed <= later.rows_landed
    where deliveries.is_named_for_its_span and later.status in ('accepted', 'partly_accepted')
),

-- The same bytes, refused for their name and read under another.
renamed as (
    select distinct
        company_id,
        delivery_id
    from deliveries
    where status in ('accepted', 'partly_accepted')
),

unread as (
    select deliveries.*
    from deliveries
    left join replaced
        on
            deliveries.company_id = replaced.company_id
            and deliveries.delivery_id = replaced.delivery_id
            and deliveries.source_file = replaced.source_file
    left join renamed
        on
            deliveries.company_id = renamed.company_id
            and deliveries.delivery_id = renamed.delivery_id
            and deliveries.status = 'refused'
    where
        deliveries.status in ('refused', 'partly_accepted')
        and replaced.delivery_id is null
        and renamed.delivery_id is null
),

-- One row per row set aside, a refused file being one. An unreadable row that the next export repeats is as old as its first.
set_aside as (
    select
        unread.company_id,
        unread.delivery_id,
        unread.source_file,
        unread.table_name,
        cells.source_row,
        cells.store_code,
        cells.till_id,
        cells.receipt_no,
        min(cells.raw_text) as raw_text,
        min(min(unread.modified_ns)) over (
            partition by unread.company_id, cells.store_code, cells.till_id, cells.receipt_no, min(cells.raw_text)
        ) as since_ns
    from unread
    left join {{ ref('stg_intake__set_aside_rows') }} as cells
        on
            unread.company_id = cells.company_id
            and unread.delivery_id = cells.delivery_id
            and unread.source_file = cells.source_file
    group by
        unread.company_id, unread.delivery_id, unread.source_file, unread.table_name,
        cells.source_row, cells.store_code, cells.till_id, cells.receipt_no
),

named as (
    select distinct
        company_id,
        store_code,
        till_id,
        receipt_no
    from set_aside
),

-- Everything landed for the few receipts that are named, straight from landing: staging would sort out every line there is.
landed as (
    select
        named.*,
        'pos/receipt_lines' as table_name,
        lines.document_date,
        lines.source_key,
        lines.delivery_id,
        lines.source_file,
        lines.pass_number,
        lines.is_tombstone,
        {{ pence('lines.gross_amount') }} as pence
    from {{ source('pos', 'receipt_lines') }} as lines
    inner join named
        on
            lines.company_id = named.company_id
            and lines.store_code = named.store_code
            and lines.till_code = named.till_id
            and lines.receipt_no = named.receipt_no
    union all
    select
        named.*,
        'pos/tenders' as table_name,
        tenders.document_date,
        tenders.source_key,
        tenders.delivery_id,
        tenders.source_file,
        tenders.pass_number,
        tenders.is_tombstone,
        {{ pence('tenders.tender_amount') }} as pence
    from {{ source('pos', 'tenders') }} as tenders
    inner join named
        on
            tenders.company_id = named.company_id
            and tenders.store_code = named.store_code
            and tenders.till_code = named.till_id
            and tenders.receipt_no = named.receipt_no
),

versions as (
    select
        landed.*,
        row_number() over (
            partition by landed.company_id, landed.table_name, landed.source_key order by landed.pass_number desc
        ) = 1 and not landed.is_tombstone as is_live
    from landed
    inner join {{ ref('stg_run__pass') }} as pass on landed.pass_number <= pass.pass_number
),

receipts as (
    select
        company_id,
        store_code,
        till_id,
        receipt_no,
        document_date,
        {{ whole("sum(case when is_live and table_name = 'pos/receipt_lines' then pence else 0 end)") }} as lines_pence,
        {{ whole("sum(case when is_live and table_name = 'pos/tenders' then pence else 0 end)") }} as tenders_pence
    from versions
    group by company_id, store_code, till_id, receipt_no, document_date
),

beside as (
    select distinct
        company_id,
        delivery_id,
        store_code,
        till_id,
        receipt_no,
        document_date
    from versions
),

-- Which receipt a row is of: its file brought other rows of that receipt, or the row itself prints that receipt's date.
of_receipts as (
    select
        set_aside.*,
        receipts.document_date,
        receipts.lines_pence = receipts.tenders_pence as is_paid_exactly,
        count(*) over (
            partition by
                set_aside.company_id, set_aside.delivery_id, set_aside.source_file,
                set_aside.store_code, set_aside.till_id, set_aside.receipt_no, receipts.document_date
        ) as rows_wanted
    from set_aside
    inner join receipts
        on
            set_aside.company_id = receipts.company_id
            and set_aside.store_code = receipts.store_code
            and set_aside.till_id = receipts.till_id
            and set_aside.receipt_no = receipts.receipt_no
    left join beside
        on
            set_aside.company_id = beside.company_id
            and set_aside.delivery_id = beside.delivery_id
            and set_aside.store_code = beside.store_code
            and set_aside.till_id = beside.till_id
            and set_aside.receipt_no = beside.receipt_no
            and receipts.document_date = beside.document_date
    where
        beside.delivery_id is not null
        or contains(set_aside.raw_text, strftime(receipts.document_date, '%Y-%m-%d'))
        or contains(set_aside.raw_text, strftime(receipts.document_date, '%d/%m/%Y'))
        or contains(set_aside.raw_text, strftime(receipts.document_date, '%d.%m.%Y'))
        or contains(set_aside.raw_text, strftime(receipts.document_date, '%Y%m%d'))
),

-- Rows of the receipt from files written later in which every row of it could be read.
supply as (
    select
        versions.*,
        deliveries.modified_ns
    from versions
    inner join deliveries
        on
            versions.company_id = deliveries.company_id
            and versions.delivery_id = deliveries.delivery_id
            and versions.source_file = deliveries.source_file
    left join {{ ref('stg_intake__set_aside_rows') }} as flaws
        on
            versions.company_id = flaws.company_id
            and versions.delivery_id = flaws.delivery_id
            and versions.store_code = flaws.store_code
            and versions.till_id = flaws.till_id
            and versions.receipt_no = flaws.receipt_no
    where versions.is_live and flaws.delivery_id is null
),

supplied as (
    select
        of_receipts.company_id,
        of_receipts.delivery_id,
        of_receipts.source_file,
        of_receipts.source_row
    from of_receipts
    inner join supply
        on
            of_receipts.company_id = supply.company_id
            and of_receipts.store_code = supply.store_code
            and of_receipts.till_id = supply.till_id
            and of_receipts.receipt_no = supply.receipt_no
            and of_receipts.document_date = supply.document_date
            and of_receipts.since_ns < supply.modified_ns
            and contains(of_receipts.table_name, supply.table_name)
    where of_receipts.is_paid_exactly
    group by
        of_receipts.company_id, of_receipts.delivery_id, of_receipts.source_file, of_receipts.source_row,
        of_receipts.document_date, of_receipts.rows_wanted
    having count(*) >= of_receipts.rows_wanted
),

awaited as (
    select distinct
        set_aside.company_id,
        set_aside.delivery_id,
        set_aside.source_file,
        set_aside.source_row,
        set_aside.store_code,
        set_aside.till_id,
        set_aside.receipt_no,
        of_receipts.document_date
    from set_aside
    left join of_receipts
        on
            set_aside.company_id = of_receipts.company_id
            and set_aside.delivery_id = of_receipts.delivery_id
            and set_aside.source_file = of_receipts.source_file
            and set_aside.source_row = of_receipts.source_row
    left join supplied
        on
            set_aside.company_id = supplied.company_id
            and set_aside.delivery_id = supplied.delivery_id
            and set_aside.source_file = supplied.source_file
            and set_aside.source_row = supplied.source_row
    where supplied.delivery_id is null
)

select * from awaited
