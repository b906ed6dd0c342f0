"""Sage's import screen: a file of audit-trail transactions is taken whole, or refused with a list of faulty rows.

What no source confirms of the real importer is a setting of the company (`seed/settings.csv`). Nothing here asks
whether a reference was used before: the same file imported twice posts everything twice, as in Sage.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from sandbox.sage50.company import Sage50Company, day, stamp
from sandbox.sage50.faults import before_import, taken

WIDTHS = {"type": 2, "account": 8, "nominal": 8, "department": 3, "details": 60, "tax_code": 3, "user": 32}
PLACES = (
    "type",
    "account",
    "nominal",
    "department",
    "date",
    "reference",
    "details",
    "net",
    "tax_code",
    "tax",
    "rate",
    "extra",
    "user",
    "project",
    "cost_code",
)
CUSTOMER = {"SI", "SC", "SA", "SP"}
SUPPLIER = {"PI", "PC", "PA", "PR"}
BANK_IN, BANK_OUT = {"BR", "CR", "VR"}, {"BP", "CP", "VP"}
JOURNAL = {"JD", "JC"}
ON_ACCOUNT = {"SA", "SP", "PA", "PR"}  # their nominal column is the bank
IMPORTABLE = CUSTOMER | SUPPLIER | BANK_IN | BANK_OUT | JOURNAL
BANK_ACCOUNT_TYPE = 1


@dataclass(frozen=True)
class Row:
    """One row as the importer understood it."""

    line: int
    type: str
    account: str
    nominal: str
    department: int
    date: date
    reference: str
    details: str
    net: int
    tax_code: str
    tax: int
    extra: str
    user: str


@dataclass
class ImportResult:
    """What the screen shows at the end."""

    imported: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    first_tran: int | None = None
    last_tran: int | None = None


class _BadRowError(ValueError):
    pass


def import_file(
    company: Sage50Company, content: bytes, *, now: datetime, file_name: str = "import.csv"
) -> ImportResult:
    """Import one file. `refused` holds faulty rows by line; whether the others went in is a company setting."""
    before_import(company)
    result = ImportResult()
    rows: list[Row] = []
    for line, cells in _lines(company, content, result):
        try:
            rows.append(_read(company, line, cells))
        except _BadRowError as error:
            result.refused.append((line, str(error)))
    result.refused += _unbalanced(rows)
    if result.refused and (
        company.setting("rejection") == "whole_file" or any(r.type in JOURNAL for r in rows)
    ):
        return result
    stop_after = taken(company, "stop_after")
    going = rows if stop_after is None else rows[: int(stop_after)]
    if stop_after is not None:
        result.notes.append("the program ended unexpectedly")
    with company.transaction():
        _post(company, going, now, result)
        company.insert(
            "imports",
            [
                {
                    "file_name": file_name,
                    "digest": hashlib.sha256(content).hexdigest(),
                    "imported_at": stamp(now),
                    "rows": len(going),
                }
            ],
        )
        if company.out_of_balance():
            raise AssertionError(f"headers out of balance: {company.out_of_balance()}")
    return result


def _lines(company: Sage50Company, content: bytes, result: ImportResult) -> Iterator[tuple[int, list[str]]]:
    """Lines with their cells; signs beyond ASCII are read as Windows does, whatever they were written as."""
    if company.setting("utf8") == "refuse":
        try:
            content.decode("ascii")
        except UnicodeDecodeError:
            try:
                content.decode("utf-8")
            except UnicodeDecodeError:
                pass
            else:
                result.refused.append((1, "the file is not in the expected format"))
                return
    text = content.decode("windows-1252", "replace")
    reader = csv.reader(io.StringIO(text, newline=""))
    for cells in reader:
        if not any(cells) or (reader.line_num == 1 and cells[0].strip().casefold() == "type"):
            continue
        yield reader.line_num, cells


def _read(company: Sage50Company, line: int, cells: list[str]) -> Row:
    if len(cells) < 10:
        raise _BadRowError("compulsory columns are missing")
    cell = dict(zip(PLACES, cells, strict=False)) | dict.fromkeys(PLACES[len(cells) :], "")
    _widths(company, cell)
    if any(text != text.lstrip() for text in cells):
        raise _BadRowError("a column begins with a blank")
    kind = cell["type"]
    if kind not in IMPORTABLE:
        raise _BadRowError(f"invalid transaction type {kind}")
    when = _date(cell["date"])
    lock = day(company.setting("lock_date"))
    if lock and when <= lock and company.setting("before_lock_date") == "refuse":
        raise _BadRowError(f"date out of range: {cell['date']}")
    net, tax = _pence(cell["net"]), _pence(cell["tax"])
    if not company.rows("select 1 from tax_codes where tax_code = ?", cell["tax_code"]):
        if company.setting("unknown_tax_code") == "refuse":
            raise _BadRowError(f"invalid tax code {cell['tax_code']}")
        tax = 0
    if kind in JOURNAL and tax:
        raise _BadRowError("a journal carries no tax")
    department = cell["department"] or "0"
    if not (department.isascii() and department.isdigit()):
        raise _BadRowError(f"invalid department {department}")
    _accounts(company, kind, cell["account"], cell["nominal"])
    return Row(
        line=line,
        type=kind,
        account=cell["account"],
        nominal=cell["nominal"],
        department=int(department),
        date=when,
        reference=cell["reference"],
        details=cell["details"],
        net=net,
        tax_code=cell["tax_code"],
        tax=tax,
        extra=cell["extra"],
        user=cell["user"],
    )


def _widths(company: Sage50Company, cell: dict[str, str]) -> None:
    widths = WIDTHS | {
        "reference": int(company.setting("reference_length")),
        "extra": int(company.setting("extra_reference_length")),
    }
    for name, width in widths.items():
        if len(cell[name]) > width:
            raise _BadRowError(f"{name} is longer than {width}")


def _date(text: str) -> date:
    for shape in ("%d/%m/%Y", "%d%m%Y", "%d%m%y"):
        try:
            return datetime.strptime(text, shape).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise _BadRowError(f"invalid date {text}")


def _pence(text: str) -> int:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _BadRowError(f"invalid amount {text}") from None
    if value < 0 or value >= 10**8 or value != round(value, 2):
        raise _BadRowError(f"amount out of range {text}")
    return int(value * 100)


def _accounts(company: Sage50Company, kind: str, account: str, nominal: str) -> None:
    if kind in CUSTOMER:
        found = company.rows("select on_hold, inactive from sales_ledger where account_ref = ?", account)
        if not found:
            raise _BadRowError(f"customer account {account} not found")
        if found[0]["inactive"] or found[0]["on_hold"]:
            raise _BadRowError(f"customer account {account} cannot be used")
    elif kind in SUPPLIER:
        raise _BadRowError(f"supplier account {account} not found")
    elif kind in BANK_IN | BANK_OUT:
        _nominal(company, account, is_bank=True)
    elif account:
        raise _BadRowError("a journal has no account reference")
    _nominal(company, nominal, is_bank=kind in ON_ACCOUNT)


def _nominal(company: Sage50Company, code: str, *, is_bank: bool) -> None:
    found = company.rows("select account_type, inactive from nominal_ledger where account_ref = ?", code)
    if not found:
        raise _BadRowError(f"nominal account {code} not found")
    if found[0]["inactive"] and company.setting("inactive_nominal") == "refuse":
        raise _BadRowError(f"nominal account {code} is inactive")
    if is_bank and found[0]["account_type"] != BANK_ACCOUNT_TYPE:
        raise _BadRowError(f"{code} is not a bank account")
    names = ("debtors_account", "creditors_account", "vat_on_sales_account", "vat_on_purchases_account")
    if code in {company.setting(name) for name in names}:
        raise _BadRowError(f"{code} is a control account; enter a valid non-control nominal code")


def _unbalanced(rows: list[Row]) -> list[tuple[int, str]]:
    """Journals of one reference and date are one set, and a set that does not balance is refused."""
    sums: dict[tuple[str, date], list[int]] = {}
    for row in rows:
        if row.type in JOURNAL:
            entry = sums.setdefault((row.reference, row.date), [row.line, 0])
            entry[1] += row.net if row.type == "JD" else -row.net
    return [(line, "the journal does not balance") for line, out in sums.values() if out]


def _post(company: Sage50Company, rows: list[Row], now: datetime, result: ImportResult) -> None:
    """Headers, splits and the nominal ledger. Journals of one set share a header; else the layout says."""
    header_of: dict[tuple[str, ...], int] = {}
    grouped = company.setting("layout") == "grouped"
    lock = day(company.setting("lock_date"))
    for row in rows:
        split = company.next_number("splits", "split_number")
        group = (
            ("journal", row.reference, str(row.date))
            if row.type in JOURNAL
            else (row.type, row.account, row.reference, str(row.date))
            if grouped
            else ("row", str(row.line))
        )
        header = header_of.get(group)
        if header is None:
            header = header_of[group] = company.next_number("headers", "header_number")
            bank = (
                row.nominal
                if row.type in ON_ACCOUNT
                else row.account
                if row.type in BANK_IN | BANK_OUT
                else ""
            )
            company.insert(
                "headers",
                [
                    {
                        "header_number": header,
                        "tran_number": split,
                        "type": row.type,
                        "date": row.date.isoformat(),
                        "account_ref": row.account or row.nominal,
                        "bank_code": bank,
                        "inv_ref": row.reference,
                        "details": row.details,
                        "user_name": row.user,
                        "entered_at": stamp(now),
                        "overridden_lock_date": str(lock) if lock and row.date <= lock else "",
                    }
                ],
            )
        company.insert(
            "splits",
            [
                {
                    "split_number": split,
                    "header_number": header,
                    "tran_number": split,
                    "type": row.type,
                    "nominal_code": row.nominal,
                    "department": row.department,
                    "details": row.details,
                    "extra_ref": row.extra,
                    "net_pence": row.net,
                    "tax_code": row.tax_code,
                    "tax_pence": row.tax,
                }
            ],
        )
        lines = [(nominal, amount) for nominal, amount in double_entry(company, row) if amount]
        company.insert(
            "journal",
            [
                {
                    "split_number": split,
                    "header_number": header,
                    "nominal_code": nominal,
                    "amount_pence": amount,
                }
                for nominal, amount in lines
            ],
        )
        result.imported += 1
        result.first_tran = split if result.first_tran is None else result.first_tran
        result.last_tran = split


def double_entry(company: Sage50Company, row: Row) -> list[tuple[str, int]]:
    """The debits (positive) and credits of a row."""
    debtors, creditors = company.setting("debtors_account"), company.setting("creditors_account")
    vat_out = company.setting("vat_on_sales_account")
    vat_in = company.setting("vat_on_purchases_account")
    gross = row.net + row.tax
    match row.type:
        case "SI" | "SC":
            lines = [(debtors, gross), (row.nominal, -row.net), (vat_out, -row.tax)]
            turned = row.type == "SC"
        case "PI" | "PC":
            lines = [(creditors, -gross), (row.nominal, row.net), (vat_in, row.tax)]
            turned = row.type == "PC"
        case "SA" | "SP":
            lines, turned = [(row.nominal, gross), (debtors, -gross)], row.type == "SP"
        case "PA" | "PR":
            lines, turned = [(creditors, gross), (row.nominal, -gross)], row.type == "PR"
        case "JD" | "JC":
            lines, turned = [(row.nominal, row.net)], row.type == "JC"
        case kind if kind in BANK_IN:
            lines, turned = [(row.account, gross), (row.nominal, -row.net), (vat_out, -row.tax)], False
        case _:
            lines, turned = [(row.account, -gross), (row.nominal, row.net), (vat_in, row.tax)], False
    return [(nominal, -amount if turned else amount) for nominal, amount in lines]
