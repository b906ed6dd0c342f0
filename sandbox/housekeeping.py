"""The company's rarer writes (allocation, release, stock movements) and its proof of balance."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sandbox import shapes
from sandbox.bodies import read_body
from sandbox.lookups import Lookups, combined_state
from sandbox.refusals import against_the_rules, invalid, unknown
from sandbox.schema import stamp


def unbalanced_urns(connection: sqlite3.Connection) -> list[int]:
    """URNs whose posted and deferred lines together do not sum to zero."""
    rows = connection.execute(
        "select urn from (select urn, value_pence from nominal_lines union all"
        " select urn, value_pence from deferred_lines) group by urn having sum(value_pence) <> 0 order by urn"
    )
    return [urn for (urn,) in rows]


def last_stamp(connection: sqlite3.Connection) -> str | None:
    """The greatest `updated_at` of the two sub-ledgers, as stored."""
    found: str | None = connection.execute(
        "select max(updated_at) from (select max(updated_at) as updated_at from sales_transactions"
        " union all select max(updated_at) from bank_transactions)"
    ).fetchone()[0]
    return found


def releasable(connection: sqlite3.Connection, lookups: Lookups, *, everything: bool) -> list[int]:
    """Ids of deferred lines that may enter the nominal ledger now, oldest first."""
    open_periods = {
        (module, period.period_id)
        for module in ("LedgerSales", "LedgerCashBook", "LedgerNominal")
        for period in lookups.periods
        if combined_state(period, module) == "Open"
    }
    rows = connection.execute("select id, source, period_id from deferred_lines order by id")
    return [
        line_id for line_id, source, period_id in rows if everything or (source, period_id) in open_periods
    ]


def allocate(
    connection: sqlite3.Connection,
    lookups: Lookups,
    body: Mapping[str, Any],
    *,
    user_name: str,
    at: str,
    urn: int,
) -> None:
    """Set receipts and credit notes against one customer's invoices, equal sides. Raises Refused."""
    values = read_body(shapes.ALLOCATION, body)
    lookups.customer(values["customer_id"])
    total = 0
    updates = []
    taken: Counter[int] = Counter()
    for line in values["allocation_lines"]:
        row = connection.execute(
            "select customer_id, gross_pence, allocated_pence from sales_transactions where id = ?",
            (line["posted_tran_id"],),
        ).fetchone()
        if row is None or row[0] != values["customer_id"]:
            raise unknown(f"posted transaction with id {line['posted_tran_id']} of this customer")
        value = line["value_to_allocate"]
        allocated = abs(row[2]) + taken[line["posted_tran_id"]]  # one allocation may name a transaction twice
        if not 0 < value <= abs(row[1]) - allocated:
            raise invalid("The value to allocate is more than the transaction has outstanding.")
        signed = value if row[1] > 0 else -value
        total += signed
        taken[line["posted_tran_id"]] += value
        settled = values.get("allocation_date", at[:10]) if allocated + value == abs(row[1]) else None
        updates.append((signed, settled, line["posted_tran_id"]))
    if total != 0:
        raise against_the_rules("The values allocated do not balance.")
    connection.executemany(
        "update sales_transactions set allocated_pence = allocated_pence + ?, full_settlement_date = ?,"
        f" updated_at = '{at}' where id = ?",
        updates,
    )
    connection.executemany(
        "insert into allocations (session_urn, sales_transaction_id, value_pence, allocation_date, user_name,"
        " created_at) values (?,?,?,?,?,?)",
        [(urn, row[2], row[0], values.get("allocation_date", at[:10]), user_name, at) for row in updates],
    )


def move_stock(
    connection: sqlite3.Connection,
    product_code: str,
    warehouse_name: str,
    quantity_thousandths: int,
    *,
    transaction_type: str,
    transaction_date: date,
    reference: str,
    user_name: str,
    at: datetime,
    second_reference: str = "",
) -> None:
    """One movement (goods out negative) and the holding it leaves. Raises Refused."""
    holding = connection.execute(
        "select warehouse_holdings.id, product_id, warehouse_id from warehouse_holdings"
        " join products on products.id = product_id join warehouses on warehouses.id = warehouse_id"
        " where products.code = ? and warehouses.name = ?",
        (product_code, warehouse_name),
    ).fetchone()
    if holding is None:
        raise unknown(f"holding of {product_code} in {warehouse_name}")
    connection.execute(
        "update warehouse_holdings set quantity_thousandths = quantity_thousandths + ?, updated_at = ?"
        " where id = ?",
        (quantity_thousandths, stamp(at), holding[0]),
    )
    connection.execute(
        "insert into product_transactions (product_id, warehouse_id, transaction_type, transaction_date,"
        " quantity_thousandths, reference, second_reference, user_name, updated_at)"
        " values (?,?,?,?,?,?,?,?,?)",
        (
            holding[1],
            holding[2],
            transaction_type,
            transaction_date.isoformat(),
            quantity_thousandths,
            reference[:20],
            second_reference[:20],
            user_name[:20],
            stamp(at),
        ),
    )
