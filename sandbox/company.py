"""One Sage 200 company: the same double entry for HTTP posts, bulk loads and what only the desktop can do.

A company is one SQLite file in WAL mode. Several processes may write it: every post is one transaction, and
what is looked up is read again as soon as another connection has changed the file (`pragma data_version`).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from sandbox import housekeeping, ordering
from sandbox.books import Books
from sandbox.documents import NOMINAL, PLAIN, Divergence, Line, Posting, build
from sandbox.lookups import MODULES, Lookups, read_lookups, read_settings
from sandbox.refusals import Refused, against_the_rules, unknown
from sandbox.schema import connect, create_file, stamp
from sandbox.seeding import seed_company

SEEDED_AT = "2010-01-01T00:00:00.000"  # creation stamp of seeded rows: fixed, so that two seedings are equal
JournalLine = tuple[str, str, str, int, int]  # nominal, cost centre, department, debit pence, credit pence


class SageCompany:
    """The books of one company; open it once per process and close it at the end.

    Amounts are Decimal or int pounds in bodies (as over HTTP), whole pence in journals. Times are naive UTC.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path)
        self._lock = threading.RLock()
        self._books: Books | None = None
        self._lookups: Lookups | None = None
        self._data_version = -1

    @classmethod
    def create(
        cls, path: Path, seed: Path, *, site_id: str, company_id: int, company_name: str
    ) -> SageCompany:
        """A new company from a folder of seed CSVs. Raises FileExistsError, BadSeed."""
        path = Path(path)
        with closing(create_file(path)) as connection:
            connection.execute("begin immediate")
            try:
                identity = {"site_id": site_id, "company_id": str(company_id), "company_name": company_name}
                seed_company(connection, Path(seed), now=SEEDED_AT)
                connection.executemany("insert or replace into settings values (?,?)", list(identity.items()))
            except BaseException:
                connection.execute("rollback")
                connection.close()
                path.unlink()
                raise
            connection.execute("commit")
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> SageCompany:
        """An existing company. Raises FileNotFoundError."""
        return cls(Path(path))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> SageCompany:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- transactions ---------------------------------------------------------------------------------------

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """One transaction around many posts; all of them or none. Other writers wait, readers do not."""
        with self._lock, self._writing():
            yield

    @contextmanager
    def _writing(self) -> Iterator[Books]:
        """The open transaction, or a new one around this block."""
        with self._lock:
            if self._books is not None:
                yield self._books
                return
            self._connection.execute("begin immediate")
            try:
                self.lookups()
                self._books = Books(self._connection)
                yield self._books
                self._books.flush()
                self._connection.execute("commit")
            except BaseException:
                self._connection.execute("rollback")
                self._lookups = None
                raise
            finally:
                self._books = None

    def lookups(self) -> Lookups:
        """The chart and accounts as they are now."""
        with self._lock:
            version = self._connection.execute("pragma data_version").fetchone()[0]
            if self._lookups is None or version != self._data_version:
                self._lookups = read_lookups(self._connection)
                self._data_version = version
            return self._lookups

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A change to something that is looked up."""
        with self._writing() as books:
            books.flush()
            yield books.connection
            self._lookups = None

    # -- posting --------------------------------------------------------------------------------------------

    def post(
        self,
        resource: str,
        body: Mapping[str, Any],
        *,
        user_name: str,
        posted_at: datetime,
        divert_to_suspense: bool = False,
        deferred: bool = False,
        hidden_nominal: str | None = None,
    ) -> int:
        """Post one document as its REST resource would; returns the URN.

        `divert_to_suspense` books the analysis lines to Suspense, `deferred` keeps the nominal side back as a
        Future period does, `hidden_nominal` (accept or refuse) overrides the setting. Raises Refused.
        """
        divergence = PLAIN
        if divert_to_suspense or deferred or hidden_nominal:
            divergence = Divergence(divert_to_suspense, deferred, hidden_nominal)
        with self._writing() as books:
            # inside a transaction nobody else can change the file, so what was looked up stands
            lookups = self._lookups or self.lookups()
            posting = build(resource, body, lookups, posted_at.date().isoformat(), divergence)
            return books.write(posting, lookups, user_name[:20], stamp(posted_at), is_deferred=deferred)

    def journal(
        self,
        lines: Sequence[JournalLine],
        *,
        reference: str,
        narrative: str,
        transaction_date: date,
        user_name: str,
        posted_at: datetime,
    ) -> int:
        """A manual journal, which Sage has on the desktop only; returns the URN. Raises Refused."""
        if sum(line[3] - line[4] for line in lines) != 0:
            raise against_the_rules("The journal does not balance.")
        with self._writing() as books:
            lookups = self._lookups or self.lookups()
            posting = Posting(
                "journal",
                NOMINAL,
                transaction_date.isoformat(),
                reference[:20],
                "",
                [
                    Line(
                        lookups.nominal((code, cost_centre, department)),
                        debit - credit,
                        narrative,
                        reference[:20],
                    )
                    for code, cost_centre, department, debit, credit in lines
                ],
            )
            return books.write(posting, lookups, user_name[:20], stamp(posted_at), is_deferred=False)

    def consume_urn(self) -> int:
        """Use up a URN without saving anything under it: what a rolled-back post leaves behind."""
        with self._writing() as books:
            return books.take_urn()

    def allocate(self, body: Mapping[str, Any], *, user_name: str, posted_at: datetime) -> int:
        """Allocate receipts against invoices of one customer (sage200.md §6.4); returns the session's URN."""
        with self._writing() as books:
            books.flush()
            urn = books.take_urn()
            housekeeping.allocate(
                books.connection, self.lookups(), body, user_name=user_name, at=stamp(posted_at), urn=urn
            )
            return urn

    def order(self, body: Mapping[str, Any], *, user_name: str, posted_at: datetime) -> dict[str, Any]:
        """Enter a sales order as its REST resource would; returns its id and numbers. Raises Refused."""
        with self._writing() as books:
            books.flush()
            return ordering.enter(
                books.connection, self.lookups(), body, user_name=user_name[:20], at=stamp(posted_at)
            )

    def despatch_and_invoice(
        self, order_id: int, *, user_name: str, posted_at: datetime, invoice_date: date | None = None
    ) -> int:
        """What a person does on the desktop: the goods leave, the invoice is printed and posted; returns its URN.

        The invoice is dated as the order, unless the person types another date. Raises Refused.
        """
        with self._writing() as books:
            books.flush()
            lookups = self.lookups()
            posting = ordering.invoice_of(books.connection, lookups, order_id, invoice_date)
            urn = books.write(posting, lookups, user_name[:20], stamp(posted_at), is_deferred=False)
            ordering.issue(books.connection, order_id, posting, user_name=user_name, at=posted_at)
            return urn

    def waiting_orders(self) -> list[int]:
        """Ids of the live orders that nobody has invoiced, oldest first."""
        with self._lock:
            return ordering.waiting(self._connection)

    def cancel_order(self, order_id: int, *, at: datetime) -> None:
        """Cancel an order on the desktop. Raises Refused for one that is invoiced."""
        with self._changing() as connection:
            ordering.cancel(connection, order_id, at=stamp(at))

    def delete_order(self, order_id: int) -> None:
        """Delete an order on the desktop, lines and all."""
        with self._changing() as connection:
            ordering.delete(connection, order_id)

    # -- looking up -----------------------------------------------------------------------------------------

    def customer_id(self, reference: str) -> int:
        return _found(self._lookups_now().customer_ids, reference, "customer")

    def bank_id(self, code: str) -> int:
        return _found(self._lookups_now().bank_ids, code, "bank")

    def tax_code_id(self, code: int) -> int:
        return _found(self._lookups_now().tax_code_ids, code, "tax code")

    def _lookups_now(self) -> Lookups:
        return self._lookups if self._books is not None and self._lookups is not None else self.lookups()

    def next_urn(self) -> int:
        """The URN the next posting gets."""
        with self._lock:
            return self._books.next_urn if self._books else int(read_settings(self._connection)["next_urn"])

    def last_stamp(self) -> datetime | None:
        """The latest time anything was posted or updated, in naive UTC; None if nothing was."""
        with self._lock:
            found = housekeeping.last_stamp(self._connection)
        return None if found is None else datetime.fromisoformat(found)

    def unbalanced_urns(self) -> list[int]:
        """URNs whose lines do not sum to zero; always empty."""
        return housekeeping.unbalanced_urns(self._connection)

    # -- what a person does on the desktop -----------------------------------------------------------------

    def set_setting(self, key: str, value: str) -> None:
        with self._changing() as connection:
            connection.execute("insert or replace into settings values (?,?)", (key, value))

    def set_nominal_status(
        self, reference: str, cost_centre: str, department: str, status: str, *, at: datetime | None = None
    ) -> None:
        """Hide (`AccountStatusHidden`) or reopen (`AccountStatusActive`) a nominal. Raises Refused."""
        where = {"reference": reference, "cost_centre": cost_centre, "department": department}
        self._set("nominal_codes", where, {"account_status_type": status}, at)

    def set_customer_on_hold(self, reference: str, on_hold: bool, *, at: datetime | None = None) -> None:
        self._set("customers", {"reference": reference}, {"on_hold": int(on_hold)}, at)

    def set_customer_status(self, reference: str, status: str, *, at: datetime | None = None) -> None:
        self._set("customers", {"reference": reference}, {"account_status_type": status}, at)

    def set_bank_status(self, code: str, status: str, *, at: datetime | None = None) -> None:
        self._set("banks", {"code": code}, {"account_status_type": status}, at)

    def set_tax_rate(self, code: int, rate_hundredths: int, *, at: datetime | None = None) -> None:
        """Change a tax code's rate; 20.00 percent is 2000."""
        self._set("tax_codes", {"code": code}, {"rate_hundredths": rate_hundredths}, at)

    def set_period_state(self, ledger: str, period_start_date: date, state: str) -> None:
        """Open, close or make Future one period of LedgerSales, LedgerCashBook or LedgerNominal.

        Opening releases deferred lines whose ledger and nominal periods are now both open. Raises Refused.
        """
        with self._changing() as connection:
            changed = connection.execute(
                f"update periods set {MODULES[ledger]}_state = ? where start_date = ?",
                (state, period_start_date.isoformat()),
            )
            if changed.rowcount != 1:
                raise unknown(f"accounting period starting {period_start_date}")
        if state == "Open":
            self.release_deferred()

    def release_deferred(self, *, everything: bool = False) -> int:
        """Update waiting postings and the deferred lines of open periods (or all); returns lines released."""
        with self._writing() as books:
            books.flush()
            return books.release(
                housekeeping.releasable(books.connection, self.lookups(), everything=everything)
            )

    def reconcile_bank(self, urn: int, statement_date: date, page: int, *, at: datetime) -> None:
        """Mark the bank entries of a URN as seen on a statement."""
        values = {"last_statement_date": statement_date.isoformat(), "statement_page_number": page}
        self._set("bank_transactions", {"urn": urn}, values, at)

    def archive_sales(self, before: date, *, at: datetime) -> int:
        """Move sales transactions dated before a date to the historical ones; returns how many."""
        with self._changing() as connection:
            return connection.execute(
                "update sales_transactions set is_historical = 1, updated_at = ?"
                " where transaction_date < ? and is_historical = 0",
                (stamp(at), before.isoformat()),
            ).rowcount

    def amend_date(self, urn: int, transaction_date: date, *, at: datetime) -> None:
        """Give a sales document another date; its nominal lines, which nobody can change, keep theirs."""
        self._set("sales_transactions", {"urn": urn}, {"transaction_date": transaction_date.isoformat()}, at)

    def set_queried(self, sales_transaction_id: int, queried: str, *, at: datetime) -> None:
        self._set("sales_transactions", {"id": sales_transaction_id}, {"queried": queried}, at)

    def move_stock(
        self, product_code: str, warehouse_name: str, quantity_thousandths: int, **movement: Any
    ) -> None:
        """Record a stock movement and its holding, as the desktop would (see housekeeping)."""
        with self._changing() as connection:
            housekeeping.move_stock(
                connection, product_code, warehouse_name, quantity_thousandths, **movement
            )

    def _set(
        self, table: str, where: Mapping[str, object], values: Mapping[str, object], at: datetime | None
    ) -> None:
        if at is not None or table in ("sales_transactions", "bank_transactions"):
            values = {**values, "updated_at": stamp(at) if at else SEEDED_AT}
        assigned = ", ".join(f"{name} = ?" for name in values)
        named = " and ".join(f"{name} = ?" for name in where)
        with self._changing() as connection:
            changed = connection.execute(
                f"update {table} set {assigned} where {named}", (*values.values(), *where.values())
            )
            if changed.rowcount == 0:
                raise unknown(f"{table} row with {dict(where)}")


Key = TypeVar("Key")


def _found(ids: Mapping[Key, int], key: Key, what: str) -> int:
    found = ids.get(key)
    if found is None:
        raise Refused(404, "SageRecordNotFoundException", f"The {what} {key} could not be found.")
    return found
