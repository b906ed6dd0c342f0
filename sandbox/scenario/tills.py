"""The tills: exports in each store's own shape (FORMATS.md), and the company's folder with the SKUs they
sell.

write_exports(inbox, seed=20111201, until=date(2011, 8, 17)) the catch-up: a file a month and store
write_exports(inbox, seed=20111201, since=date(2011, 8, 18)) the fortnight: hourly files, and the bad ones
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from sandbox.scenario.closure_faults import write_closure_truth
from sandbox.scenario.flawed_files import write_flawed
from sandbox.scenario.printing import EXPORTS, Export
from sandbox.scenario.repeated_sales import write_repeated
from sandbox.scenario.sales import NOT_A_PRODUCT, NOT_YET_IN_SAGE, SALES, open_sales, open_skus

CATCH_UP_END = date(2011, 8, 17)
FIRST_DAY = date(2010, 12, 1)
LAST_DAY = date(2011, 8, 31)
COMPANY_SEED = Path(__file__).parent.parent / "seed"
SAGE_TAX_CODE = {"S": 1, "Z": 2, "R": 10}


@dataclass(frozen=True)
class Written:
    """What one call exported; money in pence as the tills printed it, oddities included."""

    files: int
    receipts: int
    lines: int
    net_pence: int
    gross_pence: int


def write_exports(
    inbox: Path,
    *,
    seed: int,
    since: date | None = None,
    until: date | None = None,
    closure_truth: Path | None = None,
    has_repeated: bool = True,
    sales: Path = SALES,
    kinds: Sequence[str] | None = None,
    opened: duckdb.DuckDBPyConnection | None = None,
) -> Written:
    """Write every file of the receipts dated from `since` to `until`, both included; without `since`, from
    the first.

    Files already there under the same name are replaced by the same bytes: one seed, one set of files.
    Products are written once, the files that are wrong on purpose with the last day. `closure_truth` is where
    the judge will read what is true of every closure. With `has_repeated` a till exports sales again under new
    numbers; `sales` may be a part of them (`cut_sales`), and of the derived events only some `kinds` wanted.
    `opened` is what `open_sales` gave for the same seed, sales and kinds, where more than one stretch is written.
    """
    since, until = since or FIRST_DAY, until or LAST_DAY
    with nullcontext(opened) if opened else open_sales(seed, sales, kinds) as connection:
        files = sum(_write(connection, export, inbox, since, until) for export in EXPORTS)
        receipts, lines, net, gross = _totals(connection, since, until)
        if closure_truth:
            write_closure_truth(connection, closure_truth)
    if until >= LAST_DAY:
        files += write_flawed(inbox) + (write_repeated(inbox) if has_repeated else 0)
    return Written(files, receipts, lines, net, gross)


def write_company_seed(folder: Path, sales: Path = SALES) -> Path:
    """Lay out what `SageCompany.create` reads: the company's CSVs and products.csv, made from the SKUs
    sold.

    Product codes are folded to upper case; what is no product (carriage, fees, …) and the few SKUs that
    nobody has set up in Sage yet are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(COMPANY_SEED.glob("*.csv")):
        shutil.copyfile(source, folder / source.name)
    left_out = set(NOT_A_PRODUCT) | set(NOT_YET_IN_SAGE)
    with open_skus(sales) as connection:
        skus = connection.execute(
            "select sku, name, product_group, tax_class from derived_skus order by sku"
        ).fetchall()
    with (folder / "products.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "name", "product_group", "tax_code"])
        for sku, name, group, tax_class in skus:
            if sku not in left_out:
                writer.writerow([sku, (name or sku)[:60], group, SAGE_TAX_CODE[tax_class]])
    return folder


def _write(
    connection: duckdb.DuckDBPyConnection, export: Export, inbox: Path, since: date, until: date
) -> int:
    rows = connection.execute(
        f"""
        select store_id, file_name, string_agg(text, '' order by sort_key), max(document_date)
        from ({export.query})
        where list_contains($stores, store_id)
          and coalesce(document_date, $since) between $since and $until
        group by store_id, file_name
        order by store_id, file_name
        """,
        {"stores": list(export.stores), "since": since, "until": until},
    ).fetchall()
    for store_id, file_name, text, newest in rows:
        path = inbox / store_id / file_name
        if newest is None and path.exists():
            continue  # products are sent once
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((export.head + text + export.tail).encode("utf-8"))
        _date_file(path, newest or FIRST_DAY)
    return len(rows)


def _date_file(path: Path, day: date) -> None:
    """Give the file the time it would have had: the night after its last receipt, so that two runs look
    alike.
    """
    moment = datetime.combine(day + timedelta(days=1), time(0, 30), tzinfo=UTC)
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def _totals(connection: duckdb.DuckDBPyConnection, since: date, until: date) -> tuple[int, int, int, int]:
    row = connection.execute(
        """
        select count(distinct receipt_no), count(*), coalesce(sum(net_pence), 0)::bigint,
               coalesce(sum(lines.gross_pence), 0)::bigint
        from derived_lines as lines inner join derived_receipts using (receipt_no)
        where document_date between $since and $until
        """,
        {"since": since, "until": until},
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2]), int(row[3])
