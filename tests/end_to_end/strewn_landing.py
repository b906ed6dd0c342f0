"""A home's landing told over several passes, drawn by a seed: what `play_days.py` judges both ways.

A part of its receipts, Sage documents, closures, connector's log lines, rows set aside, intents and approvals comes
late, some documents are first there under another date and reference or are given them later, some closures are first
under another count, some products in another group, some documents are there for a while and then gone, some reach the
nominal ledger late. Two stores are posted by day and by till. What people and the poster decide in between is in
`played_decisions.py`.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
from played_decisions import Decided

from orchestration.landing_files import ANCHOR, tables_of
from orchestration.publishing import Publication

POS = ("pos/receipt_lines", "pos/tenders")
SAGE = (
    *("sage200/sales_posted_transactions", "sage200/bank_posted_transactions", "sage200/sales_tax_items"),
    *("sage200/bank_tax_items", "sage200/nominal_transactions"),
)
UNITS = {
    **dict.fromkeys(POS, "concat_ws(' ', store_code, till_code, receipt_no, document_date)"),
    **dict.fromkeys(SAGE, "cast(urn as varchar)"),
    "pos/till_closures": "source_key",
    "connector/sync_log": "source_key",
    "intake/set_aside_rows": "source_key",
    "operations/intents": "posting_key",
    "operations/approvals": "posting_key",
    "sage200/products": "source_key",
}
"""What comes together: a receipt, a document, a line of the log, an intent."""
DATES = {
    **dict.fromkeys(POS, "document_date"),
    **dict.fromkeys(SAGE, "transaction_date"),
    "pos/till_closures": "business_date",
    "connector/sync_log": "cast(ended_at as date)",
    "operations/intents": "business_date",
}
"""By which a home is cut to some months."""
ELSEWHERE = 9_000_000
"""Added to the number of a document that is not one."""
BY_TILL, BY_DAY, CLEARED = "S02", "S03", "S04"
"""The stores of which days are posted as summaries, the last through a clearing bank."""
CLEARING_BANK = "CURRENT"
APART, GRACE_HOURS = timedelta(hours=12), 24
CUT_OFF = "S05"
"""The store whose trading day comes to end at ten in the morning."""


class Strewn:
    """A landing told over several passes, by a seed. `played` counts what came in each, by pass and kind."""

    def __init__(self, landing: Path, seed: int, last_pass: int, now: datetime, months: int = 0):
        self.connection = duckdb.connect()
        self._last_pass = last_pass
        self.played: Counter[tuple[int, str]] = Counter()
        self.edited = last_pass - 1 if last_pass > 3 else 0
        self._moving = [number for number in range(2, last_pass + 1) if number != self.edited]
        self._draw = random.Random(seed)  # noqa: S311  tells stories, guards nothing
        self._taken: set[tuple[str, str]] = set()
        self.tables = list(tables_of(landing))
        for table in self.tables:
            self._read(landing / table, table)
        if months:
            self._cut(months)
        found = self.connection.execute('select max(document_date) from "pos/receipt_lines"').fetchone()
        assert found is not None
        self.until: date = found[0]
        self._ends_at = min(now, datetime.combine(self.until, now.time()))
        # some seeds without what ties many days together: a few days' tolerance, manual journals
        if seed % 2:
            self.connection.execute('update "operations/companies" set match_tolerance_days = 0')
        if seed % 4 == 1:
            self.connection.execute(f"delete from \"{SAGE[-1]}\" where source = 'LedgerNominal'")
        self._miscount()
        self._sum_up()
        for number in self._moving:
            self._come_late(number)
        self._alter()
        self._count_again()
        self._regroup()
        self._blur()
        self._come_near()
        self._lose_names()
        self._stray()
        self._vanish_in_grace()
        self._file_returns()
        if self.edited:
            self._edit()
        self._decided = Decided(self.connection, self._draw, self.edited, last_pass)

    def as_of(self, number: int) -> datetime:
        """When a pass judges, in UTC: the last on the last day of the receipts, each half a day before the next."""
        return self._ends_at - APART * (self._last_pass - number)

    def decide(self, number: int, home: Path, published: Publication) -> None:
        """What people and the poster decide of what is published, for the pass of this number to find."""
        if number != self.edited:

            def relation(model: str) -> str:
                paths = [f"'{home / 'published' / str(file['path'])}'" for file in published.tables[model]]
                return f"read_parquet([{', '.join(paths)}])"

            for kind, count in self._decided.before(number, relation, home / "landing").items():
                self.played[number, kind] += count

    def write(self, landing: Path, pass_number: int) -> None:
        """The files of one pass."""
        for table in self.tables:
            months = self.connection.execute(
                f'select distinct folder from "{table}" where pass_number = {pass_number}'
            ).fetchall()
            for (folder,) in months:
                (landing / table / folder).mkdir(parents=True, exist_ok=True)
                self.connection.execute(
                    f"""copy (select * exclude (unit, folder) from "{table}"
                              where pass_number = {pass_number} and folder = '{folder}' order by all)
                        to '{landing / table / folder}/pass_{pass_number:06d}.parquet' (format parquet)"""
                )

    def _read(self, folder: Path, table: str) -> None:
        """The newest of each row, as if the first pass had landed it."""
        files = [*sorted(folder.glob("*/pass_*.parquet")), folder / ANCHOR]
        listed = ", ".join(f"'{file}'" for file in files if file.exists())
        self.connection.execute(
            f"""create table "{table}" as
                select * exclude (place, filename) replace (1 as pass_number), {UNITS.get(table, "''")} as unit,
                    parse_path(filename)[-2] as folder
                from (select *, row_number() over (
                        partition by company_id, source_key order by pass_number desc) as place
                      from read_parquet([{listed}], union_by_name = true, filename = true)) as ranked
                where place = 1 and not is_tombstone"""
        )

    def _cut(self, months: int) -> None:
        """So many months in a row of what has a date."""
        found = self.connection.execute(
            """select distinct strftime(document_date, '%Y-%m') from "pos/receipt_lines" order by all"""
        ).fetchall()
        first = self._draw.randint(0, max(len(found) - months, 0))
        kept = ", ".join(f"'{month}'" for (month,) in found[first : first + months])
        for table, day in DATES.items():
            self.connection.execute(f"delete from \"{table}\" where strftime({day}, '%Y-%m') not in ({kept})")

    def _units(self, table: str, count: int, where: str = "true") -> list[str]:
        """So many that nothing has happened to yet."""
        group = "sage" if table in SAGE else "pos" if table in POS else table
        found = self.connection.execute(
            f'select distinct unit from "{table}" where pass_number = 1 and {where} order by unit'
        ).fetchall()
        free = [str(unit) for (unit,) in found if (group, str(unit)) not in self._taken]
        units = self._draw.sample(free, min(count, len(free)))
        self._taken.update((group, unit) for unit in units)
        return units

    def _miscount(self) -> None:
        """More closures that are over or short than a demo has."""
        found = self.connection.execute(
            'select distinct unit from "pos/till_closures" where cash_amount is not null order by unit'
        ).fetchall()
        units = [str(unit) for (unit,) in self._draw.sample(found, min(20, len(found)))]
        self.connection.execute(
            """update "pos/till_closures" set counted_cash_amount = cash_amount + 2
               where list_contains(?, unit) and counted_cash_amount = cash_amount""",
            [units],
        )

    def _sum_up(self) -> None:
        """A store posted by till and one by day, some days of theirs without a document in Sage; of each such day a
        receipt that comes late, and one that first was paid in another way."""
        for store, grain, recipe, since in (
            (BY_TILL, "till_day", "'' as recipe", "2010-01-01"),
            (BY_DAY, "store_day", "'' as recipe", self._some_day()),
            (
                CLEARED,
                "store_day",
                f"'takings_clearing' as recipe, '{CLEARING_BANK}' as clearing_bank_code",
                self._some_day(),
            ),
        ):
            self._insert_mapping(
                "operations/store_grains",
                1,
                f"'{store}' as store_id, '{grain}' as grain, {recipe}, date '{since}' as valid_from",
            )
            of_store = f"""customer_id = (select any_value(id) from "sage200/customers" where reference = (
                select till_customer_reference from "operations/stores" where store_id = '{store}'))"""
            days = self.connection.execute(
                f"""select distinct transaction_date from "sage200/sales_posted_transactions"
                    where {of_store} and transaction_date between date '{since}' and date '{self.until}' - 4
                    order by all"""
            ).fetchall()
            for (day,) in self._draw.sample(days, min(3, len(days))):
                documents = [
                    str(urn)
                    for (urn,) in self.connection.execute(
                        f"""select urn from "sage200/sales_posted_transactions"
                            where {of_store} and transaction_date = date '{day}'"""
                    ).fetchall()
                ]
                for table in SAGE:
                    self.connection.execute(
                        f'delete from "{table}" where list_contains(?, unit)', [documents]
                    )
                self.connection.execute(
                    f"""update "sage200/period_states" set period_state = 'open' where accounting_period_id in (
                        select accounting_period_id from "sage200/periods"
                        where date '{day}' between period_start_date and period_end_date)"""
                )
                of_day = f"""document_date = date '{day}' and store_code = (
                    select store_code from "operations/stores" where store_id = '{store}')"""
                early = self._moving[:-1] or self._moving
                self._move(POS, self._units("pos/tenders", 1, of_day), self._draw.choice(early))
                units = self._units("pos/tenders", 1, f"{of_day} and tender_type in ('CASH', 'CARD')")
                self._come_otherwise(
                    ("pos/tenders",),
                    units,
                    "tender_type = case tender_type when 'CASH' then 'CARD' else 'CASH' end",
                    self._draw.choice(early),
                )

    def _come_late(self, number: int) -> None:
        """A store's day, some receipts, some documents, some of each log."""
        days = self.connection.execute(
            'select distinct store_code, document_date from "pos/receipt_lines" order by all'
        ).fetchall()
        store, day = self._draw.choice(days)
        late = self._units(
            "pos/receipt_lines", 10_000, f"store_code = '{store}' and document_date = date '{day}'"
        )
        late += self._units("pos/receipt_lines", self._draw.choice((0, 1, 4)))
        self._move(POS, late, number, "receipts late")
        few = self._draw.choice((1, 2, 5))
        self._move(SAGE, self._units("sage200/sales_posted_transactions", few), number, "documents late")
        journals = self._units(
            "sage200/nominal_transactions", self._draw.choice((0, 1)), "source = 'LedgerNominal'"
        )
        self._move(SAGE, journals, number, "documents late")
        late = self._units("sage200/sales_posted_transactions", 1)
        self._move(SAGE[-1:], late, number, "nominal lines late")
        for table, kind in (
            ("connector/sync_log", "log lines late"),
            ("operations/intents", "intents late"),
            ("operations/approvals", "approvals late"),
            ("intake/set_aside_rows", "rows set aside late"),
        ):
            self._move((table,), self._units(table, few), number, kind)
        late = self._units("pos/till_closures", 2, "counted_cash_amount <> cash_amount")
        self._move(("pos/till_closures",), late, number, "closures over or short late")
        self._move(("pos/till_closures",), self._units("pos/till_closures", 1), number)
        alone = """urn not in (select urn from "sage200/sales_posted_transactions")"""
        self._move(
            SAGE, self._units("sage200/bank_posted_transactions", self._draw.choice((0, 1)), alone), number
        )

    def _move(self, tables: tuple[str, ...], units: list[str], number: int, kind: str = "") -> None:
        for table in tables:
            self.connection.execute(
                f'update "{table}" set pass_number = {number} where list_contains(?, unit)', [units]
            )
        if kind and units:
            self.played[number, kind] += len(units)

    def _come_otherwise(self, tables: tuple[str, ...], units: list[str], change: str, number: int) -> None:
        """What was first there otherwise, and is as it is from a pass on."""
        self._keep_as_they_are(tables, units, change, 1)
        for table in tables:
            self.connection.execute(
                f"""update "{table}" set pass_number = {number}
                    where list_contains(?, unit) and source_file is distinct from 'otherwise'""",
                [units],
            )

    def _keep_as_they_are(self, tables: tuple[str, ...], units: list[str], change: str, number: int) -> None:
        """What is there otherwise in a pass, beside what it is."""
        for table in tables:
            self.connection.execute(
                f'create temp table once as select * from "{table}" where list_contains(?, unit)', [units]
            )
            if not (change.startswith("reference") and "tax_items" in table):
                self.connection.execute(f"update once set {change}")
            self.connection.execute(f"update once set source_file = 'otherwise', pass_number = {number}")
            if table in SAGE:
                self.connection.execute("update once set folder = strftime(transaction_date, '%Y-%m')")
            self.connection.execute(f'insert into "{table}" select * from once')
            self.connection.execute("drop table once")

    def _alter(self) -> None:
        """Documents that are first there under another date, or another reference; and some that come to be so."""
        for change in ("transaction_date = transaction_date + 9", "reference = 'by hand'"):
            for do in (self._come_otherwise, self._keep_as_they_are):
                units = self._units("sage200/sales_posted_transactions", self._draw.choice((1, 3)))
                number = self._draw.choice(self._moving)
                do(SAGE, units, change, number)
                self.played[number, "changed documents"] += len(units)

    def _count_again(self) -> None:
        """Closures whose cash was first counted otherwise, and is now what it is."""
        units = self._units("pos/till_closures", 2, "counted_cash_amount <> cash_amount")
        units += self._units("pos/till_closures", 1)
        number = self._draw.choice(self._moving)
        change = "counted_cash_amount = counted_cash_amount - 3"
        self._come_otherwise(("pos/till_closures",), units, change, number)
        self.played[number, "closures counted again"] += len(units)

    def _regroup(self) -> None:
        """A product that was first in another group."""
        number = self._draw.choice(self._moving)
        units = self._units("sage200/products", 1)
        other = """product_group = (select max(product_group) from "sage200/products")"""
        self._come_otherwise(("sage200/products",), units, other, number)
        self.played[number, "products regrouped"] += len(units)

    def _blur(self) -> None:
        """Receipts, each with one just like it a minute before, and one document of both that names neither."""
        for number in (1, *self._moving):
            for unit in self._units("pos/receipt_lines", 2, "receipt_kind = 'SALE' and not is_tombstone"):
                named, _ = self._documents_of(unit)
                documents = [document for document in named if ("sage", document) not in self._taken]
                self._taken.update(("sage", document) for document in documents)
                self._change(documents, "reference = 'by hand'")
                for table in POS:
                    earlier = ", sold_at_local - interval 1 minute as sold_at_local" * ("lines" in table)
                    self.connection.execute(
                        f"""insert into "{table}"
                            select * replace (receipt_no || '77' as receipt_no, {number} as pass_number,
                                source_key || ' twin' as source_key{earlier})
                            from "{table}" where unit = ?""",
                        [unit],
                    )

    def _documents_of(self, unit: str) -> tuple[list[str], str]:
        """What the connector posted of a receipt, and the number it went by."""
        found = self.connection.execute(
            """select distinct sales.unit, lines.receipt_no from "sage200/sales_posted_transactions" as sales
               inner join "pos/receipt_lines" as lines on lines.unit = ? and sales.pass_number = 1
               inner join "operations/stores" as stores on lines.store_code = stores.store_code
                   and starts_with(sales.reference || '-', 'POS-' || store_id || '-' || receipt_no || '-')
               order by all""",
            [unit],
        ).fetchall()
        return [str(document) for document, _ in found], str(found[0][1]) if found else ""

    def _come_near(self) -> None:
        """Documents without a name a day after their receipt; later there is another, a day further off."""
        units = self._units("sage200/sales_posted_transactions", 2, "document_tax_value <> 0")
        number = self._draw.choice(self._moving)
        self._change(units, "transaction_date = transaction_date + 1")
        self._change(units, "reference = 'by hand'")
        self._copy(units, number, 2 * ELSEWHERE, reference="'by another hand'", days=1)
        self.played[number, "documents as near"] += len(units)

    def _lose_names(self) -> None:
        """Documents some days after their receipt that lose its name; at last something else comes on its day."""
        units = self._units("sage200/sales_posted_transactions", 2, "reference like 'POS-%'")
        days = self.connection.execute(
            'select distinct transaction_date from "sage200/sales_posted_transactions" where list_contains(?, unit)',
            [units],
        ).fetchall()
        self._change(units, "transaction_date = transaction_date + 9")
        self._keep_as_they_are(SAGE, units, "reference = 'by hand'", self._moving[0])
        self.played[self._moving[0], "names lost"] += len(units)
        for (day,) in days:
            late = self._units("pos/receipt_lines", 1, f"document_date = date '{day}'")
            self._move(POS, late, self._moving[-1], "receipts late")

    def _change(self, units: list[str], change: str) -> None:
        """How documents are from the first pass on."""
        for table in SAGE:
            if change.startswith("reference") and "tax_items" in table:
                continue
            self.connection.execute(f'update "{table}" set {change} where list_contains(?, unit)', [units])
            self.connection.execute(
                f"""update "{table}" set folder = strftime(transaction_date, '%Y-%m') where list_contains(?, unit)""",
                [units],
            )

    def _stray(self) -> None:
        """Copies of documents that are there for a while."""
        units = self._units("sage200/sales_posted_transactions", 3)
        gone = self._draw.choice(self._moving)
        self._copy(units, 1, ELSEWHERE)
        self._copy(units, gone, ELSEWHERE, is_tombstone=True)
        self.played[gone, "copies"] += len(units)

    def _vanish_in_grace(self) -> None:
        """The copy of a sale at its till has a document that goes while its grace lasts; then time alone is to tell
        that it is a copy."""
        gone = self._moving[0]
        self.connection.execute(f'update "operations/companies" set grace_hours = {GRACE_HOURS}')
        until = self.as_of(gone) + APART - timedelta(hours=GRACE_HOURS)
        within = f"sold_at_local between timestamp '{until - APART / 2}' and timestamp '{until}'"
        by_receipt = """store_code in (select store_code from "operations/stores"
            where store_id not in (select store_id from "operations/store_grains"))"""
        sales = f"receipt_kind = 'SALE' and {within} and {by_receipt}"
        for unit in self._units("pos/receipt_lines", 2, sales):
            documents, number = self._documents_of(unit)
            if not documents or any(("sage", document) in self._taken for document in documents):
                continue
            self._taken.update(("sage", document) for document in documents)
            for table in POS:
                self.connection.execute(
                    f"""insert into "{table}"
                        select * replace (receipt_no || '88' as receipt_no, source_key || ' again' as source_key)
                        from "{table}" where unit = ?""",
                    [unit],
                )
            again = f"replace(reference, '-{number}', '-{number}88')"
            self._copy(documents, 1, 3 * ELSEWHERE, reference=again)
            self._copy(documents, gone, 3 * ELSEWHERE, reference=again, is_tombstone=True)
            self.played[gone, "copies gone in their grace"] += 1

    def _file_returns(self) -> None:
        """Two VAT periods, the first filed: from the first pass on, or with the edits."""
        number = self.edited if self.edited and self._draw.choice((True, False)) else 1
        day = self._some_day()
        for dates in (
            f"date '2010-01-01' as valid_from, date '{day}' as valid_to, date '{day}' + 30 as filed_on",
            f"date '{day}' + 1 as valid_from, date '2030-12-31' as valid_to",
        ):
            self._insert_mapping("operations/vat_periods", number, dates)
        self.played[number, "returns filed"] += 1

    def _copy(
        self,
        units: list[str],
        number: int,
        beyond: int,
        *,
        reference: str = "",
        days: int = 0,
        is_tombstone: bool = False,
    ) -> None:
        for table in SAGE:
            numbers = ["urn", *(["id"] if "tax_items" not in table else ["transaction_id"])]
            moved = ", ".join(f"{name} + {beyond} as {name}" for name in numbers)
            if reference and "tax_items" not in table:
                moved += f", {reference} as reference"
            self.connection.execute(
                f"""insert into "{table}"
                    select * replace ({moved}, source_key || ' copy' as source_key, {number} as pass_number,
                        {is_tombstone} as is_tombstone, transaction_date + {days} as transaction_date,
                        strftime(transaction_date + {days}, '%Y-%m') as folder)
                    from "{table}" where list_contains(?, unit) and urn < {ELSEWHERE}""",
                [units],
            )

    def _edit(self) -> None:
        """From a day on, a category of goods goes to another account, and a store is posted in another grain."""
        day = self._some_day()
        accounts = """category <> 'cash_over_short' and valid_to is null"""
        found = self.connection.execute(
            f'select source_key, category, store_id from "operations/nominal_mappings" where {accounts} order by all'
        ).fetchall()
        source_key, category, store = self._draw.choice(found)
        self._end("operations/nominal_mappings", f"source_key = '{source_key}'", day)
        self._insert_mapping(
            "operations/nominal_mappings",
            self.edited,
            f"""'{category}' as category, '{store}' as store_id, date '{day}' as valid_from, '=' as cost_centre,
                '' as department, (select max(nominal_code) from "operations/nominal_mappings"
                    where {accounts} and cost_centre = '=') as nominal_code""",
        )
        self.played[self.edited, "mapping edits"] += 1
        self._end("operations/store_grains", f"store_id = '{BY_TILL}'", day)
        self._insert_mapping(
            "operations/store_grains",
            self.edited,
            f"'{BY_TILL}' as store_id, 'store_day' as grain, date '{day}' as valid_from",
        )
        self.played[self.edited, "grain edits"] += 1
        self._end("operations/stores", f"store_id = '{CUT_OFF}'", day)
        self.connection.execute(
            f"""insert into "operations/stores"
                select * replace (date '{day}' as valid_from, cast(null as date) as valid_to, 600 as day_cutoff_minutes,
                    source_key || ' later' as source_key)
                from "operations/stores" where store_id = '{CUT_OFF}' and valid_to is not null"""
        )
        self.played[self.edited, "cut-off edits"] += 1

    def _end(self, table: str, which: str, day: date) -> None:
        self.connection.execute(
            f"""insert into "{table}"
                select * replace (date '{day}' - 1 as valid_to, {self.edited} as pass_number) from "{table}"
                where {which}"""
        )

    def _insert_mapping(self, table: str, number: int, values: str) -> None:
        self.connection.execute(
            f"""insert into "{table}" by name
                select (select any_value(company_id) from "operations/companies") as company_id, {values},
                    md5('{table} {values.replace("'", "")}') as source_key, {number} as pass_number,
                    false as is_tombstone, 'unknown' as folder"""
        )

    def _some_day(self) -> date:
        found = self.connection.execute(
            """select distinct document_date from "pos/receipt_lines" order by all"""
        ).fetchall()
        day: date = self._draw.choice(found[len(found) // 4 : -len(found) // 4])[0]
        return day
