"""The days that a pass judges: those that something new may touch. What was published of all others stands.

Nothing on a day that is kept can be judged otherwise, because

* a day is judged where a row of it arrived, changed or vanished; where something new names what is on it (a reference,
  a posting key, a receipt number, the sale that a return brings back, an intent, a person's word, a line of the
  connector's log); where time alone may move it (a document in its grace, or in the connector's retry window); and
  where it holds what days do not settle (rows set aside, documents of ours without a receipt);
* days that share a document, a receipt number, a partner, a summary, a return or a journal are judged together
  (model `linked_days`);
* what stands above all days has not changed: a mapping, an account, a period, a setting or a model that did makes
  every day judged, and so does a history that is small, or of which more than a share is touched.

The models read judged days alone (`macros/kept.sql`); schema `kept` of the warehouse holds all other days of what
was published, by which each published model is whole again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.files import sql_path
from orchestration.landing import Landing
from orchestration.landing_files import ANCHOR, UNDATED
from orchestration.landing_tables import TABLES
from orchestration.publishing import Publication, day_column

LARGEST_SHARE = 5
"""One in so many: where more of what is published would be judged, all of it is."""

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
BY_DAY = (
    "bridge_lines",
    "coverage",
    "document_verdicts",
    "expected_lines",
    "gate_flags",
    "ledger_documents",
    "ledger_lines",
    "linked_days",
    "receipt_lines",
    "receipt_tenders",
    "receipts",
    "sage_by_date",
    "sage_by_slot",
    "store_days",
    "tax_roundings",
    "till_customer_balances",
    "tranche_members",
)
"""Published models of which a pass makes the judged days alone."""
OF_ANOTHER = {
    "document_drifts": ("document_id", "document_verdicts"),
    "posting_proposal_legs": ("posting_key", "posting_proposals"),
}
"""The same of those without a day: the column by which a row belongs to a row of another."""
WHOLE = (
    "company_periods",
    "debt",
    "debt_by_pass",
    "deliveries",
    "dirty_slots",
    "exceptions",
    "fix_set",
    "look_ahead",
    "match_decisions",
    "period_bridge",
    "posting_proposals",
    "postings",
    "set_aside_rows",
    "till_closures",
    "vat_returns",
    "verdict_history",
)
"""Published models that every pass makes whole: they ask above days, or of days that are kept what was said of them."""
UNDATED_FILES = ("linked_days",)
"""By day, and yet published as one file."""
ASKED_BESIDE = ("exceptions", "posting_proposals")
"""Models that are whole, and ask of themselves what they said of the days that are kept."""
OUR_KEY = "^TP[0-9A-HJKMNP-TV-Z]{13}[A-Z][0-9]{2}[0-9][PX]$"
DAYS_A_JOURNAL_LOOKS_BACK = 31

UNFINISHED = "days_are_kept.unfinished"
"""Lies beside the gate's files from the choice of days until they are published: what it outlives is judged whole."""

Touch = Callable[[str, str], None]
"""Given a reason and a query of days, or of what documents: notes them down."""


@dataclass(frozen=True)
class JudgedDays:
    """What a pass judges: so many days of all, or all of them for a reason."""

    judged: int = 0
    known: int = 0
    all_because: str = ""

    @property
    def are_some_kept(self) -> bool:
        return not self.all_because

    def __str__(self) -> str:
        return self.all_because or f"{self.judged} of {self.known} days"


def carried() -> tuple[str, ...]:
    """The published models that a pass which keeps days makes in part: they are whole with schema `kept`."""
    return (*BY_DAY, *OF_ANOTHER)


def choose(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    before: Publication | None,
    root: Path,
    *,
    pass_number: int,
    rules: str,
    keep_from: int,
    is_trusted: bool = True,
    largest_share: int | None = None,
) -> JudgedDays:
    """Choose the days of a pass, and lay what is kept beside them in schema `kept` of an empty warehouse.

    `before` is what is published now, in the folder `root`; `rules` the digest of those that will judge;
    `keep_from` how many documents must be published for days to be kept at all; `is_trusted` is false after a pass that
    kept days and was not published.
    """
    if before is None:
        return JudgedDays(all_because="nothing is published yet")
    if before.pass_number >= pass_number:
        return JudgedDays(all_because="the pass is judged again")
    if before.rules_digest != rules:
        return JudgedDays(all_because="other rules judged what is published")
    if not is_trusted:
        return JudgedDays(all_because="the last pass that kept days came to no end")
    documents = sum(int(file["rows"]) for file in before.tables.get("document_verdicts", []))
    if documents < keep_from:
        return JudgedDays(all_because="history is small")
    if not all((root / str(file["path"])).exists() for listed in before.tables.values() for file in listed):
        return JudgedDays(all_because="what is published is not whole")
    if any(landing.files(name) for name in TABLES if name.startswith("sage50/")):
        return JudgedDays(all_because="Sage 50 is read whole")
    if _has_rows_without_a_day(landing, before):
        return JudgedDays(all_because="some rows bear no date")
    new = _Landed(landing, before.pass_number)
    if above := sorted(new.tables - {*DATED, *READ_WHOLE, *DECIDED, *USED_BY_DAYS}):
        return JudgedDays(all_because=f"{above[0]} changed")
    if _has_other_till_customer(connection, new):
        return JudgedDays(all_because="a customer that tills post to changed")
    _lay_before(connection, before, root)
    _seed(connection, new)
    connection.execute(CLOSED)
    connection.execute(NEAR.format(days=_tolerance(connection, new)))
    connection.execute(JOURNALS.format(days=DAYS_A_JOURNAL_LOOKS_BACK))
    connection.execute(CLOSED)
    counted = connection.execute(
        """select (select count(*) from kept.judged_days), count(distinct business_date),
                  count(*) filter (where business_date in (select day from kept.judged_days)), count(*)
           from before.document_verdicts"""
    ).fetchone()
    assert counted is not None
    judged, known, judged_documents, all_documents = (int(value) for value in counted)
    if judged_documents * (largest_share or LARGEST_SHARE) > all_documents:
        connection.execute("drop schema kept cascade; drop schema before cascade")
        return JudgedDays(all_because="most days are touched")
    _lay_kept(connection, before)
    return JudgedDays(judged, known)


class _Landed:
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

    def _relation(self, paths: Sequence[Path], table: str) -> str:
        anchor = self._landing.root / table / ANCHOR
        listed = ", ".join(f"'{sql_path(path)}'" for path in [*paths, anchor])
        return f"read_parquet([{listed}], union_by_name = true)"


def _has_rows_without_a_day(landing: Landing, before: Publication) -> bool:
    """Whether something that is read or published by day has none."""
    published = [file for model in BY_DAY if model not in UNDATED_FILES for file in before.tables[model]]
    published += before.tables["posting_proposals"]
    landed = [found for table in DATED for found in landing.files(table)]
    return any(file["month"] is None and file["rows"] for file in published) or any(
        found.folder == UNDATED for found in landed
    )


def _has_other_till_customer(connection: duckdb.DuckDBPyConnection, landed: _Landed) -> bool:
    """Whether a customer changed that receipts are expected on: the gate asks of each whether it may be posted to."""
    found = connection.execute(
        f"""select count(*) from {landed.other_customers()} as customers
            where reference in (select till_customer_reference from {landed.newest("operations/stores")})
               or reference in (select customer_reference from {landed.newest("operations/customer_mappings")})"""
    ).fetchone()
    return found != (0,)


def _tolerance(connection: duckdb.DuckDBPyConnection, landed: _Landed) -> int:
    """How many days apart a receipt and its document may be that nothing names."""
    found = connection.execute(
        f"select coalesce(max(match_tolerance_days), 0) from {landed.newest('operations/companies')}"
    ).fetchone()
    return int(found[0]) if found else 0


def _lay_before(connection: duckdb.DuckDBPyConnection, before: Publication, root: Path) -> None:
    """Schema `before`: what is published now."""
    connection.execute("create schema before")
    for model in (*carried(), *ASKED_BESIDE):
        paths = ", ".join(
            f"'{sql_path((root / str(file['path'])).resolve())}'" for file in before.tables[model]
        )
        connection.execute(f"create view before.{model} as select * from read_parquet([{paths}])")


def _lay_kept(connection: duckdb.DuckDBPyConnection, before: Publication) -> None:
    """Schema `kept`: of what is published, the days that are not judged."""
    judged = "select judged_days.day from kept.judged_days as judged_days"
    for model in BY_DAY:
        columns = [str(row[0]) for row in connection.execute(f"describe before.{model}").fetchall()]
        day = day_column(columns) or "day"
        connection.execute(
            f"create view kept.{model} as select * from before.{model} where {day} not in ({judged})"
        )
    connection.execute(
        f"""create view kept.posting_proposals as
            select * from before.posting_proposals where business_date not in ({judged})"""
    )
    # a till's closure, a delivery and what lies unallocated is asked anew in every pass
    connection.execute(
        f"""create view kept.exceptions as select * from before.exceptions
            where status = 'open' and business_date not in ({judged})
            and document_kind not in ('closure', 'delivery') and not starts_with(subject_id, 'unallocated:')"""
    )
    for model, (column, owner) in OF_ANOTHER.items():
        connection.execute(
            f"""create view kept.{model} as
                select * from before.{model} where {column} in (select {column} from kept.{owner})"""
        )


CLOSED = """
    create or replace table kept.judged_days as
    with recursive reached(day) as (
        select distinct day from kept.touched_days where day is not null
        union
        select links.linked_day from reached inner join before.linked_days as links on reached.day = links.day
    )
    select reached.day, coalesce(min(touched.reason), 'linked') as reason
    from reached left join kept.touched_days as touched on reached.day = touched.day
    group by reached.day
"""
NEAR = """
    insert into kept.touched_days
    select distinct unnest([left_over.business_date, left_over.document_date, left_over.ledger_date]), 'near'
    from before.document_verdicts as left_over
    inner join kept.judged_days as judged on abs(left_over.document_date - judged.day) between 1 and {days}
    where left_over.ledger_document_id is null or left_over.posting_key is null
"""
"""What another day has left may lie as near to what is judged anew."""
JOURNALS = """
    insert into kept.touched_days
    select distinct journals.day, 'journal'
    from before.linked_days as journals
    inner join kept.judged_days as judged
        on journals.day between judged.day and judged.day + {days}
    where journals.reason = 'journal' and journals.day = journals.linked_day
"""
"""A journal of the days after may carry what is judged anew."""
TOUCHED_DOCUMENTS = """
    insert into kept.touched_days
    select distinct unnest([business_date, document_date, ledger_date]), '{reason}'
    from before.document_verdicts where {condition}
"""


def _seed(connection: duckdb.DuckDBPyConnection, landed: _Landed) -> None:
    """Table `kept.touched_days`: every day that something touches, with a reason."""
    connection.execute("create schema kept")
    connection.execute("create table kept.touched_days (day date, reason varchar)")

    def touch(reason: str, query: str) -> None:
        connection.execute(
            f"insert into kept.touched_days select distinct day, '{reason}' from ({query}) as touched(day)"
        )

    def touch_documents(reason: str, condition: str) -> None:
        connection.execute(TOUCHED_DOCUMENTS.format(reason=reason, condition=condition))

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


def _seed_rows(connection: duckdb.DuckDBPyConnection, landed: _Landed, touch: Touch) -> None:
    """The days of new rows, of what they are other versions of, and of the documents they belong to."""
    for table, column in DATED.items():
        if table not in landed.tables:
            continue
        touch("new_rows", f"select {column} from {landed.new(table)}")
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
                where customer_reference in (select reference from {landed.other_customers()})""",
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


def _any_cutoff(landed: _Landed) -> str:
    return f"exists (select 1 from {landed.newest('operations/stores')} where coalesce(day_cutoff_minutes, 0) <> 0)"


def _seed_receipts(
    connection: duckdb.DuckDBPyConnection, landed: _Landed, touch: Touch, touch_documents: Touch
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
    connection.execute("drop table new_numbers")


def _seed_references(
    connection: duckdb.DuckDBPyConnection, landed: _Landed, touch: Touch, touch_documents: Touch
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
            from new_references cross join {patterns} as patterns where regexp_full_match(reference, pattern)"""
    )
    touch_documents(
        "named_by_new_rows", "(store_id, receipt_no) in (select store_id, receipt_no from named_receipts)"
    )
    touch(
        "named_by_new_rows",
        f"""select try_cast(regexp_replace(regexp_extract(reference, day_pattern, 2),
                '^([0-9]{{4}})-?([0-9]{{2}})-?([0-9]{{2}})$', '\\1-\\2-\\3') as date)
            from new_references cross join {patterns} as patterns where regexp_full_match(reference, day_pattern)""",
    )
    connection.execute("drop table new_references; drop table named_receipts")


def _seed_decisions(
    connection: duckdb.DuckDBPyConnection, landed: _Landed, touch: Touch, touch_documents: Touch
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
    decisions = landed.all("operations/match_decisions")
    touch_documents(
        "decision",
        f"""posting_key in (select posting_key from {decisions})
            or document_id in (select ledger_document_id from {decisions})
            or ledger_document_id in (select ledger_document_id from {decisions})""",
    )
    touch(
        "decision",
        f"""select document_date from before.ledger_documents
            where ledger_document_id in (select ledger_document_id from {decisions})""",
    )


def touched_months(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str | None]]:
    """Of each published model that a day bounds, the months that may be other than they were."""
    judged: list[str | None] = [
        str(row[0])
        for row in connection.execute(
            "select distinct strftime(day, '%Y-%m') as month from kept.judged_days order by month"
        ).fetchall()
    ]
    # history gains rows and loses none
    gained: list[str | None] = [
        None if row[0] is None else str(row[0])
        for row in connection.execute(
            """select distinct strftime(business_date, '%Y-%m') as month
               from exceptions.int_judgements_changed order by month"""
        ).fetchall()
    ]
    dated = {model: judged for model in BY_DAY if model not in UNDATED_FILES}
    return {**dated, "verdict_history": gained}


def lay_whole(connection: duckdb.DuckDBPyConnection, models: Mapping[str, str]) -> dict[str, str]:
    """The relation of each published model with the days that were kept: schema `whole`, where they are in part."""
    connection.execute("create schema whole")
    relations = dict(models)
    for model in carried():
        connection.execute(
            f"""create view whole.{model} as
                select * from {models[model]} union all by name select * from kept.{model}"""
        )
        relations[model] = f"whole.{model}"
    return relations
