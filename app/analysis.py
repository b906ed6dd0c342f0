"""Questions of an analyst: one read-only query over one publication, bounded in time, memory and rows.

A query may read the published tables and nothing else: no other file, no setting, no extension, no write.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from app.published import Published
from app.table_export import PENNY, heading, is_pence
from orchestration.exports import printed, write_csv, write_xlsx

MOST_SHOWN = 500
MOST_DOWNLOADED = 200_000
SECONDS = 20
LONGEST_QUERY = 20_000
FILES = {".csv": "text/csv", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

HINT = "select store_id, sum(open_pence) as open_pence from store_days group by store_id"

EXAMPLES = {
    "Sales by store and month": """select store_id, period, sum(till_sales_pence) as sales_pence,
    sum(sage_sales_pence) as sage_sales_pence, sum(open_pence) as open_pence
from store_days
group by store_id, period
order by period, store_id""",
    "Open exceptions by cause and age": """select owner, exception_class, count(*) as exceptions,
    sum(value_at_risk_pence) as value_at_risk_pence, max(days_open) as oldest_days
from exceptions
where status = 'open'
group by owner, exception_class
order by value_at_risk_pence desc""",
    "VAT on the tills by rate and month": """select date_trunc('month', business_date) as month,
    tax_rate_thousandths / 1000 as rate_percent, sum(net_pence) as net_pence, sum(tax_pence) as tax_pence
from receipt_lines
group by all
order by month, rate_percent""",
    "Best-selling SKUs": """select sku, mode(description) as description, sum(quantity) as units,
    sum(net_pence) as net_pence
from receipt_lines
group by sku
order by net_pence desc
limit 50""",
    "What was believed at an earlier pass": """select verdict, count(*) as subjects
from (
    select subject_id, max_by(verdict, pass_number) as verdict
    from verdict_history
    where pass_number <= 1
    group by subject_id
)
where verdict <> 'gone'
group by verdict
order by subjects desc""",
    "What was open at a time": """select store_id, exception_class, count(*) as subjects,
    sum(value_at_risk_pence) as value_at_risk_pence
from (
    select subject_id, max_by(store_id, pass_number) as store_id,
        max_by(exception_class, pass_number) as exception_class, max_by(is_open, pass_number) as is_open,
        max_by(value_at_risk_pence, pass_number) as value_at_risk_pence
    from verdict_history
    where as_of <= timestamp '2011-08-20 18:00:00'
    group by subject_id
)
where is_open
group by store_id, exception_class
order by value_at_risk_pence desc""",
    "From tills to Sage by accounting period": """select period_start_date, measure, line_kind,
    other_period_start_date, amount_pence, document_count
from period_bridge
order by period_start_date, measure, line_order, other_period_start_date""",
    "What a person must look up in Sage": """select store_id, document_date, document_kind, reference, user_name,
    gross_pence
from ledger_documents
where mark is not null and not is_in_nominal
order by gross_pence desc""",
}
"""Title -> a query to begin with."""


class QueryRefusedError(Exception):
    """The query may not or cannot be answered; the message says why."""


@dataclass(frozen=True)
class Answer:
    """Columns and rows of a query, with what is not shown."""

    names: list[str]
    rows: list[tuple[Any, ...]]
    is_cut: bool

    def header(self) -> list[str]:
        """The columns as they leave: `…_pence` as `…_pounds`, moments as `…_utc`."""
        return [heading(name) for name in self.names]

    def cells(self) -> Iterator[list[Any]]:
        """The rows as they leave: money in pounds, a list as text."""
        moneys = [is_pence(name) for name in self.names]
        for row in self.rows:
            yield [
                value * PENNY
                if money and value is not None
                else ", ".join(map(str, value))
                if isinstance(value, list)
                else value
                for value, money in zip(row, moneys, strict=True)
            ]

    def told_apart(self) -> list[str]:
        """The columns as they are shown; a name that comes twice is told apart."""
        header = self.header()
        return [
            f"{name} ({place})" if header.index(name) != place else name for place, name in enumerate(header)
        ]

    def numbers(self) -> list[str]:
        """The columns that are shown and hold nothing but numbers."""
        return [
            name
            for place, name in enumerate(self.told_apart())
            if {type(row[place]) for row in self.rows} - {type(None)} in ({int}, {float}, {Decimal})
        ]

    def shown(self) -> dict[str, list[str]]:
        """The rows as text by column, as a UK reader writes them, money with its thousands set apart."""
        moneys = [is_pence(name) for name in self.names]
        rows = [
            [
                f"{cell:,.2f}" if money and isinstance(cell, Decimal) else str(printed(cell))
                for cell, money in zip(row, moneys, strict=True)
            ]
            for row in self.cells()
        ]
        return {name: [row[place] for row in rows] for place, name in enumerate(self.told_apart())}


def answer(published: Published, query: str, most: int = MOST_SHOWN, seconds: float = SECONDS) -> Answer:
    """What one select over the published tables gives, at most `most` rows. Raises QueryRefusedError."""
    _must_be_one_select(query)
    connection = published.locked_connection()
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        found = connection.execute(query)
        names = [column[0] for column in found.description]
        rows = found.fetchmany(most + 1)
    except duckdb.InterruptException as error:
        raise QueryRefusedError(
            f"it took longer than {seconds:g} seconds and was stopped: ask for less"
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise QueryRefusedError("it needs more memory than a page may take: ask for less") from error
    except duckdb.Error as error:
        raise QueryRefusedError(str(error).replace("LINE 1:", "").strip()) from error
    finally:
        timer.cancel()
        connection.close()
    return Answer(names, rows[:most], len(rows) > most)


def as_file(found: Answer, kind: str) -> bytes:
    """An answer as .csv or .xlsx, made safe to open by `orchestration/exports.py`."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / f"answer{kind}"
        if kind == ".csv":
            write_csv(place, found.header(), found.cells())
        else:
            pounds = {told for told, name in zip(found.header(), found.names, strict=True) if is_pence(name)}
            write_xlsx(place, "answer", found.header(), found.cells(), is_money=pounds.__contains__)
        return place.read_bytes()


def _must_be_one_select(query: str) -> None:
    if len(query) > LONGEST_QUERY:
        raise QueryRefusedError(f"it is longer than {LONGEST_QUERY:,} characters")
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise QueryRefusedError(str(error)) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QueryRefusedError("write one select: nothing here can be changed, set or copied")
