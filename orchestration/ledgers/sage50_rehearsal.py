"""The rehearsal of an import file: what Sage would refuse or take twice, said before anyone opens the import screen.

It reads the file as it lies there, whoever wrote it, against what the last export says that Sage holds. Every
refusal names row, column and reason; an empty list means that nothing known speaks against the import.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol

from orchestration.ledgers.ledger import AccountStatus, CustomerFacts
from orchestration.ledgers.sage50_file import RawRow, Refusal, date_of, pence_of, read
from orchestration.ledgers.sage50_layout import (
    BY_NAME,
    COLUMNS,
    KEY,
    LEAST_COLUMNS,
    MOST_POUNDS,
    NOT_IMPORTED,
    TYPES,
    ImportType,
)
from orchestration.ledgers.sage50_settings import Sage50Settings

AMOUNT = re.compile(r"\d+(\.\d{1,2})?")
TAX_CODE = re.compile(r"T(\d{1,2})")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class TrailRow(NamedTuple):
    """One live row of the audit trail, as much of it as tells a copy: money positive, in pence."""

    tran_number: int
    type: str
    account: str
    nominal: str
    date: date
    reference: str
    extra_reference: str
    details: str
    net_pence: int
    tax_code: int
    tax_pence: int


class Known(Protocol):
    """What the last export says of the company."""

    def account_status(self, nominal_code: str) -> AccountStatus: ...
    def customer(self, reference: str) -> CustomerFacts: ...
    def tax_code(self, code: int) -> Decimal | None: ...
    def trail_rows(self, references: Iterable[str], dates: Iterable[date] = ()) -> list[TrailRow]:
        """Live rows that carry one of the references in either column, or are of one of the dates."""
        ...


class _Read(NamedTuple):
    """A row whose cells could be read."""

    row: int
    type: ImportType
    account: str
    nominal: str
    date: date
    reference: str
    details: str
    net_pence: int
    tax_code: int
    tax_pence: int
    extra_reference: str


def rehearse(content: bytes, known: Known, settings: Sage50Settings) -> list[Refusal]:
    """Everything that speaks against importing the file, in the order of its rows."""
    raw, refusals = read(content, settings)
    readable: list[_Read] = []
    for row in raw:
        found = list(_Cells(row, settings).refusals())
        refusals += found
        if not found:
            good = _typed(row, settings)
            readable.append(good)
            refusals += _against_ledger(good, known, settings)
    refusals += _unbalanced_journals(readable)
    refusals += _copies(readable, known, settings)
    return sorted(refusals, key=lambda refusal: (refusal.row, refusal.column, refusal.reason))


class _Cells:
    """The cells of one row against the layout alone."""

    def __init__(self, row: RawRow, settings: Sage50Settings):
        self._row, self._settings = row, settings
        self._type = TYPES.get(row["type"])

    def refusals(self) -> Iterator[Refusal]:
        if len(self._row.cells) < LEAST_COLUMNS:
            words = f"it has {len(self._row.cells)} cells; Sage wants {LEAST_COLUMNS} at least"
            yield Refusal(self._row.row, "", words, "layout")
            return
        yield from self._types()
        for column in COLUMNS:
            cell = self._row[column.name]
            if cell != cell.strip():
                yield self._no(column.name, "there is a blank around it, which Sage does not take", "layout")
            elif column.required and not cell:
                yield self._no(column.name, "it is empty", "required")
            elif len(cell) > self._width(column.name):
                yield self._no(column.name, f"{cell!r} is longer than {self._width(column.name)}", "length")
        yield from self._contents()

    def _no(self, name: str, reason: str, rule: str) -> Refusal:
        return Refusal(self._row.row, BY_NAME[name].heading, reason, rule)

    def _width(self, name: str) -> int:
        widths = {
            "reference": self._settings.reference_length,
            "extra_reference": self._settings.extra_reference_length,
        }
        return widths.get(name, BY_NAME[name].length)

    def _types(self) -> Iterator[Refusal]:
        code = self._row["type"]
        if code in NOT_IMPORTED:
            yield self._no("type", f"{code}: {NOT_IMPORTED[code]}", "type")
        elif code and self._type is None:
            yield self._no("type", f"{code!r} is no type that Sage imports", "type")
        elif self._type and self._type.party == "none" and self._row["account"]:
            yield self._no("account", f"a {self._type.meaning} has no account", "account")
        elif self._type and self._type.party != "none" and not self._row["account"]:
            yield self._no("account", f"a {self._type.meaning} needs its {self._type.party}", "required")

    def _contents(self) -> Iterator[Refusal]:
        day = self._row["date"]
        if day and date_of(day, self._settings) is None:
            hint = ": Sage takes an ISO date for another day" if ISO_DATE.fullmatch(day) else ""
            yield self._no("date", f"{day!r} is no date as {self._settings.date_format}{hint}", "date")
        for name in ("net", "tax"):
            yield from self._amount(name)
        code = self._row["tax_code"]
        if code and not TAX_CODE.fullmatch(code):
            yield self._no("tax_code", f"{code!r} is not T0 to T99", "tax_code")
        department = self._row["department"]
        if department and not (department.isascii() and department.isdigit()):
            yield self._no("department", f"{department!r} is not 0 to 999", "department")
        if self._row["exchange_rate"] not in ("", "1", "1.0", "1.00", "1.000000"):
            yield self._no("exchange_rate", "only base currency is imported: 1 or empty", "exchange_rate")
        project, cost_code = self._row["project"], self._row["cost_code"]
        if bool(project) != bool(cost_code):
            yield self._no("cost_code", "a project and a cost code come together", "project")

    def _amount(self, name: str) -> Iterator[Refusal]:
        cell = self._row[name]
        if not cell or len(cell) > BY_NAME[name].length:
            return
        if cell.startswith("-"):
            yield self._no(name, f"{cell} is negative: the type gives the direction", "amount")
        elif not AMOUNT.fullmatch(cell):
            words = f"{cell!r} is no amount: pounds, a point, two decimals, no comma and no sign of currency"
            yield self._no(name, words, "amount")
        elif (pence_of(cell) or 0) > MOST_POUNDS * 100 + 99:
            yield self._no(name, f"{cell} has more than 8 digits before the point", "amount")


def _typed(row: RawRow, settings: Sage50Settings) -> _Read:
    """The cells of a row that no rule of the layout refused."""
    day, code = date_of(row["date"], settings), TAX_CODE.fullmatch(row["tax_code"])
    net, tax = pence_of(row["net"]), pence_of(row["tax"])
    assert day is not None and code is not None and net is not None and tax is not None
    return _Read(
        row=row.row,
        type=TYPES[row["type"]],
        account=row["account"],
        nominal=row["nominal"],
        date=day,
        reference=row["reference"],
        details=row["details"],
        net_pence=net,
        tax_code=int(code[1]),
        tax_pence=tax,
        extra_reference=row["extra_reference"],
    )


def _against_ledger(row: _Read, known: Known, settings: Sage50Settings) -> Iterator[Refusal]:
    """One row against the chart, the accounts, the tax codes and the dates that Sage takes."""

    def no(name: str, reason: str, rule: str) -> Refusal:
        return Refusal(row.row, BY_NAME[name].heading, reason, rule)

    if not row.net_pence and not row.tax_pence:
        yield no("net", "net and tax are both nothing", "amount")
    yield from _party(row, known, settings)
    yield from _nominal(row, known, settings)
    if settings.lock_date and row.date <= settings.lock_date:
        yield no("date", f"the ledger is locked to {settings.lock_date:%d/%m/%Y}", "lock_date")
    if settings.latest_date and row.date > settings.latest_date:
        yield no("date", f"Sage takes nothing after {settings.latest_date:%d/%m/%Y}", "latest_date")
    rate = known.tax_code(row.tax_code)
    if rate is None:
        yield no("tax_code", f"T{row.tax_code} is not set up in Sage", "tax_code")
    elif not rate and row.tax_pence:
        yield no("tax", f"T{row.tax_code} has no tax, and the row has", "tax")
    if row.type.is_journal and row.tax_code != settings.journal_tax_code:
        yield no("tax_code", f"a journal is posted on T{settings.journal_tax_code}", "tax_code")
    if not row.type.has_vat and row.tax_pence:
        yield no("tax", f"a {row.type.meaning} carries no tax", "tax")


def _party(row: _Read, known: Known, settings: Sage50Settings) -> Iterator[Refusal]:
    heading = BY_NAME["account"].heading
    if row.type.party == "customer":
        facts = known.customer(row.account)
        if facts.status != "active":
            yield Refusal(row.row, heading, f"customer {row.account} is {_told(facts.status)}", "account")
        elif facts.is_on_hold:
            yield Refusal(row.row, heading, f"customer {row.account} is on hold", "account")
    elif row.type.party == "supplier":
        words = "suppliers are not among the exported tables, so this row cannot be rehearsed"
        yield Refusal(row.row, heading, words, "account")
    elif row.type.party == "bank":
        yield from _bank(row.row, heading, row.account, known, settings)


def _nominal(row: _Read, known: Known, settings: Sage50Settings) -> Iterator[Refusal]:
    heading = BY_NAME["nominal"].heading
    if row.type.counterpart == "bank":
        yield from _bank(row.row, heading, row.nominal, known, settings)
        return
    status = known.account_status(row.nominal)
    if row.nominal in settings.control_accounts:
        words = f"{row.nominal} is a control account: a valid non-control nominal code must be entered"
        yield Refusal(row.row, heading, words, "control_account")
    elif status == "missing" or (status == "hidden" and settings.inactive_nominals == "refuse"):
        yield Refusal(row.row, heading, f"nominal {row.nominal} is {_told(status)}", "nominal")


def _bank(row: int, heading: str, code: str, known: Known, settings: Sage50Settings) -> Iterator[Refusal]:
    status = known.account_status(code)
    if code not in settings.bank_accounts:
        yield Refusal(row, heading, f"{code} is none of the setting bank_accounts", "bank")
    elif status == "missing" or (status == "hidden" and settings.inactive_nominals == "refuse"):
        yield Refusal(row, heading, f"bank {code} is {_told(status)}", "bank")


def _told(status: AccountStatus) -> str:
    return {"hidden": "inactive in Sage", "missing": "not in Sage", "active": "active"}[status]


def _unbalanced_journals(rows: Sequence[_Read]) -> Iterator[Refusal]:
    """The journal rows of one reference and date are one set, and a set must balance."""
    sets: dict[tuple[str, date], list[_Read]] = defaultdict(list)
    for row in rows:
        if row.type.is_journal:
            sets[(row.reference, row.date)].append(row)
    for (reference, day), members in sets.items():
        out = sum(row.net_pence if row.type.code == "JD" else -row.net_pence for row in members)
        if out:
            said = f"{'-' if out < 0 else ''}{abs(out) // 100}.{abs(out) % 100:02d}"
            words = (
                f"the journal {reference!r} of {day:%d/%m/%Y} is out of balance by {said} (debit less credit)"
            )
            yield Refusal(members[0].row, BY_NAME["net"].heading, words, "journal")


def _copies(rows: Sequence[_Read], known: Known, settings: Sage50Settings) -> Iterator[Refusal]:
    """What Sage would take a second time without a word: one of our keys, else a row alike in everything that shows."""
    keys = {key for row in rows if (key := _key(row, settings))}
    by_key: dict[tuple[str, str], TrailRow] = {}
    alike: dict[tuple[object, ...], TrailRow] = {}
    for there in known.trail_rows(keys, {row.date for row in rows}):
        for key in keys & {there.reference, there.extra_reference}:
            by_key.setdefault((there.type, key), there)
        alike.setdefault(_likeness(there.type, there), there)
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        key = _key(row, settings)
        heading = BY_NAME[settings.key_column if key else "reference"].heading
        found = by_key.get((row.type.code, key)) if key else alike.get(_likeness(row.type.code, row))
        if found:
            said = (
                f"{key} is" if key else "a row of the same type, account, nominal, date, words and figures is"
            )
            words = f"{said} in the audit trail already, as transaction {found.tran_number}"
            yield Refusal(row.row, heading, words, "duplicate")
        mine: tuple[object, ...] = (row.type.code, key, row.nominal, row.tax_code)
        mine = mine if key else _likeness(row.type.code, row)
        if mine in seen:
            yield Refusal(row.row, heading, f"row {seen[mine]} of this file is the same", "duplicate")
        seen.setdefault(mine, row.row)


def _key(row: _Read, settings: Sage50Settings) -> str:
    """Our key in the column that carries it; empty where the row is somebody else's."""
    text = row.extra_reference if settings.key_column == "extra_reference" else row.reference
    return text if KEY.fullmatch(text) else ""


def _likeness(code: str, row: _Read | TrailRow) -> tuple[object, ...]:
    """What Sage's own "possible duplicates" compares: type, details, account, nominal, date, reference, net, tax."""
    return (
        code,
        row.details,
        row.account,
        row.nominal,
        row.date,
        row.reference,
        row.net_pence,
        row.tax_pence,
    )
