"""How each till writes a row: one SQL text per shape and export, as FORMATS.md says.

Each entry yields `store_id`, `file_name`, `document_date`, `sort_key`, `text` (one row of the file, line end
included) and may use `$since` and `$until`; headers and wrappers stand beside them. Three shapes: comma (S01,
S02), semicolon (S03, S04), XML (S05).
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.scenario.sales import FORTNIGHT_START

BOM = "\ufeff"
XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True)
class Export:
    """One kind of file of one shape: what precedes its rows, the query for them, what follows."""

    stores: tuple[str, ...]
    head: str
    query: str
    tail: str = ""


def pounds(pence: str) -> str:
    """SQL: whole pence as `-12.05`."""
    return f"cast(cast({pence} * cast(0.01 as decimal(3, 2)) as decimal(18, 2)) as varchar)"


def _rate() -> str:
    return "cast(cast(rate_tenths * cast(0.1 as decimal(2, 1)) as decimal(4, 1)) as varchar)"


def _quoted(text: str, delimiter: str) -> str:
    """SQL: a CSV field, in quotes only when it must be; null is empty."""
    return (
        f"""case when regexp_matches({text}, '["{delimiter}]') """
        f"""then '"' || replace({text}, '"', '""') || '"' """
        f"""else coalesce({text}, '') end"""
    )


def _escaped(text: str) -> str:
    """SQL: an XML attribute's value; null is empty."""
    result = f"coalesce({text}, '')"
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        result = f"replace({result}, '{character}', '{entity}')"
    return result


def _row(fields: list[str], delimiter: str, line_end: str) -> str:
    return f" || '{delimiter}' || ".join(fields) + f" || {line_end}"


LF, CRLF = "chr(10)", "chr(13) || chr(10)"
LATE = f"date '{FORTNIGHT_START}'"
HOURLY = (
    f"case when exported_at < {LATE} then strftime(exported_at, '%Y-%m') "
    "else strftime(exported_at, '%Y-%m-%d_%H') end"
)
DAILY = (
    f"case when business_date < {LATE} then strftime(business_date, '%Y-%m') "
    "else strftime(business_date, '%Y-%m-%d') end"
)

PRINTED_LINES = """
    select
        lines.*, receipts.kind, receipts.completed_at, receipts.document_date, receipts.line_count,
        coalesce(late_uploads.exported_at, receipts.completed_at) as exported_at,
        coalesce(stores.printed_store, lines.store_id) as printed_store,
        coalesce(quantities.quantity_text, cast(lines.quantity as varchar)) as quantity_text,
        coalesce(events.original_no, '') as original_no
    from derived_lines as lines
    inner join derived_receipts as receipts using (receipt_no)
    left join oddities as stores on lines.receipt_no = stores.receipt_no and stores.printed_store is not null
    left join oddities as quantities on lines.line_no = quantities.line_no
    left join late_uploads on lines.receipt_no = late_uploads.receipt_no
    left join derived_events as events on lines.receipt_no = events.receipt_no
"""
PRINTED_TENDERS = """
    select
        tenders.*, receipts.store_id, receipts.till_id, receipts.completed_at, receipts.document_date,
        coalesce(late_uploads.exported_at, receipts.completed_at) as exported_at,
        receipts.first_line_no, coalesce(stores.printed_store, receipts.store_id) as printed_store
    from derived_tenders as tenders
    inner join derived_receipts as receipts using (receipt_no)
    left join oddities as stores
        on tenders.receipt_no = stores.receipt_no and stores.printed_store is not null
    left join late_uploads on tenders.receipt_no = late_uploads.receipt_no
"""


def _lines(delimiter: str, line_end: str, sold_at: str, store: str) -> str:
    fields = [
        store,
        "till_id",
        "receipt_no",
        "kind",
        sold_at,
        _quoted("sku", delimiter),
        _quoted("description", delimiter),
        _quoted("quantity_text", delimiter),
        "cast(unit_price as varchar)",
        pounds("net_pence"),
        "tax_code",
        _rate(),
        pounds("tax_pence"),
        pounds("gross_pence"),
        "coalesce(cast(customer_no as varchar), '')",
        _quoted("destination", delimiter),
        "original_no",
    ]
    return f"""
        select store_id, 'sales_' || {HOURLY} || '.csv' as file_name, exported_at::date as document_date,
               [epoch(completed_at)::bigint, line_no] as sort_key, {_row(fields, delimiter, line_end)} as text
        from ({PRINTED_LINES})"""


def _tenders(delimiter: str, line_end: str, taken_at: str, store: str) -> str:
    fields = [
        store,
        "till_id",
        "receipt_no",
        "cast(tender_no as varchar)",
        taken_at,
        "tender_type",
        pounds("tender_pence"),
        f"case when tip_pence <> 0 then {pounds('tip_pence')} else '' end",
    ]
    return f"""
        select store_id, 'tenders_' || {HOURLY} || '.csv' as file_name, exported_at::date as document_date,
               [epoch(completed_at)::bigint, first_line_no, tender_no] as sort_key,
               {_row(fields, delimiter, line_end)} as text
        from ({PRINTED_TENDERS})"""


def _closures(delimiter: str, line_end: str, day: str, clock: str, store: str) -> str:
    fields = [
        store,
        "till_id",
        "cast(closure_no as varchar)",
        f"strftime(business_date, '{day}')",
        f"strftime(opened_at, '{clock}')",
        f"strftime(closed_at, '{clock}')",
        "cast(receipts_count as varchar)",
        pounds("sales_pence"),
        pounds("returns_pence"),
        pounds("cash_pence"),
        pounds("card_pence"),
        pounds("counted_cash_pence"),
    ]
    return f"""
        select store_id, 'closures_' || {DAILY} || '.csv' as file_name, business_date as document_date,
               [closure_no, till_id::bigint] as sort_key, {_row(fields, delimiter, line_end)} as text
        from derived_closures"""


SOLD_SKUS = """
    select distinct on (store_id, folded_sku)
        store_id, folded_sku, derived_lines.sku as sku, name, tax_class, derived_skus.unit_price as unit_price
    from derived_lines
    inner join derived_skus on folded_sku = derived_skus.sku
    order by store_id, folded_sku, derived_lines.sku
"""


def _products(delimiter: str, line_end: str, store: str) -> str:
    fields = [
        store,
        _quoted("sku", delimiter),
        _quoted("name", delimiter),
        "tax_class",
        "cast(unit_price as varchar)",
    ]
    return f"""
        select store_id, 'products.csv' as file_name, null::date as document_date,
               [row_number() over (order by folded_sku)] as sort_key,
               {_row(fields, delimiter, line_end)} as text
        from ({SOLD_SKUS})"""


def _comma(head: str, query: str) -> Export:
    return Export(("S01", "S02"), head + "\n", query)


def _semicolon(head: str, query: str) -> Export:
    return Export(("S03", "S04"), BOM + head + "\r\n", query)


ISO_SOLD, ISO_DONE = "strftime(sold_at, '%Y-%m-%d %H:%M:%S')", "strftime(completed_at, '%Y-%m-%d %H:%M:%S')"
UK_SOLD, UK_DONE = "strftime(sold_at, '%d/%m/%Y %H:%M')", "strftime(completed_at, '%d/%m/%Y %H:%M')"
BRANCH = "case printed_store when 'S03' then 'BR3' when 'S04' then 'BR4' else printed_store end"
BRANCH_OF = "case store_id when 'S03' then 'BR3' when 'S04' then 'BR4' else store_id end"

# A receipt in XML is one text: its lines in the source's order, then its tenders.
XML_RECEIPTS = f"""
    with line_texts as (
        select
            receipt_no,
            string_agg(
                '<Line soldAt="' || strftime(sold_at, '%Y-%m-%dT%H:%M:%S') || '" sku="' || {_escaped("sku")}
                || '" description="' || {_escaped("description")} || '" qty="' || {_escaped("quantity_text")}
                || '" unitPrice="' || cast(unit_price as varchar) || '" net="' || {pounds("net_pence")}
                || '" taxCode="' || tax_code || '" taxRate="' || {_rate()}
                || '" tax="' || {pounds("tax_pence")}
                || '" gross="' || {pounds("gross_pence")} || '"'
                || case when original_no <> '' then ' originalReceipt="' || original_no || '"' else '' end
                || '/>' || chr(10), '' order by line_no
            ) as text
        from ({PRINTED_LINES})
        where store_id = 'S05' and document_date between $since and $until
        group by receipt_no
    ),
    tender_texts as (
        select
            receipt_no,
            string_agg(
                '<Tender no="' || tender_no || '" takenAt="' || strftime(completed_at, '%Y-%m-%dT%H:%M:%S')
                || '" type="' || tender_type || '" amount="' || {pounds("tender_pence")} || '"'
                || case when tip_pence <> 0 then ' tip="' || {pounds("tip_pence")} || '"' else '' end
                || '/>' || chr(10),
                '' order by tender_no
            ) as text
        from ({PRINTED_TENDERS})
        where store_id = 'S05' and document_date between $since and $until
        group by receipt_no
    )
    select
        store_id, 'receipts_' || {HOURLY.replace("exported_at", "completed_at")} || '.xml' as file_name, document_date,
        [epoch(completed_at)::bigint, first_line_no] as sort_key,
        '<Receipt till="' || till_id || '" no="' || receipt_no || '" kind="' || kind || '" customer="'
        || coalesce(cast(customer_no as varchar), '') || '" destination="' || {_escaped("destination")}
        || '">' || chr(10)
        || line_texts.text || coalesce(tender_texts.text, '') || '</Receipt>' || chr(10) as text
    from derived_receipts
    inner join line_texts using (receipt_no)
    left join tender_texts using (receipt_no)
"""
XML_CLOSURES = f"""
    select
        store_id, 'closures_' || {DAILY} || '.xml' as file_name, business_date as document_date,
        [closure_no, till_id::bigint] as sort_key,
        '<Closure till="' || till_id || '" zNo="' || closure_no || '" businessDate="' || business_date
        || '" openedAt="' || strftime(opened_at, '%Y-%m-%dT%H:%M:%S') || '" closedAt="'
        || strftime(closed_at, '%Y-%m-%dT%H:%M:%S') || '" receipts="' || receipts_count
        || '" sales="' || {pounds("sales_pence")} || '" returns="' || {pounds("returns_pence")}
        || '" cash="' || {pounds("cash_pence")} || '" card="' || {pounds("card_pence")}
        || '" countedCash="' || {pounds("counted_cash_pence")} || '"/>' || chr(10) as text
    from derived_closures
"""
XML_PRODUCTS = f"""
    select
        store_id, 'products.xml' as file_name, null::date as document_date,
        [row_number() over (order by folded_sku)] as sort_key,
        '<Product sku="' || {_escaped("sku")} || '" description="' || {_escaped("name")}
        || '" taxCode="' || tax_class || '" unitPrice="' || cast(unit_price as varchar)
        || '"/>' || chr(10) as text
    from ({SOLD_SKUS})
"""


def _xml(root: str, query: str) -> Export:
    return Export(("S05",), f'{XML_HEAD}<{root} store="S05">\n', query, f"</{root}>\n")


EXPORTS = (
    _comma(
        "Store,Till,ReceiptNo,Kind,SoldAt,SKU,Description,Qty,UnitPrice,"
        "Net,TaxCode,TaxRate,Tax,Gross,Customer,Destination,OriginalReceipt",
        _lines(",", LF, ISO_SOLD, "printed_store"),
    ),
    _comma(
        "Store,Till,ReceiptNo,TenderNo,TakenAt,Tender,Amount,Tip",
        _tenders(",", LF, ISO_DONE, "printed_store"),
    ),
    _comma(
        "Store,Till,ZNo,BusinessDate,OpenedAt,ClosedAt,Receipts,Sales,Returns,Cash,Card,CountedCash",
        _closures(",", LF, "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "store_id"),
    ),
    _comma("Store,SKU,Description,TaxCode,UnitPrice", _products(",", LF, "store_id")),
    _semicolon(
        "Branch;Register;Receipt;Type;When;Item;Text;Quantity;Price;"
        "NetValue;VATCode;VATPercent;VATValue;Total;Account;Country;OriginalReceipt",
        _lines(";", CRLF, UK_SOLD, BRANCH),
    ),
    _semicolon("Branch;Register;Receipt;Line;When;Method;Value;Tip", _tenders(";", CRLF, UK_DONE, BRANCH)),
    _semicolon(
        "Branch;Register;ZNumber;TradingDate;Opened;Closed;Receipts;"
        "SalesTotal;ReturnsTotal;CashTotal;CardTotal;CashCounted",
        _closures(";", CRLF, "%d/%m/%Y", "%d/%m/%Y %H:%M", BRANCH_OF),
    ),
    _semicolon("Branch;Item;Text;VATCode;Price", _products(";", CRLF, BRANCH_OF)),
    _xml("Receipts", XML_RECEIPTS),
    _xml("Closures", XML_CLOSURES),
    _xml("Products", XML_PRODUCTS),
)
