"""The exported tables, as an ODBC tool writes them: every column by Sage's own name, money as doubles print."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sandbox.sage50.company import Sage50Company
from sandbox.sage50.faults import taken
from sandbox.sage50.importing import BANK_OUT, CUSTOMER

NEGATIVE = {"SC", "SA", "PC", "PA", "JC"} | BANK_OUT  # amounts are signed by transaction type
_SIGN = f"case when splits.type in ({', '.join(repr(kind) for kind in sorted(NEGATIVE))}) then -1 else 1 end"
HEADERS = f"""
select headers.*, count(*) as item_count, sum(splits.net_pence * {_SIGN}) as net,
    sum(splits.tax_pence * {_SIGN}) as tax
from headers inner join splits using (header_number) where headers.header_number <= ?
group by headers.header_number order by headers.header_number
"""
SPLITS = """
select splits.*, headers.date, headers.account_ref, headers.bank_code, headers.inv_ref, headers.user_name,
    headers.entered_at, headers.deleted
from splits inner join headers using (header_number) where headers.header_number <= ? order by split_number
"""
JOURNAL = """
select journal.*, splits.tran_number, splits.type, splits.details, splits.extra_ref, headers.date,
    headers.account_ref, headers.bank_code, headers.inv_ref, headers.user_name, headers.entered_at, headers.deleted
from journal inner join splits using (split_number) inner join headers on journal.header_number = headers.header_number
where headers.header_number <= ? order by line_number
"""
NOMINALS = """
select nominal_ledger.*, coalesce(sum(journal.amount_pence), 0) as balance
from nominal_ledger left join (
    select journal.* from journal inner join headers using (header_number) where deleted = 0
) as journal on journal.nominal_code = nominal_ledger.account_ref
group by nominal_ledger.account_ref order by nominal_ledger.account_ref
"""

Table = tuple[Sequence[str], list[list[Any]]]


def export(company: Sage50Company, folder: Path) -> dict[str, int]:
    """Write the tables into a folder; rows of each. Every file is whole, or not there."""
    folder.mkdir(parents=True, exist_ok=True)
    encoding = taken(company, "export_encoding") or company.setting("export_encoding")
    cut, torn = taken(company, "export_cut"), taken(company, "export_torn")
    written = {}
    for name, build in TABLES.items():
        newest = company.next_number("headers", "header_number") - 1
        if torn == name:
            newest = _before_the_last_import(company, newest)
        header, rows = build(company, newest)
        if cut == name:
            rows = rows[: len(rows) // 2]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
        place = folder / f"{name}.csv"
        unfinished = place.with_suffix(".unfinished")
        unfinished.write_bytes(text.getvalue().encode(encoding, "replace"))
        unfinished.replace(place)
        written[name] = len(rows)
    return written


def _before_the_last_import(company: Sage50Company, newest: int) -> int:
    found = company.rows("select rows from imports order by import_number desc limit 1")
    return newest - int(found[0]["rows"]) if found else newest


def _pounds(pence: int) -> str:
    return repr(pence / 100)  # a double, as the driver has it


def _day(company: Sage50Company) -> Callable[[str], str]:
    shape = {"DD/MM/YYYY": "%d/%m/%Y", "YYYY-MM-DD": "%Y-%m-%d"}[company.setting("export_date_format")]
    return lambda text: date.fromisoformat(text[:10]).strftime(shape) if text else ""


def _headers(company: Sage50Company, newest: int) -> Table:
    day = _day(company)
    names = (
        *(
            "TRAN_NUMBER",
            "HEADER_NUMBER",
            "ITEM_COUNT",
            "TYPE",
            "DATE",
            "ACCOUNT_REF",
            "BANK_CODE",
            "INV_REF",
        ),
        *("DETAILS", "USER_NAME", "NET_AMOUNT", "TAX_AMOUNT", "GROSS_AMOUNT", "AMOUNT_PAID", "OUTSTANDING"),
        *("PAID_FLAG", "DELETED_FLAG", "DATE_BANK_RECONCILED", "DATE_ENTERED", "DATE_AMENDED"),
        *("USER_NAME_AMENDED", "OVERRIDDEN_CLOSED_LEDGER_DATE"),
    )
    rows = []
    for row in company.rows(HEADERS, newest):
        gross = row["net"] + row["tax"]
        owed = gross if row["type"] in CUSTOMER else 0
        rows.append(
            [
                *(row["tran_number"], row["header_number"], row["item_count"], row["type"], day(row["date"])),
                *(row["account_ref"], row["bank_code"], row["inv_ref"], row["details"], row["user_name"]),
                *(_pounds(row["net"]), _pounds(row["tax"]), _pounds(gross)),
                *(_pounds(0), _pounds(owed), "N" if owed else "Y", row["deleted"]),
                *(day(row["bank_reconciled_on"]), day(row["entered_at"]), day(row["amended_at"])),
                *(row["amended_by"], day(row["overridden_lock_date"])),
            ]
        )
    return names, rows


def _splits(company: Sage50Company, newest: int) -> Table:
    day = _day(company)
    names = (
        *("TRAN_NUMBER", "SPLIT_NUMBER", "HEADER_NUMBER", "TYPE", "DATE", "ACCOUNT_REF", "NOMINAL_CODE"),
        *(
            "BANK_CODE",
            "INV_REF",
            "DETAILS",
            "EXTRA_REF",
            "USER_NAME",
            "DEPT_NUMBER",
            "TAX_CODE",
            "NET_AMOUNT",
        ),
        *("TAX_AMOUNT", "GROSS_AMOUNT", "VAT_RECONCILED_DATE", "DATE_ENTERED", "DELETED_FLAG"),
    )
    rows = []
    for row in company.rows(SPLITS, newest):
        sign = -1 if row["type"] in NEGATIVE else 1
        rows.append(
            [
                *(
                    row["tran_number"],
                    row["split_number"],
                    row["header_number"],
                    row["type"],
                    day(row["date"]),
                ),
                *(row["account_ref"], row["nominal_code"], row["bank_code"], row["inv_ref"], row["details"]),
                *(row["extra_ref"], row["user_name"], row["department"], row["tax_code"]),
                *(_pounds(sign * row["net_pence"]), _pounds(sign * row["tax_pence"])),
                *(
                    _pounds(sign * (row["net_pence"] + row["tax_pence"])),
                    "",
                    day(row["entered_at"]),
                    row["deleted"],
                ),
            ]
        )
    return names, rows


def _journal(company: Sage50Company, newest: int) -> Table:
    day = _day(company)
    names = (
        *("TRAN_NUMBER", "SPLIT_NUMBER", "HEADER_NUMBER", "TYPE", "DATE", "ACCOUNT_REF", "NOMINAL_CODE"),
        *("BANK_CODE", "INV_REF", "DETAILS", "EXTRA_REF", "USER_NAME", "AMOUNT", "FOREIGN_AMOUNT"),
        *("DATE_ENTERED", "DELETED_FLAG"),
    )
    rows = [
        [
            *(row["tran_number"], row["split_number"], row["header_number"], row["type"], day(row["date"])),
            *(row["account_ref"], row["nominal_code"], row["bank_code"], row["inv_ref"], row["details"]),
            *(row["extra_ref"], row["user_name"], _pounds(row["amount_pence"]), _pounds(row["amount_pence"])),
            *(day(row["entered_at"]), row["deleted"]),
        ]
        for row in company.rows(JOURNAL, newest)
    ]
    return names, rows


def _nominals(company: Sage50Company, _: int) -> Table:
    names = ("ACCOUNT_REF", "NAME", "ACCOUNT_TYPE", "BALANCE", "INACTIVE_FLAG")
    rows = [
        [row["account_ref"], row["name"], row["account_type"], _pounds(row["balance"]), row["inactive"]]
        for row in company.rows(NOMINALS)
    ]
    return names, rows


def _tax_codes(company: Sage50Company, _: int) -> Table:
    names = ("TAX_CODE", "TAX_CODE_ID", "DESCRIPTION", "TAX_RATE")
    rows = [
        [row["tax_code"], row["tax_code"][1:], row["description"], float(row["rate"])]
        for row in company.rows("select * from tax_codes order by length(tax_code), tax_code")
    ]
    return names, rows


def _customers(company: Sage50Company, _: int) -> Table:
    names = ("ACCOUNT_REF", "NAME", "BALANCE", "ACCOUNT_ON_HOLD", "INACTIVE_FLAG")
    rows = [
        [row["account_ref"], row["name"], _pounds(0), row["on_hold"], row["inactive"]]
        for row in company.rows("select * from sales_ledger order by account_ref")
    ]
    return names, rows


TABLES: dict[str, Callable[[Sage50Company, int], Table]] = {
    "AUDIT_HEADER": _headers,
    "AUDIT_SPLIT": _splits,
    "AUDIT_JOURNAL": _journal,
    "NOMINAL_LEDGER": _nominals,
    "TAX_CODE": _tax_codes,
    "SALES_LEDGER": _customers,
}
