"""The real operations store in memory: laid out once, taken back to its first page before every story.

Every transaction is a step of the world before and after, so that a worker can die or be overtaken on
either side of a commit. When power is lost, what was committed without waiting for the disk may be gone.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from sim_swift import Swift
from sqlalchemy import Connection, insert

from orchestration.operations import REMEDIES, Operations, PostingPolicy, policies, vat_periods
from orchestration.operations.database import Database

COMPANY = "DGS"
SENDING = "select posting_key from intents where state = 'sending'"
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


NOT_ALLOCATING = frozenset(REMEDIES) - {"allocate_sale"}
BY_ITSELF = frozenset({("tillproof", "post_missing"), ("tillproof", "post_order")})
RETURN_LIMIT_PENCE = 500
FILED_RETURN = insert(vat_periods.PERIODS).values(
    company_id=COMPANY,
    valid_from=date(2011, 1, 1),
    valid_to=date(2011, 3, 31),
    filed_on=date(2011, 5, 7),
    error_limit_pence=RETURN_LIMIT_PENCE,
    author="Fin",
    recorded_at=datetime(2011, 5, 7),  # noqa: DTZ001  clocks here are UTC without a zone
    reason="filed",
)


def file_return(database: SimulatedDatabase) -> None:
    """The VAT return of all that is posted here was filed, and may come to £5 of error."""
    with database.write() as connection:
        connection.execute(FILED_RETURN)


ALLOCATING = insert(policies.POLICIES).values(
    company_id=COMPANY,
    **PostingPolicy(remedies=frozenset(REMEDIES), by_itself=BY_ITSELF).columns(),
    author="Fay",
    recorded_at=datetime(2011, 5, 7),  # noqa: DTZ001  clocks here are UTC without a zone
    reason="we allocate our own",
)


def allow_allocation(database: SimulatedDatabase) -> None:
    """The policy lets the documents of a sale be set against each other."""
    with database.write() as connection:
        connection.execute(ALLOCATING)


class SimulatedDatabase(Database):
    """The store's database in memory; `step` is asked around every transaction."""

    def __init__(self) -> None:
        self.step: Callable[[], None] = lambda: None
        self.keeps_pages = False
        self.is_plain = True  # through SQLAlchemy's own connections; else by the swift one
        self.sending_on_disk: set[str] = set()  # the keys marked so in the last commit that was synced
        self._pages: list[bytes] = []
        self._time: Callable[[], datetime] = datetime.now
        super().__init__("sqlite://", clock=lambda: self._time())  # noqa: PLW0108  it is replaced
        with self.engine.connect() as connection:
            self.raw: Any = connection.connection.driver_connection
        self._swift = Swift(self.engine, self.raw)
        self._marked_at = -1  # the state of the intents that `sending_on_disk` was read of

    def begin_story(self, clock: Callable[[], datetime], first_page: bytes, *, keeps_pages: bool) -> None:
        """As it was laid out; with `keeps_pages` it can lose power."""
        self._time = clock
        self.keeps_pages = keeps_pages
        self._pages = [first_page]
        self.raw.deserialize(first_page)
        self._swift.as_laid_out()
        self._marked_at = -1

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """As ever, one step later."""
        self.step()
        if self.is_plain:
            with super().read() as connection:
                yield connection
            return
        # nobody else has a turn before the block ends: one read needs no transaction to see one state
        yield cast(Connection, self._swift)

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[Connection]:
        """As ever, between two steps."""
        self.step()
        if self.is_plain:
            with super().write(durable) as connection:
                yield connection
        else:
            with self._swift.transaction("BEGIN IMMEDIATE") as swift:
                yield cast(Connection, swift)
        if durable and (self.is_plain or self._marked_at != self._swift.written_at("intents")):
            self._marked_at = self._swift.written_at("intents")
            self.sending_on_disk = {key for (key,) in self.raw.execute(SENDING)}
        if self.keeps_pages:
            self._pages = [*([] if durable else self._pages), self.raw.serialize()]
        self.step()

    def lose_power(self, rng: random.Random) -> None:
        """What is on disk is what the last durable commit put there, and perhaps some of what followed."""
        page = rng.choice(self._pages)
        self._pages = [page]
        self.raw.deserialize(page)
        self._swift.as_who_knows()
        self._marked_at = -1


@cache
def laid_out() -> tuple[SimulatedDatabase, Operations, bytes]:
    """A store with one company, and its pages."""
    database = SimulatedDatabase()
    database.migrate()
    operations = Operations(database)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in MAPPINGS.items():
            (Path(folder) / f"{name}.csv").write_text(text, encoding="utf-8")
        operations.import_mappings(folder, "Ann", "set-up")
    operations.enable_posting(COMPANY, "Fay", "go live")
    operations.set_posting_policy(
        COMPANY, PostingPolicy(remedies=NOT_ALLOCATING, by_itself=BY_ITSELF), "Fay", "go live"
    )
    database.is_plain = False
    return database, operations, database.raw.serialize()
