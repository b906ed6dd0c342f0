"""What Sage 200 holds, landed: incrementally where Sage says what changed, whole where it does not.

The cursor is what landing holds; there is no other state, so a killed extraction goes on from the last rows
it landed. The order matters. Nominal lines come before documents, so that every line's document is there and
none passes for a manual journal; tax items come before the documents whose stamp moves the cursor past them;
the chart comes last, so that it knows every account a line names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.landing import Landed, Landing, Window
from orchestration.ledgers.ahead import read_ahead
from orchestration.ledgers.ledger import LedgerType, LedgerUnavailableError
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_periods import period_state, settled_by_place
from orchestration.ledgers.sage200_settings import Sage200Settings
from orchestration.ledgers.sage200_sources import (
    BANK_DOCUMENTS,
    HISTORICAL_DOCUMENTS,
    NOMINAL_LINES,
    PERIOD_STATES,
    PERIODS,
    PRODUCT_GROUPS,
    PRODUCTS,
    REFERENCE_DATA,
    SALES_DOCUMENTS,
    SPECS,
    Source,
    tax_item_rows,
    tax_items_of,
)
from orchestration.ledgers.sage200_wire import Row, both, date_literal

BATCH_ROWS = 25_000  # landed at a time: the most a killed extraction has to read again
DAYS_A_MONTH = 31
STATED_LEDGERS: tuple[LedgerType, ...] = ("LedgerSales", "LedgerCashBook", "LedgerNominal")

Progress = Callable[[str, int], None]


@dataclass
class TableReport:
    """What one table took: rows Sage sent, and what landing made of them."""

    rows_read: int = 0
    rows: int = 0
    unchanged: int = 0
    tombstones: int = 0


@dataclass
class ExtractReport:
    """What one extraction took; `requests` counts every call to Sage, repeats and tokens included."""

    pass_number: int
    requests: int = 0
    tables: dict[str, TableReport] = field(
        default_factory=lambda: {spec.name: TableReport() for spec in SPECS.values()}
    )

    @property
    def rows(self) -> int:
        """New or changed rows and tombstones over all tables; zero when Sage had nothing new."""
        return sum(report.rows + report.tombstones for report in self.tables.values())


def extract(
    client: Sage200Client,
    landing: Landing,
    pass_number: int,
    settings: Sage200Settings,
    progress: Progress | None = None,
    *,
    as_of: date | None = None,
) -> ExtractReport:
    """Land every sage200/* table under `pass_number`; `progress` hears the table and its rows read so far.

    `as_of` is the day the rolling windows are measured from; without it, the newest transaction landed.
    Raises LedgerUnavailableError when Sage does not answer within the client's patience; what was landed
    stays, and the next call goes on from it.
    """
    with landing.connect() as connection:
        spill = (landing.root / ".work" / "extraction").as_posix().replace("'", "''")
        connection.execute(f"set temp_directory = '{spill}'")
        work = _Extraction(client, landing, pass_number, settings, progress=progress, as_of=as_of)
        return work.run(connection)


class _Extraction:
    def __init__(
        self,
        client: Sage200Client,
        landing: Landing,
        pass_number: int,
        settings: Sage200Settings,
        *,
        progress: Progress | None,
        as_of: date | None,
    ) -> None:
        self._client, self._landing, self._settings = client, landing, settings
        self._connection: duckdb.DuckDBPyConnection
        self._pass_number, self._as_of = pass_number, as_of
        self._delivery_id = f"sage200-{pass_number:06d}"
        self._pages = 0
        self._landed: set[str] = set()
        self._progress = progress or (lambda table, rows: None)
        self._report = ExtractReport(pass_number)

    def run(self, connection: duckdb.DuckDBPyConnection) -> ExtractReport:
        """One DuckDB for all tables: opening one costs more than most of them."""
        self._connection = connection
        sent_before = self._client.requests_sent
        self._nominal_lines()
        self._documents(BANK_DOCUMENTS)
        self._documents(SALES_DOCUMENTS, is_historical=False)
        self._documents(HISTORICAL_DOCUMENTS, is_historical=True)
        for source in REFERENCE_DATA:
            self._land_whole(source, self._client.read(source.resource, select=source.select))
        self._products()
        self._period_states(self._periods())
        self._landing.ensure(*(spec for spec in SPECS.values() if spec.name not in self._landed))
        self._report.requests = self._client.requests_sent - sent_before
        return self._report

    # what Sage takes

    def _nominal_lines(self) -> None:
        """New lines by id; then the days in which a deferred posting may still appear, or one vanish."""
        source = NOMINAL_LINES
        cursor = self._landing.greatest(source.spec, "id")
        after = None if cursor is None else cursor - self._settings.id_overlap
        self._land_pages(
            self._client.read(source.resource, select=source.select, after=after),
            lambda page: [(source, page)],
        )
        if cursor is None:
            return
        greatest = self._landing.greatest(source.spec, "id")
        until = self._as_of or self._newest(source, "transaction_date")
        first = until - timedelta(days=self._settings.nominal_window_days)
        # a line posted since the first reading waits for the next: it must not carry the cursor past others
        where = both(f"transaction_date ge {date_literal(first)}", f"id le {greatest}")
        window = self._client.read(source.resource, where=where, select=source.select)
        self._land_whole(source, window, (first, date.max))

    def _documents(self, source: Source, *, is_historical: bool | None = None) -> None:
        """Documents new or changed since the newest one landed, each after its tax items."""
        # posted and historical documents have a cursor each
        whose = "true" if is_historical is None else f"is_historical = {is_historical}"
        since: datetime | None = self._newest(source, "date_time_updated", whose)
        if since is not None:
            since -= timedelta(minutes=self._settings.overlap_minutes)
        made = {} if is_historical is None else {"is_historical": is_historical}
        tax_items = tax_items_of(source)
        self._land_pages(
            self._client.read_since(source.resource, "date_time_updated", since, select=source.select),
            lambda page: [(tax_items, tax_item_rows(page)), (source, [row | made for row in page])],
        )

    def _newest(self, source: Source, column: str, where: str = "true") -> Any:
        """The greatest date or stamp ever landed in a column; None when there is none."""
        paths = [str(found.path) for found in self._landing.files(source.spec.name)]
        if not paths:
            return None
        newest = f"select max({column}) from read_parquet(?) where {where}"
        found = self._connection.execute(newest, [paths]).fetchone()
        return found[0] if found else None

    def _products(self) -> None:
        groups = {
            row["id"]: row["code"]
            for page in self._client.read(PRODUCT_GROUPS, select=["id", "code"])
            for row in page
        }
        pages = self._client.read(PRODUCTS.resource, select=PRODUCTS.select)
        self._land_whole(
            PRODUCTS,
            (
                [row | {"product_group": groups.get(row["product_group_id"])} for row in page]
                for page in pages
            ),
        )

    def _periods(self) -> list[Row]:
        pages = list(self._client.read(PERIODS.resource, select=PERIODS.select, key=PERIODS.key))
        self._land_whole(PERIODS, pages)
        return sorted((row for page in pages for row in page), key=lambda row: str(row["period_start_date"]))

    def _period_states(self, periods: Sequence[Row]) -> None:
        """What each ledger says of the last day of each period near the as-of date."""
        near = [period for period in periods if self._is_near(period)]
        rows = []
        for ledger_type in STATED_LEDGERS:
            answers = [
                self._client.validate_date(_day(period["period_end_date"]), ledger_type) for period in near
            ]
            states = settled_by_place([period_state(answer) for answer in answers])
            rows += [
                {
                    "accounting_period_id": period["accounting_period_id"],
                    "ledger_type": ledger_type,
                    "classification": answer.get("classification"),
                    "message": answer.get("message"),
                    "period_state": state,
                }
                for period, answer, state in zip(near, answers, states, strict=True)
            ]
        self._land_whole(PERIOD_STATES, [rows])

    def _is_near(self, period: Row) -> bool:
        if self._as_of is None:
            return True
        reach = timedelta(days=DAYS_A_MONTH * self._settings.period_months)
        first, last = _day(period["period_start_date"]), _day(period["period_end_date"])
        return self._as_of - reach <= last and first <= self._as_of + reach

    # how it is landed

    def _land_pages(
        self, pages: Iterable[list[Row]], shares: Callable[[list[Row]], list[tuple[Source, list[Row]]]]
    ) -> None:
        """Land pages a batch at a time; of each batch, the shares in the order they are named."""
        waiting: dict[str, list[pa.Table]] = {}
        rows_waiting = 0
        for page in read_ahead(pages):
            for source, rows in shares(page):
                waiting.setdefault(source.table, []).append(self._arrow(source, rows))
            rows_waiting += len(page)
            if rows_waiting >= BATCH_ROWS:
                self._land_batch(waiting)
                rows_waiting = 0
        self._land_batch(waiting)

    def _land_batch(self, waiting: dict[str, list[pa.Table]]) -> None:
        for table, tables in waiting.items():
            if any(part.num_rows for part in tables):
                self._land(SPECS[table].name, pa.concat_tables(tables), None)
            tables.clear()

    def _land_whole(self, source: Source, pages: Iterable[list[Row]], window: Window = "all") -> None:
        """Stream everything a window holds into landing at once; what it held before and lacks now is gone.

        Sage answers with nothing at all when its tunnel is down: that is never taken for an empty ledger.
        """
        schema = self._arrow(source, []).schema
        failures: list[BaseException] = []

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                read = 0
                for page in pages:
                    read += len(page)
                    yield from self._arrow(source, page).to_batches()
                if not read and self._holds_any(source, window):
                    raise LedgerUnavailableError(
                        f"Sage gave no {source.table} at all where there were some: is its tunnel up?"
                    )
            except BaseException as failure:
                failures.append(failure)  # Arrow's stream passes on the words of an exception, not its type
                raise

        try:
            self._land(source.spec.name, pa.RecordBatchReader.from_batches(schema, batches()), window)
        except Exception:
            if failures:
                raise failures[0] from None
            raise

    def _holds_any(self, source: Source, window: Window) -> bool:
        where = "true" if window == "all" else f"document_date between '{window[0]}' and '{window[1]}'"
        return bool(self._landing.newest(source.spec, [source.key], where).num_rows)

    def _arrow(self, source: Source, rows: list[Row]) -> pa.Table:
        self._pages += 1
        report = self._report.tables[source.spec.name]
        report.rows_read += len(rows)
        if rows:
            self._progress(source.spec.name, report.rows_read)
        return source.arrow(rows, self._delivery_id, self._pages)

    def _land(self, table: str, received: pa.Table | pa.RecordBatchReader, window: Window | None) -> None:
        spec = SPECS[table.removeprefix("sage200/")]
        landed: Landed = self._landing.land(
            spec, received, pass_number=self._pass_number, window=window, connection=self._connection
        )
        self._landed.add(table)
        report = self._report.tables[table]
        report.rows += landed.rows
        report.unchanged += landed.unchanged
        report.tombstones += landed.tombstones


def _day(stamp: str) -> date:
    return date.fromisoformat(stamp[:10])
