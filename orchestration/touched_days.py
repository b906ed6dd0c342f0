"""What touches a day: each thing that came since the publication and may have something on the day judged otherwise.

A day is touched where a row of it arrived, changed or vanished, or a closure that counts its cash; where something new
names what is on it (a reference, a posting key, a receipt number, the sale that a return brings back, an intent, a
person's word, a line of the connector's log); where time alone may move it (a document in its grace, or in the
connector's retry window); and where it holds what days do not settle (rows set aside, documents of ours without a
receipt).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.files import sql_path
from orchestration.landing import Landing
from orchestration.landing_files import ANCHOR
from orchestration.landing_tables import TABLES

DATED = {
    "pos/receipt_lines": "document_date",
    "pos/tenders": "document_date",
    "sage200/sales_posted_transactions": "transaction_date",
    "sage200/sales_tax_items": "transaction_date",
    "sage200/bank_posted_transactions": "transaction_date",
    "sage200/bank_tax_items": "transaction_date",
    "sage200/nominal_transactions": "transaction_date",
}
"""What staging reads by day, and its date."""
READ_WHOLE = (
    "connector/sync_log",
    "intake/deliveries",
    "intake/set_aside_rows",
    "pos/products",
    "pos/till_closures",
)
"""What is read of all days in every pass, or of none: the days that it names are looked for."""
DECIDED = ("operations/intents", "operations/approvals", "operations/match_decisions", "tranches/members")
USED_BY_DAYS = ("sage200/products", "sage200/customers")
"""What changes the days that use it, and no others."""
CUSTOMERS_READ = "source_key, id, reference, name, on_hold, account_status_type, is_tombstone"
"""What models read of a customer: its balance moves with every posting."""
OUR_KEY = "^TP[0-9A-HJKMNP-TV-Z]{13}[A-Z][0-9]{2}[0-9][PX]$"
DAYS_A_JOURNAL_LOOKS_BACK = 31

Touch = Callable[[str, str], None]
"""Given a reason and a query of days, or of what documents: notes them down."""


class Landed:
    """What landing holds, and what of it came after a pass, as SQL."""

    def __init__(self, landing: Landing, pass_number: int):
        self._landing = landing
        self._pass_number = pass_number
        self.tables = {found.table for found in landing.dirty_since(pass_number)}

    def all(self, table: str) -> str:
        """Every version of every row."""
        return self._relation([found.path for found in self._landing.files(table)], table)

    def new(self, table: str) -> str:
        """Those that the publication has not seen."""
        files = self._landing.files(table)
        return self._relation([found.path for found in files if found.pass_number > self._pass_number], table)

    def earlier(self, table: str) -> str:
        """Those that it has."""
        files = self._landing.files(table)
        return self._relation(
            [found.path for found in files if found.pass_number <= self._pass_number], table
        )

    def of_months(self, table: str, months: Collection[str]) -> str:
        """Those whose date is in one of these months ("2011-08"), in every version."""
        return self._relation(
            [found.path for found in self._landing.files(table) if found.folder in months], table
        )

    def newest(self, table: str) -> str:
        """The newest version of every row that has not gone."""
        return f"""(select * from (select *, row_number() over (
            partition by company_id, source_key order by pass_number desc) as place from {self.all(table)}
            ) as ranked where place = 1 and not is_tombstone)"""

    def other_customers(self) -> str:
        """Ids and references, in every version, of the customers that are no longer as they were."""
        return f"""(select id, reference from {self.all("sage200/customers")} where source_key in (
            select source_key from (
                select {CUSTOMERS_READ} from {self.new("sage200/customers")}
                except
                select {CUSTOMERS_READ} from (select *, row_number() over (
                    partition by company_id, source_key order by pass_number desc) as place
                    from {self.earlier("sage200/customers")}) as ranked where place = 1) as other))"""

    def is_empty(self, table: str) -> bool:
        """Whether nothing was ever landed to it."""
        return not self._landing.files(table)

    def _relation(self, paths: Sequence[Path], table: str) -> str:
        anchor = self._landing.root / table / ANCHOR
        listed = ", ".join(f"'{sql_path(path)}'" for path in [*paths, anchor])
        return f"read_parquet([{listed}], union_by_name = true)"


TOUCHED_DOCUMENTS = """
    insert into kept.touched_days
    select distinct unnest([business_date, document_date, ledger_date]), '{reason}'
    from before.document_verdicts where {condition}
"""


IN_GRACE = """
    verdict <> 'nothing_to_post' and posting_key is not null and ledger_document_id is null
    and business_date >= date '{published}' - (
        select cast(coalesce(max(grace_hours), 0) // 24 + 2 as integer) from {companies})
"""
"""What Sage has nothing of, sold so lately that its grace may not have been over: pending, or gone from Sage, and after
its grace perhaps a copy of another. A business date may begin half a day before UTC's and end a day after it."""


def note(connection: duckdb.DuckDBPyConnection, landed: Landed, published_as_of: datetime) -> None:
    """Table `kept.touched_days`: every day that something touches, with a reason."""
    connection.execute("create schema kept")
    connection.execute("create table kept.touched_days (day date, reason varchar)")

    def touch(reason: str, query: str) -> None:
        connection.execute(
            f"insert into kept.touched_days select distinct day, '{reason}' from ({query}) as touched(day)"
        )

    def touch_documents(reason: str, condition: str) -> None:
        connection.execute(TOUCHED_DOCUMENTS.format(reason=reason, condition=condition))

    companies = landed.newest("operations/companies")
    touch_documents("waiting", IN_GRACE.format(published=published_as_of.date(), companies=companies))
    touch_documents("waiting", "verdict = 'pending'")
    touch("rows_set_aside", "select business_date from before.receipts where not is_complete")
    touch(
        "unexplained",
        """select document_date from before.ledger_documents
           where mark = 'ours' and posting_key is null and ledger_document_id in (
               select document_id from before.document_verdicts where posting_key is null and verdict <> 'reversed')""",
    )
    touch("waiting", "select business_date from before.posting_proposals where is_connector_still_trying")
    _seed_rows(connection, landed, touch)
    _seed_receipts(connection, landed, touch, touch_documents)
    _seed_references(connection, landed, touch, touch_documents)
    _seed_decisions(connection, landed, touch, touch_documents)


def _seed_rows(connection: duckdb.DuckDBPyConnection, landed: Landed, touch: Touch) -> None:
    """The days of new rows, of what they are other versions of, and of the documents they belong to."""
    for table, column in DATED.items():
        if table not in landed.tables:
            continue
        touch("new_rows", f"select {column} from {landed.new(table)}")
        if column not in TABLES[table].key:  # else all versions of a row are of one day
            touch(
                "new_rows",
                f"""select {column} from {landed.earlier(table)}
                    where source_key in (select source_key from {landed.new(table)})""",
            )
        if table.startswith("pos/"):
            # after midnight, and before the store's cut-off, it is still yesterday
            touch("new_rows", f"select {column} - 1 from {landed.new(table)} where {_any_cutoff(landed)}")
        else:
            touch(
                "new_rows",
                f"""select document_date from before.ledger_documents
                    where urn in (select urn from {landed.new(table)})""",
            )
    if "pos/till_closures" in landed.tables:
        _seed_closures(landed, touch)
    if "sage200/products" in landed.tables:
        touch(
            "new_rows",
            f"""select business_date from before.receipt_lines
                where sku in (select upper(trim(code)) from {landed.all("sage200/products")}
                    where source_key in (select source_key from {landed.new("sage200/products")}))""",
        )
    if "sage200/customers" in landed.tables:
        touch(
            "new_rows",
            f"""select document_date from before.ledger_documents
                where customer_reference in (select reference from {landed.other_customers()})
                -- of one that came before its account, nothing is known but that Sage will have it
                or (source_ledger = 'sales' and customer_reference is null)""",
        )
    journals = "sage200/nominal_transactions"
    if journals in landed.tables:
        touch(
            "journal",
            f"""select left_over.business_date from before.document_verdicts as left_over
                inner join (select distinct transaction_date from {landed.new(journals)}
                            where source = 'LedgerNominal') as posted
                    on left_over.business_date
                        between posted.transaction_date - {DAYS_A_JOURNAL_LOOKS_BACK} and posted.transaction_date
                where left_over.posting_key is not null and left_over.ledger_document_id is null""",
        )
        # a journal may undo another, and need not say which
        touch(
            "journal",
            f"""select document_date from before.ledger_documents
                where document_kind = 'journal' and (coalesce(reference, ''), gross_pence) in (
                    select coalesce(min(reference), ''), cast(sum(debit) * 100 as bigint)
                    from {landed.new(journals)} where source = 'LedgerNominal' group by urn)""",
        )


def _seed_closures(landed: Landed, touch: Touch) -> None:
    """The days of new closures where over and short is posted, and of those that bear a number twice."""
    is_posted = f"""exists (
        select 1 from {landed.newest("operations/nominal_mappings")} where lower(category) = 'cash_over_short')"""
    closures = landed.new("pos/till_closures")
    touch("new_rows", f"select business_date from {closures} where {is_posted}")
    touch(
        "new_rows",
        f"""select unnest(list(distinct business_date)) from {landed.all("pos/till_closures")}
            where {is_posted} and (company_id, store_code, till_code) in (
                select company_id, store_code, till_code from {closures})
            group by company_id, store_code, till_code, closure_no having count(distinct business_date) > 1""",
    )


def _any_cutoff(landed: Landed) -> str:
    return f"exists (select 1 from {landed.newest('operations/stores')} where coalesce(day_cutoff_minutes, 0) <> 0)"


def _seed_receipts(
    connection: duckdb.DuckDBPyConnection, landed: Landed, touch: Touch, touch_documents: Touch
) -> None:
    """What bears the number of a new receipt, or of the sale it names, and what names it as its own sale."""
    lines = landed.new("pos/receipt_lines")
    connection.execute(
        f"""create temp table new_numbers as
            select distinct coalesce(stores.store_id, printed.store_code) as store_id, printed.receipt_no, is_sale
            from (
                select store_code, receipt_no, true as is_sale from {lines}
                union
                select coalesce(original_store_code, store_code), original_receipt_no, false from {lines}
                where original_receipt_no is not null
                union
                select store_code, receipt_no, false from {landed.new("intake/set_aside_rows")}
                where receipt_no is not null
            ) as printed
            left join (select distinct store_code, store_id from {landed.newest("operations/stores")}) as stores
                on printed.store_code = stores.store_code"""
    )
    touch_documents(
        "named_by_new_rows", "(store_id, receipt_no) in (select store_id, receipt_no from new_numbers)"
    )
    touch(
        "named_by_new_rows",
        """select business_date from before.receipts
           where original_receipt_no in (select receipt_no from new_numbers where is_sale)""",
    )
    # rung up before midnight and paid for after it: the date of a tender is its receipt's
    printed = f"select store_code, till_code, receipt_no, document_date from {lines}"
    if "pos/tenders" in landed.tables:
        touch(
            "named_by_new_rows",
            f"""select document_date - 1 from {landed.new("pos/tenders")}
                where (store_code, till_code, receipt_no, document_date) not in (
                    {printed} union select store_code, till_id, receipt_no, document_date from before.receipts)""",
        )
    if "pos/receipt_lines" in landed.tables:
        found = connection.execute(
            f"select distinct strftime(document_date + 1, '%Y-%m') from {lines}"
        ).fetchall()
        touch(
            "named_by_new_rows",
            f"""select document_date from {landed.of_months("pos/tenders", [month for (month,) in found])}
                where (store_code, till_code, receipt_no, document_date - 1) in ({printed})""",
        )
    connection.execute("drop table new_numbers")


def _seed_references(
    connection: duckdb.DuckDBPyConnection, landed: Landed, touch: Touch, touch_documents: Touch
) -> None:
    """What the references of new documents, and of the connector's new log lines, name."""
    sales = landed.new("sage200/sales_posted_transactions")
    banks = landed.new("sage200/bank_posted_transactions")
    nominals = landed.new("sage200/nominal_transactions")
    connection.execute(
        f"""create temp table new_references as
            select distinct reference, cast(abs(document_gross_value) * 100 as bigint) as gross_pence from {sales}
            -- an order's number comes second on the invoice that it becomes
            union select second_reference, null from {sales} where regexp_matches(second_reference, '{OUR_KEY}')
            union select reference, cast(abs(cheque_value) * 100 as bigint) from {banks}
            union select min(reference), cast(sum(debit) * 100 as bigint) from {nominals} group by urn
            union select reference, null from {landed.new("connector/sync_log")}"""
    )
    connection.execute("delete from new_references where coalesce(trim(reference), '') = ''")
    touch_documents(
        "named_by_new_rows",
        f"""left(posting_key, 18) in (
            select left(reference, 18) from new_references where regexp_matches(reference, '{OUR_KEY}'))""",
    )
    touch(
        "named_by_new_rows",
        f"""select unnest([business_date, document_date]) from {landed.newest("operations/intents")}
            where left(posting_key, 18) in (select left(reference, 18) from new_references)""",
    )
    # the same account, values and reference: either may undo the other, or be its copy
    same = """(reference, gross_pence) in (
        select reference, gross_pence from new_references where gross_pence is not null)"""
    touch("named_by_new_rows", f"select document_date from before.ledger_documents where {same}")
    touch_documents(
        "named_by_new_rows",
        f"ledger_document_id in (select ledger_document_id from before.ledger_documents where {same})",
    )
    patterns = landed.newest("operations/connector_patterns")
    connection.execute(
        f"""create temp table named_receipts as
            select distinct regexp_extract(reference, pattern, 1) as store_id,
                regexp_extract(reference, pattern, 2) as receipt_no
            from new_references cross join {patterns} as patterns where regexp_matches(reference, pattern)"""
    )
    touch_documents(
        "named_by_new_rows", "(store_id, receipt_no) in (select store_id, receipt_no from named_receipts)"
    )
    touch(
        "named_by_new_rows",
        f"""select try_cast(regexp_replace(regexp_extract(reference, day_pattern, 2),
                '^([0-9]{{4}})-?([0-9]{{2}})-?([0-9]{{2}})$', '\\1-\\2-\\3') as date)
            from new_references cross join {patterns} as patterns where regexp_matches(reference, day_pattern)""",
    )
    connection.execute("drop table new_references; drop table named_receipts")


def _seed_decisions(
    connection: duckdb.DuckDBPyConnection, landed: Landed, touch: Touch, touch_documents: Touch
) -> None:
    """What posting has moved, and what a person has decided, whenever that was."""
    if "operations/intents" in landed.tables:
        intents = landed.new("operations/intents")
        touch("posting", f"select unnest([business_date, document_date]) from {intents}")
        touch_documents(
            "posting",
            f"""left(posting_key, 18) in (select left(posting_key, 18) from {intents})
                or event_id in (select event_id from {intents})
                or ledger_urn in (select unnest([urn, target_urn]) from {intents})""",
        )
        touch(
            "posting",
            f"""select document_date from before.ledger_documents
                where urn in (select unnest([urn, target_urn]) from {intents})""",
        )
    if "tranches/members" in landed.tables:
        touch("posting", f"select business_date from {landed.new('tranches/members')}")
    if not landed.is_empty("operations/match_decisions"):
        decisions = landed.all("operations/match_decisions")
        decided = f"select ledger_document_id from {decisions}"
        touch_documents("decision", f"posting_key in (select posting_key from {decisions})")
        touch_documents("decision", f"document_id in ({decided})")
        touch_documents("decision", f"ledger_document_id in ({decided})")
        touch(
            "decision",
            f"select document_date from before.ledger_documents where ledger_document_id in ({decided})",
        )
