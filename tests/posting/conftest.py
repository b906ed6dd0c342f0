"""A shop where we are the writer of record, a Sage in memory, and time that passes only by sleeping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_in_memory import LedgerInMemory
from publication import Publication

from orchestration.operations import Operations
from orchestration.operations.database import Database
from orchestration.posting import Pace, PostingSummary, run

MAPPINGS = {
    "companies": (
        "company_id,name,currency,ledger_kind,"
        "suspense_nominal_code,grace_hours,late_policy,tax_rounding_cap_pence\n"
        "DGS,Demo Gift Stores,GBP,sage200,9998,2,hold,5\n"
    ),
    "stores": (
        "company_id,store_id,store_code,name,zone,day_cutoff_minutes,currency,till_customer_reference,"
        "cost_centre,department,valid_from,valid_to\n"
        "DGS,S01,S01,Leeds,Europe/London,0,GBP,TILL01,S01,,2010-01-01,\n"
        "DGS,S02,S02,York,Europe/London,0,GBP,TILL02,S02,,2010-01-01,\n"
        "DGS,S03,S03,Bath,Europe/London,0,GBP,TILL03,S03,,2010-01-01,\n"
    ),
    "tax_mappings": (
        "company_id,till_tax_code,tax_code,required_rate,valid_from,valid_to\nDGS,S,1,20,2011-01-04,\n"
    ),
    "writers_of_record": (
        "company_id,store_id,writer,valid_from,valid_to\n"
        "DGS,S01,tillproof,2011-01-01,\nDGS,S02,connector,2011-01-01,\n"
    ),
    "connector_patterns": (
        "company_id,connector,pattern,retry_window_hours\n"
        "DGS,shopbridge,^POS-(S[0-9]{2})-([0-9A-Z]+)(?:-([0-9]+))?$,2\n"
    ),
}


@dataclass
class Shop:
    """Everything a posting story needs; `post` is one run by a worker that is alone."""

    operations: Operations
    ledger: LedgerInMemory
    time: datetime = field(default=datetime(2011, 9, 30, 20, 0))  # noqa: DTZ001  UTC without a zone
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    def post(self, publication: Publication, **options: Any) -> PostingSummary:
        """One run."""
        proposals, legs = publication.tables()
        settings: dict[str, Any] = {"alone": True, "sleep": self.sleep, "pace": Pace(), **options}
        return run(
            self.ledger,
            self.operations,
            proposals,
            legs,
            company_id="DGS",
            publication_number=publication.number,
            **settings,
        )

    def state(self, posting_key: str) -> str:
        """The state of an intent; empty when there is none."""
        intent = self.operations.intents.get(posting_key)
        return intent.state if intent else ""


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store described once, copied for every test."""
    folder = tmp_path_factory.mktemp("shop")
    mappings = folder / "mappings"
    mappings.mkdir()
    for name, text in MAPPINGS.items():
        (mappings / f"{name}.csv").write_text(text, encoding="utf-8")
    with Operations.open(folder / "operations.sqlite") as operations:
        operations.import_mappings(mappings, "Ann", "set-up")
        operations.enable_posting("DGS", "Fay", "go live")
    return folder / "operations.sqlite"


@pytest.fixture
def new_shop(empty_store: Path, tmp_path: Path) -> Iterator[Callable[[], Shop]]:
    """Makes shops, each with its own store and Sage."""
    opened: list[Operations] = []

    def make() -> Shop:
        path = tmp_path / f"operations_{len(opened)}.sqlite"
        path.write_bytes(empty_store.read_bytes())
        operations = Operations(Database(f"sqlite:///{path.as_posix()}", clock=lambda: shop.time))
        shop = Shop(operations, LedgerInMemory())
        opened.append(operations)
        return shop

    yield make
    for operations in opened:
        operations.close()


@pytest.fixture
def shop(new_shop: Callable[[], Shop]) -> Shop:
    """One shop."""
    return new_shop()
