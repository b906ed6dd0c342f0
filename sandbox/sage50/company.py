"""The company's file: chart, customers, tax codes, settings, and an audit trail whose every header balances.

Money is whole pence. A row of the audit trail is never changed but by `desk`, as a person would in Sage.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

SEED = Path(__file__).parent / "seed"
SCHEMA = """
create table settings (name text primary key, value text not null);
create table faults (fault_no integer primary key, kind text not null, value text not null);
create table nominal_ledger (
    account_ref text primary key, name text not null, account_type integer not null,
    inactive integer not null check (inactive in (0, 1))
);
create table tax_codes (tax_code text primary key, description text not null, rate text not null);
create table sales_ledger (
    account_ref text primary key, name text not null,
    on_hold integer not null check (on_hold in (0, 1)), inactive integer not null check (inactive in (0, 1))
);
create table headers (
    header_number integer primary key, tran_number integer not null, type text not null, date text not null,
    account_ref text not null, bank_code text not null, inv_ref text not null, details text not null,
    user_name text not null, entered_at text not null, overridden_lock_date text not null default '',
    deleted integer not null default 0, amended_at text not null default '', amended_by text not null default '',
    bank_reconciled_on text not null default ''
);
create table splits (
    split_number integer primary key, header_number integer not null references headers,
    tran_number integer not null unique, type text not null, nominal_code text not null references nominal_ledger,
    department integer not null, details text not null, extra_ref text not null,
    net_pence integer not null check (net_pence >= 0), tax_code text not null,
    tax_pence integer not null check (tax_pence >= 0)
);
create table journal (
    line_number integer primary key, split_number integer not null references splits,
    header_number integer not null references headers,
    nominal_code text not null references nominal_ledger, amount_pence integer not null
);
create table imports (
    import_number integer primary key, file_name text not null, digest text not null,
    imported_at text not null, rows integer not null
);
"""


class BadSeedError(ValueError):
    """A seed file cannot be read; the message names file, row and column."""


class Sage50Company:
    """One company, open."""

    def __init__(self, path: Path):
        self.path = path
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.row_factory = sqlite3.Row
        self.database.execute("pragma foreign_keys = on")

    @classmethod
    def create(cls, path: Path, seed: Path = SEED) -> Sage50Company:
        """A new company from a folder of CSV files; FileExistsError where the file is there."""
        if path.exists():
            raise FileExistsError(f"{path} is there already")
        path.parent.mkdir(parents=True, exist_ok=True)
        tables = _read_seed(seed)
        company = cls(path)
        try:
            with company.transaction():
                for statement in filter(str.strip, SCHEMA.split(";")):
                    company.database.execute(statement)
                company.insert("settings", tables["settings"])
                company.insert("nominal_ledger", tables["nominal_ledger"])
                company.insert("tax_codes", tables["tax_codes"])
                company.insert("sales_ledger", tables["sales_ledger"])
        except BaseException:
            company.close()
            path.unlink(missing_ok=True)
            raise
        return company

    @classmethod
    def open(cls, path: Path) -> Sage50Company:
        """A company that is there; FileNotFoundError where it is not."""
        if not path.exists():
            raise FileNotFoundError(f"there is no company {path}: make one with `seed`")
        return cls(path)

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Sage50Company:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing. Import needs Sage to itself, so the write lock is taken at the start."""
        self.database.execute("begin exclusive")
        try:
            yield
        except BaseException:
            self.database.execute("rollback")
            raise
        self.database.execute("commit")

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            names = ", ".join(row)
            marks = ", ".join("?" for _ in row)
            self.database.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self.database.execute(query, values).fetchall()

    def setting(self, name: str) -> str:
        """A setting's value; KeyError for one there is not."""
        found = self.rows("select value from settings where name = ?", name)
        if not found:
            raise KeyError(name)
        return str(found[0]["value"])

    def set_setting(self, name: str, value: str) -> None:
        self.setting(name)
        self.database.execute("update settings set value = ? where name = ?", (value, name))

    def next_number(self, table: str, column: str) -> int:
        return int(self.rows(f"select coalesce(max({column}), 0) + 1 as next from {table}")[0]["next"])

    def out_of_balance(self) -> list[int]:
        """Headers whose journal lines do not make nothing: always none, or the books are broken."""
        query = "select header_number from journal group by header_number having sum(amount_pence) <> 0"
        return [int(row["header_number"]) for row in self.rows(query)]


def stamp(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")


_YES_NO = {"yes": 1, "no": 0}
_SEEDS: dict[str, dict[str, Any]] = {
    "nominal_ledger": {"account_ref": str, "name": str, "account_type": int, "inactive": _YES_NO.__getitem__},
    "tax_codes": {"tax_code": str, "description": str, "rate": str},
    "sales_ledger": {
        "account_ref": str,
        "name": str,
        "on_hold": _YES_NO.__getitem__,
        "inactive": _YES_NO.__getitem__,
    },
    "settings": {"name": str, "value": str},
}


def _read_seed(folder: Path) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    for table, columns in _SEEDS.items():
        file = folder / f"{table}.csv"
        if not file.exists():
            raise BadSeedError(f"{file} is not there")
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            missing = [name for name in columns if name not in (reader.fieldnames or [])]
            if missing:
                raise BadSeedError(f"{file}, row 1: no column {', '.join(missing)}")
            tables[table] = []
            for row in reader:
                try:
                    tables[table].append({name: read(row[name] or "") for name, read in columns.items()})
                except (KeyError, ValueError) as error:
                    raise BadSeedError(f"{file}, row {reader.line_num}: {error} is not understood") from error
    return tables


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
