"""A company from CSV files a person can read (UTF-8, a header line each). Only the first six are needed.

nominal_codes, tax_codes, customers, banks, periods, control_nominal_codes; cost_centres, departments,
products, warehouses and settings where the company has them. Ids are given in file order, from a different
start per table, so that a client which takes a code for an id is found out.
"""

from __future__ import annotations

import csv
import sqlite3
from decimal import Decimal
from pathlib import Path

from sandbox.lookups import ACTIVE, control_key

FIRST_IDS = {
    "report_categories": 41,
    "cost_centres": 301,
    "departments": 401,
    "nominal_codes": 3001,
    "control_nominal_codes": 71,
    "tax_codes": 1729,
    "customers": 27001,
    "banks": 511,
    "periods": 601,
    "financial_years": 31,
    "product_groups": 811,
    "products": 50001,
    "warehouses": 91,
    "warehouse_holdings": 70001,
}
NEEDED = ("nominal_codes", "tax_codes", "customers", "banks", "periods", "control_nominal_codes")
WANTED_BY_POSTINGS = ("debtors", "vatinput", "vatoutput", "suspense")
ON_THE_BALANCE_SHEET = ("debtors", "creditors", "vatinput", "vatoutput", "accumulatedprofit")


class BadSeed(ValueError):  # noqa: N818 - names the file and what is wrong with it
    """A seed file is missing or contradicts another."""


def rows_of(seed: Path, table: str) -> list[dict[str, str]]:
    """The rows of one seed file, cells stripped; [] for an optional file that is not there."""
    path = seed / f"{table}.csv"
    if not path.is_file():
        if table in NEEDED:
            raise BadSeed(f"the seed has no {table}.csv in {seed}")
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {key: (value or "").strip() for key, value in row.items() if key} for row in csv.DictReader(file)
        ]


def seed_company(connection: sqlite3.Connection, seed: Path, *, now: str) -> None:
    """Fill an empty company file. Raises BadSeed when the files do not fit together."""
    _settings(connection, seed)
    _chart(connection, seed, now)
    tax_ids = _tax_codes(connection, seed, now)
    _customers(connection, seed, tax_ids, now)
    _banks(connection, seed, now)
    _periods(connection, seed)
    _stock(connection, seed, tax_ids, now)


def _settings(connection: sqlite3.Connection, seed: Path) -> None:
    connection.executemany(
        "insert or replace into settings values (?,?)",
        [(row["key"], row["value"]) for row in rows_of(seed, "settings")],
    )


def _chart(connection: sqlite3.Connection, seed: Path, now: str) -> None:
    for table in ("cost_centres", "departments"):
        for number, row in enumerate(rows_of(seed, table), start=FIRST_IDS[table]):
            connection.execute(
                f"insert into {table} values (?,?,?,?,?)",
                (number, row["code"], row.get("name", ""), now, now),
            )
    nominals = rows_of(seed, "nominal_codes")
    categories = sorted({row.get("report_category", "") for row in nominals} - {""})
    connection.executemany(
        "insert into report_categories values (?,?,?)",
        [
            (number, code, code)
            for number, code in enumerate(categories, start=FIRST_IDS["report_categories"])
        ],
    )
    for number, row in enumerate(nominals, start=FIRST_IDS["nominal_codes"]):
        if len(row["reference"]) > 8 or not row["reference"]:
            raise BadSeed(f"nominal_codes.csv: {row['reference']!r} is not a code of 1 to 8 characters")
        allow_journals = row.get("allow_manual_journal_entries", "true").lower() not in ("false", "0", "no")
        connection.execute(
            "insert into nominal_codes values (?,?,?,?,?,?,?,?,?,?,?)",
            (
                number,
                row["reference"],
                row.get("cost_centre", ""),
                row.get("department", ""),
                row["name"],
                row.get("nominal_account_type") or "Posting",
                row.get("account_status_type") or ACTIVE,
                row.get("report_category", ""),
                int(allow_journals),
                now,
                now,
            ),
        )
    known = {row["reference"] for row in nominals}
    whole = {row["reference"] for row in nominals if not row.get("cost_centre") and not row.get("department")}
    controls = rows_of(seed, "control_nominal_codes")
    for number, row in enumerate(controls, start=FIRST_IDS["control_nominal_codes"]):
        name, account = row["control_nominal_code_type"], row["account_number"]
        if account not in (whole if control_key(name) in WANTED_BY_POSTINGS else known):
            raise BadSeed(
                f"control_nominal_codes.csv: {name} names {account}, which nominal_codes.csv has not"
            )
        kind = "Balance" if control_key(name) in ON_THE_BALANCE_SHEET else "PnL"
        connection.execute(
            "insert into control_nominal_codes values (?,?,?,?,?,?,?)",
            (number, name, row.get("name", ""), account, f"NominalReportingType{kind}", now, now),
        )


def _tax_codes(connection: sqlite3.Connection, seed: Path, now: str) -> dict[int, int]:
    ids = {}
    for number, row in enumerate(rows_of(seed, "tax_codes"), start=FIRST_IDS["tax_codes"]):
        hundredths = int(Decimal(row["tax_rate"]) * 100)
        ids[int(row["code"])] = number
        connection.execute(
            "insert into tax_codes values (?,?,?,?,?,?)",
            (number, int(row["code"]), row["name"], hundredths, now, now),
        )
    return ids


def _tax_code_id(row: dict[str, str], column: str, tax_ids: dict[int, int], where: str) -> int | None:
    code = row.get(column, "")
    if code == "":
        return None
    if int(code) not in tax_ids:
        raise BadSeed(f"{where}: tax code {code} is not in tax_codes.csv")
    return tax_ids[int(code)]


def _customers(connection: sqlite3.Connection, seed: Path, tax_ids: dict[int, int], now: str) -> None:
    for number, row in enumerate(rows_of(seed, "customers"), start=FIRST_IDS["customers"]):
        connection.execute(
            "insert into customers values (?,?,?,?,?,?,?,0,?,?)",
            (
                number,
                row["reference"],
                row["name"],
                int(row.get("on_hold", "").lower() in ("true", "1", "yes")),
                row.get("account_status_type") or ACTIVE,
                row.get("default_nominal_reference", ""),
                _tax_code_id(row, "default_tax_code", tax_ids, "customers.csv"),
                now,
                now,
            ),
        )


def _banks(connection: sqlite3.Connection, seed: Path, now: str) -> None:
    for number, row in enumerate(rows_of(seed, "banks"), start=FIRST_IDS["banks"]):
        key = (
            row["nominal_reference"],
            row.get("nominal_cost_centre", ""),
            row.get("nominal_department", ""),
        )
        nominal = connection.execute(
            "select id from nominal_codes where reference = ? and cost_centre = ? and department = ?", key
        ).fetchone()
        if nominal is None:
            raise BadSeed(
                f"banks.csv: {row['code']} names nominal {'/'.join(filter(None, key))}, which is unknown"
            )
        connection.execute(
            "insert into banks values (?,?,?,?,?,?,?,?,?,?,0,?,?)",
            (
                number,
                row["code"],
                row.get("description", ""),
                row.get("sort_code", ""),
                row.get("account_no", ""),
                row.get("account_status_type") or ACTIVE,
                nominal[0],
                *key,
                now,
                now,
            ),
        )


def _periods(connection: sqlite3.Connection, seed: Path) -> None:
    rows = sorted(rows_of(seed, "periods"), key=lambda row: row["start_date"])
    years = sorted({row["financial_year_start_date"] for row in rows})
    opened = [row["financial_year_start_date"] for row in rows if row["nominal_state"] == "Open"]
    settings = dict(connection.execute("select key, value from settings"))
    current = settings.get("current_financial_year_start", opened[-1] if opened else years[-1])
    for number, row in enumerate(rows, start=FIRST_IDS["periods"]):
        year = row["financial_year_start_date"]
        in_year = [other for other in rows if other["financial_year_start_date"] == year]
        connection.execute(
            "insert into periods values (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                number,
                FIRST_IDS["financial_years"] + years.index(year),
                year,
                in_year[-1]["end_date"],
                years.index(year) - years.index(current),
                len(in_year),
                int(row["period_number"]),
                row["start_date"],
                row["end_date"],
                row["sales_state"],
                row["cash_book_state"],
                row["nominal_state"],
            ),
        )


def _stock(connection: sqlite3.Connection, seed: Path, tax_ids: dict[int, int], now: str) -> None:
    products = rows_of(seed, "products")
    groups = {
        code: number
        for number, code in enumerate(
            sorted({row["product_group"] for row in products}), FIRST_IDS["product_groups"]
        )
    }
    connection.executemany(
        "insert into product_groups values (?,?,?,?,?)",
        [(number, code, code, now, now) for code, number in groups.items()],
    )
    for number, row in enumerate(products, start=FIRST_IDS["products"]):
        tax_code_id = _tax_code_id(row, "tax_code", tax_ids, "products.csv")
        status = row.get("product_status_type") or "Active"
        connection.execute(
            "insert into products values (?,?,?,?,?,?,?,?)",
            (number, row["code"], row["name"], groups[row["product_group"]], tax_code_id, status, now, now),
        )
    for number, row in enumerate(rows_of(seed, "warehouses"), start=FIRST_IDS["warehouses"]):
        connection.execute(
            "insert into warehouses values (?,?,?,?,?)",
            (number, row["name"], row.get("description", ""), now, now),
        )
    connection.execute(
        "insert into warehouse_holdings"
        " select ? + row_number() over (order by products.id, warehouses.id) - 1, warehouses.id,"
        " products.id, 0, ?, ? from products cross join warehouses",
        (FIRST_IDS["warehouse_holdings"], now, now),
    )
