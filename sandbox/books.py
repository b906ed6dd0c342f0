"""Writing postings: numbers them, batches the rows, and leaves the balance check to the file."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

from sandbox.documents import Posting
from sandbox.lookups import Lookups, read_settings

FLUSH_AT = 4000  # lines held before they are written

INSERTS = {
    "nominal_lines": "insert into nominal_lines values (?,?,?,?,?,?,?,?,?,?)",
    "deferred_lines": "insert into deferred_lines values (?,?,?,?,?,?,?,?,?,?,?)",
    "tax_items": "insert into tax_items values (?,?,?,?,?,?,?)",
    "sales_transactions": (
        "insert into sales_transactions (id, customer_id, trader_transaction_type, reference,"
        " second_reference, transaction_date, due_date, posted_at, goods_pence, tax_pence, gross_pence,"
        " discount_pence, settled_immediately, urn, user_name, created_at, updated_at)"
        " values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    ),
    "bank_transactions": (
        "insert into bank_transactions (id, bank_id, bank_transaction_type, entry_description, reference,"
        " second_reference, transaction_date, posted_at, cheque_pence, source, urn, user_name, created_at,"
        " updated_at) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    ),
    "postings": "insert into postings values (?,?,?,?,?)",  # last: its trigger wants the lines there
}
NUMBERED = tuple(name for name in INSERTS if name != "postings")


class Books:
    """The open transaction of one writer; it holds the file's write lock, so its numbers have no gaps."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.next_urn = int(read_settings(connection)["next_urn"])
        self.first_urn = self.next_urn
        self.next_ids = {
            name: connection.execute(f"select coalesce(max(id), 0) + 1 from {name}").fetchone()[0]
            for name in NUMBERED
        }
        self.rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in INSERTS}
        self.period_debits: Counter[tuple[int, int]] = Counter()
        self.period_credits: Counter[tuple[int, int]] = Counter()
        self.customer_balances: Counter[int] = Counter()
        self.bank_balances: Counter[int] = Counter()

    def take_urn(self) -> int:
        """The next URN, used up even if nothing is saved under it."""
        self.next_urn += 1
        return self.next_urn - 1

    def write(
        self, posting: Posting, lookups: Lookups, user_name: str, posted_at: str, *, is_deferred: bool
    ) -> int:
        """Write one document everywhere it shows; returns its URN. Raises Refused for a date in no period."""
        period_id, is_future = lookups.accounting_period(posting.source, posting.document_date)
        urn = self.take_urn()
        deferral = None
        if is_deferred or is_future:
            deferral = "future_period"
        elif lookups.settings["update_nominal_online"] == "false":
            deferral = "waiting_update"
        self._write_lines(posting, user_name, urn, period_id, deferral)
        for number, item in enumerate(posting.tax_items, start=1):
            self._add("tax_items", urn, number, *item)
        entry = posting.sales_entry
        if entry is not None:
            gross = entry.goods_pence + entry.tax_pence
            self.customer_balances[entry.customer_id] += gross
            self._add(
                "sales_transactions",
                entry.customer_id,
                entry.trader_transaction_type,
                posting.reference,
                posting.second_reference,
                posting.document_date,
                entry.due_date,
                posted_at,
                entry.goods_pence,
                entry.tax_pence,
                gross,
                entry.discount_pence,
                int(entry.settled_immediately),
                urn,
                user_name,
                posted_at,
                posted_at,
            )
        for bank in posting.bank_entries:
            self.bank_balances[bank.bank_id] += bank.cheque_pence
            self._add(
                "bank_transactions",
                bank.bank_id,
                bank.bank_transaction_type,
                bank.description,
                posting.reference,
                posting.second_reference,
                posting.document_date,
                posted_at,
                bank.cheque_pence,
                posting.source,
                urn,
                user_name,
                posted_at,
                posted_at,
            )
        self.rows["postings"].append((urn, posting.resource, posting.source, user_name, posted_at))
        if len(self.rows["nominal_lines"]) >= FLUSH_AT:
            self.flush()
        return urn

    def _write_lines(
        self, posting: Posting, user_name: str, urn: int, period_id: int, deferral: str | None
    ) -> None:
        for line in posting.lines:
            row = (
                line.nominal_id,
                posting.document_date,
                period_id,
                line.reference,
                line.narrative,
                line.value_pence,
                user_name,
                posting.source,
                urn,
            )
            if deferral:
                self._add("deferred_lines", *row, deferral)
                continue
            self._add("nominal_lines", *row)
            self._count(line.nominal_id, period_id, line.value_pence)

    def _count(self, nominal_id: int, period_id: int, value_pence: int) -> None:
        if value_pence >= 0:
            self.period_debits[nominal_id, period_id] += value_pence
        else:
            self.period_credits[nominal_id, period_id] -= value_pence

    def _add(self, table: str, *row: object) -> None:
        number = self.next_ids[table]
        self.next_ids[table] = number + 1
        self.rows[table].append((number, *row))

    def release(self, deferred_ids: list[int]) -> int:
        """Move deferred or waiting lines into the nominal ledger under new ids; returns how many."""
        self.flush()
        columns = (
            "nominal_id, transaction_date, period_id, reference, narrative, value_pence,"
            " user_name, source, urn"
        )
        for deferred_id in deferred_ids:
            row = self.connection.execute(
                f"select {columns} from deferred_lines where id = ?", (deferred_id,)
            ).fetchone()
            self._add("nominal_lines", *row)
            self._count(row[0], row[2], row[5])
            self.connection.execute("delete from deferred_lines where id = ?", (deferred_id,))
        self.flush()
        return len(deferred_ids)

    def flush(self) -> None:
        """Write what is held. Raises sqlite3.IntegrityError if a posting does not balance."""
        for table, sql in INSERTS.items():
            if self.rows[table]:
                self.connection.executemany(sql, self.rows[table])
                self.rows[table] = []
        pairs = self.period_debits.keys() | self.period_credits.keys()
        self.connection.executemany(
            "insert into nominal_period_values values (?,?,?,?) on conflict do update set"
            " debit_pence = debit_pence + excluded.debit_pence,"
            " credit_pence = credit_pence + excluded.credit_pence",
            [(*pair, self.period_debits[pair], self.period_credits[pair]) for pair in sorted(pairs)],
        )
        for table, balances in (("customers", self.customer_balances), ("banks", self.bank_balances)):
            self.connection.executemany(
                f"update {table} set balance_pence = balance_pence + ? where id = ?",
                [(value, account_id) for account_id, value in sorted(balances.items())],
            )
        if self.next_urn != self.first_urn:
            self.connection.execute(
                "insert or replace into settings values ('next_urn', ?)",
                (str(self.next_urn),),
            )
        for counter in (self.period_debits, self.period_credits, self.customer_balances, self.bank_balances):
            counter.clear()
