"""What posting a document and proving it costs, beside the cost of the same POSTs alone.

    python benchmarks/posting.py [--documents 500] [--days 14] [--known 0] [--restart-at 0]

Makes its own company in a temporary folder: receipts of five stores, an invoice and its money each, that the
ledger does not hold. They are approved, sent and proven through a sandbox over HTTP. `--known` puts so many
documents of the connector into the ledger first; `--restart-at` ends the first process's run after so many
POSTs and goes on with another. Afterwards every document is asked of Sage once more: there, once, and in each
customer's order. Prints one line per figure; processor time is the one to
compare, because the clock also counts whoever else works on the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "posting")]

from publication import Publication  # noqa: E402

from orchestration.ledgers.sage200_client import Sage200Client  # noqa: E402
from orchestration.ledgers.sage200_ledger import Sage200Ledger  # noqa: E402
from orchestration.ledgers.sage200_settings import Sage200Settings  # noqa: E402
from orchestration.operations import Operations  # noqa: E402
from orchestration.posting import PostingSummary, approve, plan, prove_again, run  # noqa: E402
from sandbox.company import SageCompany  # noqa: E402
from sandbox.server import Running, serving  # noqa: E402

COMPANY = "DGS"
FIRST_DAY = date(2011, 8, 1)
NOW = datetime(2011, 8, 31, 23, 0)  # noqa: DTZ001  UTC without a zone
MAPPINGS = ROOT / "sandbox" / "scenario" / "mappings"
STORES = 5
TOLD_EVERY = 2000


@dataclass
class Spent:
    """What a block of work took: seconds of the clock, of this process and of the sandbox, and requests."""

    seconds: float = 0.0
    ours: float = 0.0
    sandbox: float = 0.0
    requests: int = 0

    def of_each(self, documents: int) -> str:
        """The figures of one document."""
        thousandth = 1000 / documents
        return (
            f"{documents / self.seconds:,.0f} documents a second, each {self.seconds * thousandth:.1f} ms, "
            f"{self.ours * thousandth:.1f} ms of the client's processor, "
            f"{self.sandbox * thousandth:.1f} ms of the sandbox's, "
            f"{self.requests / documents:.2f} requests"
        )


def main() -> None:
    """Run it and say what it cost."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--documents", type=int, default=500)
    arguments.add_argument("--days", type=int, default=14)
    arguments.add_argument("--known", type=int, default=0)
    arguments.add_argument("--restart-at", type=int, default=0)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        books = Path(folder) / "company.sqlite"
        seen_urn = _company(books, given.known)
        publication = _missing(given.documents, given.days)
        with (
            serving(books, clock=f"{NOW:%Y-%m-%dT%H:%M:%S}", tick_ms=10) as running,
            Sage200Client(_settings(running, Path(folder))) as client,
            Operations.open(Path(folder) / "operations.sqlite") as operations,
        ):
            operations.import_mappings(MAPPINGS, "benchmark", "its opening mappings")
            alone = _bare(publication, client, running, operations)
            print(f"bare POSTs: {alone.of_each(len(publication.rows))}")
            proven, prove, rows = 0, time.perf_counter(), len(publication.rows)
            for most in [given.restart_at, None] if given.restart_at else [None]:
                spent, summary = _posted(publication, client, running, operations, seen_urn, most)
                proven += summary.right
                print(
                    f"posted and proven: {summary.right} in {spent.seconds:.0f} s, {spent.of_each(summary.posts)}"
                )
            if proven != rows:
                raise SystemExit(f"not all are proven: {summary.as_dict()}")
            print(f"proven {proven} of {rows} in {time.perf_counter() - prove:.0f} s")
            with _measured(client, running) as again:
                _all_there_once_and_in_order(client, operations, rows)
            print(f"proven again: {again.of_each(rows)}")


def _company(books: Path, known: int) -> int:
    """A seeded company, with so many documents of the connector; returns the last URN."""
    with SageCompany.create(
        books, ROOT / "sandbox" / "seed", site_id="site", company_id=1, company_name="Benchmark"
    ) as company:
        with company.bulk():
            for number in range(known):
                store = number % STORES + 1
                body = {
                    "customer_id": company.customer_id(f"TILL0{store}"),
                    "transaction_date": f"{FIRST_DAY + timedelta(days=number % 31)}T00:00:00Z",
                    "reference": f"POS-S0{store}-8{number:05d}",
                    "document_goods_value": Decimal(10),
                    "document_tax_value": Decimal(2),
                    "tax_analysis_items": [
                        {
                            "id": company.tax_code_id(1),
                            "goods_amount": Decimal(10),
                            "tax_amount": Decimal(2),
                        }
                    ],
                    "nominal_analysis_items": [
                        {"code": "4000", "cost_centre": f"S0{store}", "value": Decimal(10)}
                    ],
                }
                company.post("sales_invoices", body, user_name="CONNECTOR", posted_at=NOW)
        return company.next_urn() - 1


def _missing(documents: int, days: int) -> Publication:
    """What the connector left out: receipts of every store and day, an invoice and its money each."""
    publication = Publication()
    for number in range(documents // 2):
        store, day = f"S0{number % STORES + 1}", FIRST_DAY + timedelta(days=number // STORES % days)
        for kind, net in (("invoice", 1000 + number * 5), ("receipt", 1200 + number * 6)):
            publication.add(
                str(600000 + number),
                kind,
                net=net,
                store_id=store,
                writer="connector",
                document_date=day,
                business_date=day,
                expected_period_start=day.replace(day=1),
            )
    return publication


def _settings(running: Running, folder: Path) -> Sage200Settings:
    return Sage200Settings(
        base_url=running.base_url,
        token_url=running.token_url,
        client_id=running.client_id,
        client_secret=SecretStr(running.client_secret),
        refresh_token=SecretStr(running.refresh_token),
        site_id=running.site_id,
        company_id=running.company_id,
        token_file=folder / "token.json",
    )


def _bare(publication: Publication, client: Sage200Client, running: Running, operations: Operations) -> Spent:
    """The same documents under names of another's, sent and believed."""
    proposals, legs = publication.tables()
    ledger = Sage200Ledger(client)
    documents = [decision.document for decision in plan(proposals, legs, operations)]
    with _measured(client, running) as spent:
        for number, document in enumerate(documents):
            reply = ledger.post(
                replace(document, posting_key=f"BARE{number}", document_date=date(2011, 7, 1))
            )
            assert reply.kind == "accepted", reply
    return spent


def _posted(
    publication: Publication,
    client: Sage200Client,
    running: Running,
    operations: Operations,
    seen_urn: int,
    max_posts: int | None,
) -> tuple[Spent, PostingSummary]:
    """Approved, sent and proven, as the product does it."""
    proposals, legs = publication.tables()
    if operations.enable_posting(COMPANY, "benchmark", "its own company"):
        approve(operations, plan(proposals, legs, operations), "benchmark", "its own documents")
    with _measured(client, running) as spent:
        summary = run(
            Sage200Ledger(client),
            operations,
            proposals,
            legs,
            company_id=COMPANY,
            publication_number=1,
            alone=True,
            seen_urn=seen_urn,
            max_posts=max_posts,
            progress=_tell_memory,
        )
    return spent, summary


def _tell_memory(done: int, _of: int, _intent: object) -> None:
    """The memory of this process, every two thousand documents."""
    if done % TOLD_EVERY == 0:
        print(f"  after {done}: {resident_now_mb():.0f} MB")


def _all_there_once_and_in_order(client: Sage200Client, operations: Operations, rows: int) -> None:
    """Every document read back once more; the URNs of each customer in the order of the keys."""
    proofs = list(prove_again(Sage200Ledger(client), operations, COMPANY))
    wrong = [proof for proof in proofs if not proof.agrees]
    if wrong or len(proofs) != rows:
        raise SystemExit(f"{len(proofs)} of {rows} are there, {len(wrong)} not as they were proven")
    for store_id in {proof.store_id for proof in proofs}:
        urns = [proof.urn or 0 for proof in proofs if proof.store_id == store_id]
        if urns != sorted(urns):
            raise SystemExit(f"the documents of {store_id} are not in the order of their keys")


@contextmanager
def _measured(client: Sage200Client, running: Running) -> Iterator[Spent]:
    spent = Spent()
    clock, ours, theirs = time.perf_counter(), time.process_time(), cpu_s(running.process.pid)
    requests = client.requests_sent
    yield spent
    spent.seconds = time.perf_counter() - clock
    spent.ours = time.process_time() - ours
    spent.sandbox = cpu_s(running.process.pid) - theirs
    spent.requests = client.requests_sent - requests


def cpu_s(process_id: int) -> float:
    """Processor seconds of another process, where the system tells them as a file; else nothing."""
    status = Path(f"/proc/{process_id}/stat")
    if not status.is_file():
        return 0.0
    ticks = status.read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / 100


def resident_now_mb() -> float:
    """Resident memory of this process, where the system tells it as a file; else nothing."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
