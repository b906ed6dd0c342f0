"""How fast the sandbox answers small GETs, and whether it grows while 500,000 ledger rows are paged.

    python benchmarks/sandbox_reads.py [--rows 500000] [--gets 4000] [--clients 4]

Makes its own company in a temporary folder from the test seed. Prints one line per figure.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sandbox.company import SageCompany  # noqa: E402
from sandbox.server import Running, serving  # noqa: E402

SEED = ROOT / "tests" / "sandbox" / "seed"
LEDGER = "nominal_transaction_enquiry_views"
SELECT = (
    "id,nominal_code_id,transaction_date,period_number,financial_year_start_date,accounting_period_id,"
    "reference,narrative,debit,credit,user_name,source,urn"
)


def fill(path: Path, rows: int) -> None:
    """Post invoices of four ledger lines each until there are that many rows."""
    company = SageCompany.create(path, SEED, site_id="site", company_id=1, company_name="Benchmark")
    customer, tax = company.customer_id("NORTH"), company.tax_code_id(1)
    started = time.perf_counter()
    with company.bulk():
        for number in range(rows // 4):
            body = {
                "customer_id": customer,
                "transaction_date": f"2011-01-{number % 31 + 1:02d}T00:00:00Z",
                "reference": f"POS-S01-{number}",
                "document_goods_value": Decimal("10.00"),
                "document_tax_value": Decimal("2.00"),
                "tax_analysis_items": [
                    {"id": tax, "goods_amount": Decimal("10.00"), "tax_amount": Decimal("2.00")}
                ],
                "nominal_analysis_items": [
                    {"code": "4000", "cost_centre": "N01", "value": Decimal("6.00"), "narrative": "gifts"},
                    {"code": "4010", "cost_centre": "N01", "value": Decimal("4.00"), "narrative": "books"},
                ],
            }
            company.post("sales_invoices", body, user_name="BENCH", posted_at=datetime(2011, 2, 1))  # noqa: DTZ001
    seconds = time.perf_counter() - started
    company.close()
    print(f"bulk posting: {rows // 4 / seconds:,.0f} documents a second ({rows:,} ledger rows)")


def small_gets(running: Running, gets: int, clients: int) -> float:
    """Requests a second: one document by reference, its legs left out."""

    def ask(session: httpx.Client) -> None:
        for number in range(gets // clients):
            answer = session.get(
                "sales_posted_transactions",
                params={
                    "$filter": f"reference eq 'POS-S01-{number}'",
                    "$select": "id,urn,document_gross_value",
                },
            )
            assert answer.status_code == 200
            assert len(answer.json()) == 1

    sessions = [running.client() for _ in range(clients)]
    threads = [threading.Thread(target=ask, args=(session,)) for session in sessions]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (gets // clients) * clients / (time.perf_counter() - started)


def resident_mb(process_id: int) -> float | None:
    """Resident memory of a process, where the system tells it as a file."""
    status = Path(f"/proc/{process_id}/status")
    if not status.is_file():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def pages(session: httpx.Client) -> Iterator[int]:
    """Page the whole ledger by id; yields the rows of each page."""
    last = 0
    while True:
        params = {"$filter": f"id gt {last}", "$orderby": "id asc", "$top": "5000", "$select": SELECT}
        rows = session.get(LEDGER, params=params).raise_for_status().json()
        if not rows:
            return
        last = rows[-1]["id"]
        yield len(rows)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=500_000)
    arguments.add_argument("--gets", type=int, default=4_000)
    arguments.add_argument("--clients", type=int, default=4)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "company.sqlite"
        fill(path, given.rows)
        with serving(path) as running:
            print(f"small GETs: {small_gets(running, given.gets, given.clients):,.0f} a second")
            session = running.client()
            before, started, rows, greatest = resident_mb(running.process.pid), time.perf_counter(), 0, 0.0
            for page in pages(session):
                rows += page
                greatest = max(greatest, resident_mb(running.process.pid) or 0)
            seconds = time.perf_counter() - started
            print(f"paging: {rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} a second")
            print(f"memory: {before} MB before, {greatest} MB at most while paging")


if __name__ == "__main__":
    main()
