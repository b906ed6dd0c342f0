"""A Sage 50 beside a store of ours: proposals in, a file out, an import, an export, and the look at it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestration.ledgers.ledger import Document, NominalLine, TaxLine
from orchestration.ledgers.sage50_books import Sage50Books
from orchestration.ledgers.sage50_export import Sage50Export, open_export
from orchestration.ledgers.sage50_settings import Sage50Settings
from orchestration.operations import Operations
from orchestration.operations.database import Database
from orchestration.posting import Decision, batches, plan
from orchestration.posting.batches import Batch, Draft, ReadBack
from orchestration.posting.key import build_key
from sandbox.sage50.company import Sage50Company
from sandbox.sage50.exporting import export
from sandbox.sage50.importing import ImportResult, import_file

DAY = date(2011, 2, 10)
NOON = datetime(2011, 2, 11, 12, 0)  # noqa: DTZ001  UTC without a zone
MAPPINGS = {
    "companies": (
        "company_id,name,currency,ledger_kind,"
        "suspense_nominal_code,grace_hours,late_policy,tax_rounding_cap_pence\n"
        "DGS,Demo Gift Stores,GBP,sage200,9998,2,hold,5\n"
    ),
    "stores": (
        "company_id,store_id,store_code,name,zone,day_cutoff_minutes,currency,till_customer_reference,"
        "cost_centre,department,valid_from,valid_to\n"
        "DGS,S01,S01,Leeds,Europe/London,0,GBP,TILL01,,,2010-01-01,\n"
        "DGS,S02,S02,York,Europe/London,0,GBP,TILL02,,,2010-01-01,\n"
    ),
    "tax_mappings": (
        "company_id,till_tax_code,tax_code,required_rate,valid_from,valid_to\n"
        "DGS,S,1,20,2011-01-04,\nDGS,Z,0,0,2010-01-01,\n"
    ),
    "writers_of_record": (
        "company_id,store_id,writer,valid_from,valid_to\nDGS,S01,tillproof,2011-01-01,\nDGS,S02,connector,2011-01-01,\n"
    ),
    "connector_patterns": (
        "company_id,connector,pattern,retry_window_hours,day_pattern\n"
        "DGS,shopbridge,^POS-(S[0-9]{2})-([0-9A-Z]+)(?:-([0-9]+))?$,2,"
        "^DAY-(S[0-9]{2})-([0-9]{8})(?:-([0-9]+))?$\n"
    ),
}
PROPOSALS = pa.schema(
    [
        *((name, pa.string()) for name in ("posting_key", "key_stem", "company_id", "store_id", "event_id")),
        ("receipt_no", pa.string()),
        ("business_date", pa.date32()),
        ("document_date", pa.date32()),
        ("document_kind", pa.string()),
        ("ordinal", pa.int32()),
        ("revision", pa.int32()),
        *((name, pa.string()) for name in ("role", "remedy", "customer_reference", "bank_code")),
        *((name, pa.int64()) for name in ("gross_pence", "net_pence", "tax_pence")),
        *((name, pa.string()) for name in ("second_reference", "narrative", "gate_status", "blocked_by")),
        *((name, pa.string()) for name in ("writer", "sync_claim")),
        ("may_post", pa.bool_()),
        ("hold_reason", pa.string()),
        ("target_urn", pa.int64()),
        ("exception_id", pa.string()),
        ("expected_period_start", pa.date32()),
        ("members_digest", pa.string()),
    ]
)
LEGS = pa.schema(
    [
        ("posting_key", pa.string()),
        ("leg_no", pa.int32()),
        *((name, pa.string()) for name in ("leg_type", "nominal_code", "cost_centre", "department")),
        ("tax_code", pa.int32()),
        ("net_pence", pa.int64()),
        ("tax_pence", pa.int64()),
    ]
)


def document(
    receipt_no: str = "1001",
    kind: str = "invoice",
    *,
    lines: dict[str, int] | None = None,
    taxes: dict[int, tuple[int, int]] | None = None,
    gross: int = 12000,
    store_id: str = "S01",
    day: date = DAY,
    narrative: str = "",
    role: str = "P",
    bank: str = "1235",
) -> Document:
    """Goods at 20% on 4000 unless said otherwise; a receipt or payment is of money alone."""
    is_goods = kind in ("invoice", "credit_note")
    event = f"pos:{store_id}:1:{receipt_no}:{day}:1"
    lines = lines or {"4000": gross - gross // 6}
    taxes = taxes or {1: (gross - gross // 6, gross // 6)}
    net = sum(lines.values()) if is_goods else gross
    tax = sum(tax for _, tax in taxes.values()) if is_goods else 0
    return Document(
        company_id="DGS",
        posting_key=build_key("DGS", event, kind, ordinal=1, revision=1, role=role),  # type: ignore[arg-type]
        document_kind=kind,  # type: ignore[arg-type]
        document_date=day,
        customer_reference=f"TILL0{store_id[-1]}",
        bank_code=None if is_goods else bank,
        gross_pence=net + tax,
        net_pence=net,
        tax_pence=tax,
        second_reference=f"{store_id} {receipt_no}",
        narrative=narrative or f"Till receipt {receipt_no}",
        nominal_lines=tuple(NominalLine(code, "", "", pence) for code, pence in lines.items())
        if is_goods
        else (),
        tax_lines=tuple(TaxLine(code, net, tax) for code, (net, tax) in taxes.items()) if is_goods else (),
    )


def tables(documents: list[Document], **changed: Any) -> tuple[pa.Table, pa.Table]:
    """What the models would publish of the documents."""
    rows, legs = [], []
    for one in documents:
        store, receipt = one.second_reference.split(" ")
        rows.append(
            {
                "posting_key": one.posting_key,
                "key_stem": one.posting_key[:18],
                "company_id": "DGS",
                "store_id": store,
                "event_id": f"pos:{store}:1:{receipt}:{one.document_date}:1",
                "receipt_no": receipt,
                "business_date": one.document_date,
                "document_date": one.document_date,
                "document_kind": one.document_kind,
                "ordinal": 1,
                "revision": 1,
                "role": one.posting_key[-1],
                "remedy": "post_missing" if one.posting_key[-1] == "P" else "reverse_duplicate",
                "customer_reference": one.customer_reference,
                "bank_code": one.bank_code,
                "gross_pence": one.gross_pence,
                "net_pence": one.net_pence,
                "tax_pence": one.tax_pence,
                "second_reference": one.second_reference,
                "narrative": one.narrative,
                "gate_status": "passed",
                "writer": "tillproof",
                "sync_claim": "none",
                "may_post": True,
                "exception_id": f"EX{receipt}",
                "expected_period_start": one.document_date.replace(day=1),
                **changed,
            }
        )
        nominal = [("nominal", line.nominal_code, None, line.net_pence, 0) for line in one.nominal_lines]
        taxed = [("tax", None, tax.tax_code, tax.net_pence, tax.tax_pence) for tax in one.tax_lines]
        for number, (leg_type, code, tax_code, net, tax) in enumerate([*nominal, *taxed], start=1):
            values = [one.posting_key, number, leg_type, code, "", "", tax_code, net, tax]
            legs.append(dict(zip(LEGS.names, values, strict=True)))
    return pa.Table.from_pylist(rows, PROPOSALS), pa.Table.from_pylist(legs, LEGS)


class Readings:
    """The last few exports that were read, kept open: who only asks their books need not read the same files again."""

    def __init__(self, most: int = 4):
        self._most = most
        self._open: OrderedDict[str, tuple[ExitStack, Sage50Export]] = OrderedDict()

    def of(self, folder: Path, settings: Sage50Settings) -> Sage50Export:
        """What `open_export` says of the files as they are: the same bytes, times and settings give the same."""
        state = hashlib.sha256(settings.model_dump_json().encode())
        for file in sorted(folder.iterdir()):
            state.update(f"{file.name} {file.stat().st_mtime_ns} ".encode() + file.read_bytes())
        key = state.hexdigest()
        if key not in self._open:
            with ExitStack() as stack:
                found = stack.enter_context(open_export(folder, settings))
                self._open[key] = (stack.pop_all(), found)
            if len(self._open) > self._most:
                _, (oldest, _) = self._open.popitem(last=False)
                oldest.close()
        self._open.move_to_end(key)
        return self._open[key][1]


READINGS = Readings()


@dataclass
class World:
    """A store with posting switched on, a Sage 50 company, and a folder its tables are exported into."""

    folder: Path
    company: Sage50Company
    operations: Operations
    settings: Sage50Settings = field(default_factory=lambda: Sage50Settings(canary=False))
    time: datetime = NOON

    @classmethod
    def make(cls, folder: Path) -> World:
        mappings = folder / "mappings"
        mappings.mkdir(parents=True)
        for name, text in MAPPINGS.items():
            (mappings / f"{name}.csv").write_text(text, encoding="utf-8")
        Sage50Company.create(folder / "sage50.sqlite").close()
        world = cls.open(folder)
        world.operations.import_mappings(mappings, "Ann", "set-up")
        world.operations.enable_posting("DGS", "Fay", "go live")
        world.export()
        return world

    @classmethod
    def open(cls, folder: Path) -> World:
        """The world of a folder, or of a copy of one that was closed; its clock stands where it is begun."""
        company = Sage50Company.open(folder / "sage50.sqlite")
        database = Database(
            f"sqlite:///{(folder / 'operations.sqlite').as_posix()}", clock=lambda: world.time
        )
        database.migrate()
        world = cls(folder, company, Operations(database))
        return world

    def copied_to(self, folder: Path) -> World:
        """This world once more, for one test; this one must be closed."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        world = World.open(folder)
        world.time = self.time
        return world

    @property
    def exports(self) -> Path:
        return self.folder / "export"

    def set(self, **changed: Any) -> None:
        self.settings = self.settings.model_copy(update=changed)

    def export(self) -> None:
        """Sage's tables as they are now; an hour goes by."""
        export(self.company, self.exports)
        self.time += timedelta(hours=1)
        for file in self.exports.iterdir():
            stamp = (self.time - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
            os.utime(file, (stamp, stamp))
        self.time += timedelta(minutes=1)

    @contextmanager
    def books(self) -> Iterator[Sage50Books]:
        yield Sage50Books(READINGS.of(self.exports, self.settings), self.settings)

    def plan(self, documents: list[Document], number: int = 1) -> list[Decision]:
        proposals, legs = tables(documents)
        return plan(proposals, legs, self.operations, publication_number=number)

    def draft(self, documents: list[Document], *, seen_urn: int | None = None) -> Draft:
        with self.books() as books:
            decisions = self.plan(documents)
            return batches.draft(
                self.operations, books, decisions, self.settings, company_id="DGS", seen_urn=seen_urn
            )

    def write(self, documents: list[Document], number: int = 1) -> Batch | None:
        """The next file, written down."""
        found = self.draft(documents)
        decisions = self.plan(documents, number)
        return batches.commit(self.operations, found, decisions, publication_number=number)

    def take(self, batch: Batch) -> ImportResult:
        """A person imports the file."""
        return import_file(self.company, batch.content, now=self.time, file_name=batch.file_name)

    def look(self) -> list[ReadBack]:
        with self.books() as books:
            return batches.read_back(self.operations, books, "DGS")

    def release(self, batch: Batch) -> list[str]:
        with self.books() as books:
            return batches.release(self.operations, books, "DGS", batch.name, by="Fay", reason="deleted")[1]

    def state(self, one: Document) -> str:
        intent = self.operations.intents.get(one.posting_key)
        return intent.state if intent else ""

    def close(self) -> None:
        self.operations.intents.verify_chain()
        self.operations.close()
        self.company.close()
