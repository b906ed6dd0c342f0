"""A home over a running sandbox, whose tills deliver and which is judged pass by pass, over HTTP."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb

from orchestration.ledgers.ledger import OPPOSITE_KIND, Document
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.operations import Operations, PostingPolicy
from orchestration.posting import Pace, Payload, PostingSummary
from orchestration.posting_run import dry_run, send_approved
from orchestration.publishing import Publication, Publications
from orchestration.run_pass import run_pass
from orchestration.settings import Settings, load
from sandbox.company import SageCompany
from sandbox.server import serving

SEED = Path(__file__).parents[2] / "sandbox" / "seed"
QUICK = Pace(first_wait_s=0.02, longest_wait_s=0.1, looks=2)
FROM = "2010-01-01,\n"
EVENING = datetime(2011, 9, 20, 19, tzinfo=UTC)
LINES = "Store,Till,ReceiptNo,Kind,SoldAt,SKU,Description,Qty,UnitPrice,Net,TaxCode,TaxRate,Tax,Gross"
TENDERS = "Store,Till,ReceiptNo,TenderNo,TakenAt,Tender,Amount"
Receipt = tuple[str, str, str, str, list[tuple[str, int, str]], list[tuple[str, int]]]
"""Till, number, kind, time; (SKU, net pence, tax code) of each line; (tender, pence)."""


def pounds(pence: int) -> str:
    return f"{'-' if pence < 0 else ''}{abs(pence) // 100}.{abs(pence) % 100:02}"


class House:
    """A home over a running sandbox, at one evening after another."""

    def __init__(self, home: Path, books: Path, held: ExitStack, stores: Sequence[str]):
        self.home, self.books, self.held, self.stores = home, books, held, stores
        self.now = EVENING
        self.files = 0
        self.port = 0
        self.found_in = 0
        """The pass that found in Sage what was posted."""
        self.serve()

    def serve(self) -> None:
        """Start the sandbox, on the address that it had."""
        self.running = self.held.enter_context(
            serving(self.books, port=self.port, clock="2011-09-20T18:00:00")
        )
        self.port = urlsplit(self.running.base_url).port or 0

    @property
    def settings(self) -> Settings:
        return load(self.home)

    def deliver(self, *receipts: Receipt) -> None:
        """Each store's tills write the same receipts into files of their own."""
        self.files += 1
        for store in self.stores:
            inbox = self.home / "inbox" / "S01"  # whose profile they all write by
            inbox.mkdir(parents=True, exist_ok=True)
            lines, tenders = [LINES], [TENDERS]
            for till, number, kind, at, sold, paid in receipts:
                for sku, net, code in sold:
                    tax = net // 5 if code == "S" else 0
                    rate = "20.0" if code == "S" else "0.0"
                    lines.append(
                        f"{store},{till},{number},{kind},{at},{sku},,{1 if net > 0 else -1},{pounds(abs(net))}0,"
                        f"{pounds(net)},{code},{rate},{pounds(tax)},{pounds(net + tax)}"
                    )
                for place, (tender, pence) in enumerate(paid, start=1):
                    tenders.append(f"{store},{till},{number},{place},{at},{tender},{pounds(pence)}")
            for name, rows in (("sales", lines), ("tenders", tenders)):
                file = inbox / f"{name}_{store}_{self.files:03}.csv"
                file.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")
                written = 1_300_000_000 + 100 * self.files
                os.utime(file, (written, written))

    def judge(self) -> None:
        """The next pass, an hour later."""
        self.now += timedelta(hours=1)
        assert run_pass(self.home, as_of=self.now).publication

    def publication(self) -> Publication:
        newest = Publications(self.home / "published").newest()
        assert newest
        return newest

    def landed_from_sage(self) -> set[str]:
        """Every file of Sage's rows in landing, by its path."""
        return {
            str(file.relative_to(self.home)) for file in self.home.glob("landing/sage200/*/*/pass_*.parquet")
        }

    def be_impatient(self) -> None:
        """Give up on a Sage that does not answer within seconds instead of minutes."""
        place = self.home / "tillproof.toml"
        text = place.read_text().replace("[sage200]", "[sage200]\nretry_budget_s = 2.0\nmax_backoff_s = 0.5")
        place.write_text(text)

    def send(self) -> PostingSummary:
        return send_approved(self.settings, pace=QUICK)

    def enter(self, *documents: Document) -> None:
        """What a person enters in Sage, or the program that posted before us."""
        with Sage200Client(self.settings.sage200_at_home()) as client:
            for document in documents:
                assert Sage200Ledger(client).post(document).kind == "accepted"

    def documents_posted(self, role: str) -> list[Document]:
        """What we posted and proved, as it was sent; the role `P` is of posts and `X` of contras."""
        with Operations.open(self.settings.operations) as operations:
            return [
                Payload.from_text(operations.intents.payload(intent.payload_digest)).document
                for intent in operations.intents.in_states(["proven"], "DGS")
                if intent.role == role
            ]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """A question to the newest publication."""
        with duckdb.connect() as connection:
            for model, files in self.publication().tables.items():
                listed = ", ".join(
                    f"'{(self.home / 'published' / str(file['path'])).as_posix()}'" for file in files
                )
                connection.execute(
                    f"create view {model} as select * from read_parquet([{listed}], union_by_name = true)"
                )
            return connection.execute(sql).fetchall()

    def by_store(self, sql: str) -> dict[str, list[tuple[Any, ...]]]:
        """The rows after their first column, which is the store."""
        found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for store, *row in self.rows(sql):
            found[store].append(tuple(row))
        return {store: sorted(rows, key=str) for store, rows in found.items()}

    def planned(self) -> dict[str, Counter[tuple[str, str, int, str]]]:
        """By store, (remedy, kind, pence, how it stands) of all that the dry run would send or holds."""
        found: dict[str, Counter[tuple[str, str, int, str]]] = defaultdict(Counter)
        with Operations.open(self.settings.operations) as operations:
            for one in dry_run(self.settings, operations):
                what = (one.proposal.remedy, one.document.document_kind, one.document.gross_pence, one.code)
                found[one.proposal.store_id][what] += 1
        return found


def undoing(document: Document, on: date) -> Document:
    """Its equal and opposite, under its reference: a transfer goes back the way it came."""
    there = (document.bank_code, document.to_bank_code)
    from_bank, into_bank = reversed(there) if document.document_kind == "transfer" else there
    return replace(
        document,
        document_kind=OPPOSITE_KIND[document.document_kind],
        document_date=on,
        bank_code=from_bank,
        to_bank_code=into_bank,
    )


def mappings_of(stores: Sequence[str], late_policy: str = "hold") -> dict[str, str]:
    """The mapping files of a company of these stores, posted by Tillproof."""
    return {
        "companies": "company_id,name,currency,ledger_kind,suspense_nominal_code,grace_hours,late_policy,"
        f"tax_rounding_cap_pence,outside_scope_tax_code\nDGS,Demo Gift Stores,GBP,sage200,9998,2,{late_policy},5,9\n",
        "stores": "company_id,store_id,store_code,name,zone,day_cutoff_minutes,currency,till_customer_reference,"
        "cost_centre,department,valid_from,valid_to\n"
        + "".join(
            f"DGS,{store},{store},Shop,Europe/London,180,GBP,TILL{store[1:]},{store},,{FROM}"
            for store in stores
        ),
        "tax_mappings": "company_id,till_tax_code,tax_code,required_rate,valid_from,valid_to\n"
        f"DGS,S,1,20,2011-01-04,\nDGS,Z,2,0,{FROM}",
        "nominal_mappings": "company_id,category,store_id,nominal_code,cost_centre,department,valid_from,valid_to\n"
        f"DGS,gift,*,4000,=,,{FROM}DGS,book,*,4010,=,,{FROM}DGS,discount,*,4000,=,,{FROM}",
        "sku_mappings": "company_id,sku,category,valid_from,valid_to\n"
        f"DGS,MUG,gift,{FROM}DGS,BOOK,book,{FROM}DGS,OFF,discount,{FROM}",
        "tender_mappings": "company_id,tender_type,store_id,bank_code,valid_from,valid_to\n"
        + "".join(
            f"DGS,{tender},{store},{tender}{store[1:]},{FROM}"
            for store in stores
            for tender in ("CASH", "CARD")
        ),
        "writers_of_record": f"company_id,store_id,writer,valid_from,valid_to\nDGS,*,tillproof,{FROM}",
    }


@contextmanager
def built(
    folder: Path,
    stores: Sequence[str],
    mappings: Mapping[str, str],
    policy: PostingPolicy,
    closed_months: Sequence[date] = (),
    seed: Path = SEED,
) -> Iterator[House]:
    """A house of these stores, described and switched on; the sandbox has some accounting periods closed."""
    home, described = folder / "home", folder / "mappings"
    home.mkdir()
    described.mkdir()
    for name, text in mappings.items():
        (described / f"{name}.csv").write_text(text, encoding="utf-8")
    books = folder / "company.sqlite"
    company = SageCompany.create(books, seed, site_id="site", company_id=1, company_name="Demo")
    for month in closed_months:
        for ledger in ("LedgerSales", "LedgerCashBook", "LedgerNominal"):
            company.set_period_state(ledger, month, "Closed")
    company.close()
    before = {name: os.environ.get(name) for name in ("TILLPROOF_HOME", "DAGSTER_HOME")}
    names = ("base_url", "token_url", "client_id", "client_secret", "refresh_token", "site_id")
    with ExitStack() as held:
        made = House(home, books, held, stores)
        told = [
            'company_id = "DGS"',
            "[sage200]",
            *(f'{name} = "{getattr(made.running, name)}"' for name in names),
            f"company_id = {made.running.company_id}",
        ]
        (home / "tillproof.toml").write_text("\n".join(told) + "\n", encoding="utf-8")
        with Operations.open(load(home).operations) as operations:
            operations.import_mappings(described, "Ann", "set-up")
            operations.enable_posting("DGS", "Fay", "go live")
            operations.set_posting_policy("DGS", policy, "Fay", "corrections too")
        yield made
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
