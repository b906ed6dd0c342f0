"""Which till-days carry which fault: drawn from the seed, one fault to a store-day, only where it can show."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from sandbox.scenario.connector_reading import Phase
from sandbox.scenario.planting import transposed
from sandbox.scenario.sage50.days import CASH, Row, TillDay, is_kept_by_the_gate

FAULTS = Path(__file__).with_name("faults.csv")
LOCKED_TO = date(2010, 12, 31)
LEAST_TAX_PENCE = 100


def quotas(phase: Phase) -> dict[str, int]:
    """How many of each fault a phase plants, in the order they are drawn."""
    with FAULTS.open(encoding="utf-8", newline="") as file:
        return {row["fault"]: int(row[phase]) for row in csv.DictReader(file)}


def largest(rows: Sequence[Row], tax_code: int | None = None) -> Row | None:
    """The sale of the greatest net, of a tax code where one is given."""
    fits = [row for row in rows if row.type == "SI" and tax_code in (None, row.tax_code)]
    return max(fits, key=lambda row: (row.net_pence, row.nominal), default=None)


def _is_plain(day: TillDay) -> bool:
    return day.is_readable and day.has_only_what_an_import_takes and largest(day.rows) is not None


def _is_open(day: TillDay) -> bool:
    return _is_plain(day) and day.day > LOCKED_TO


def _is_all_postable(day: TillDay) -> bool:
    return _is_open(day) and not any(is_kept_by_the_gate(*member) for member in day.members)


def _has_cash_and_more(day: TillDay) -> bool:
    banks = {row.nominal for row in day.rows if row.type in ("SA", "SP")}
    return _is_open(day) and any(bank.startswith(CASH) for bank in banks) and len(banks) > 1


def _has_vat_to_lose(day: TillDay) -> bool:
    row = largest(day.rows, 1)
    return _is_open(day) and row is not None and row.tax_pence >= LEAST_TAX_PENCE


def _can_be_transposed(day: TillDay) -> bool:
    row = largest(day.rows)
    return _is_open(day) and row is not None and transposed(row.net_pence) != row.net_pence


def _has_refunds(day: TillDay) -> bool:
    return _is_open(day) and any(row.type == "SC" for row in day.rows)


def _can_be_a_journal(day: TillDay) -> bool:
    """Only sales and what was paid for them: a journal row has no sign."""
    return _is_all_postable(day) and _has_vat_to_lose(day) and {row.type for row in day.rows} == {"SI", "SA"}


WHERE: dict[str, Callable[[TillDay], bool]] = {
    "day_missing": _is_open,
    "day_missing_closed": lambda day: _is_plain(day) and day.day <= LOCKED_TO,
    "cash_missing": _has_cash_and_more,
    "day_twice": _is_open,
    "vat_lost": _has_vat_to_lose,
    "amount_changed": _can_be_transposed,
    "refunds_forgotten": _has_refunds,
    "other_till": _is_open,
    "journal_t9": _can_be_a_journal,
    "journalled_day": _can_be_a_journal,
    "never_traded": _is_open,
    "to_suspense": _is_open,
}


def choose(days: Sequence[TillDay], *, seed: int, quota: dict[str, int]) -> dict[str, str]:
    """Till-day's name -> fault. No two faults on one store-day, which stays free of any other oddity too."""
    tills: dict[tuple[str, date], int] = {}
    odd = set()
    for day in days:
        tills[day.slot] = tills.get(day.slot, 0) + 1
        if not day.is_readable:
            odd.add(day.slot)
    ordered = sorted(days, key=lambda day: _whole(f"{seed}|{day.name}"))
    chosen: dict[str, str] = {}
    taken = set(odd)
    for fault, wanted in quota.items():
        planted = 0
        for day in ordered:
            if planted == wanted:
                break
            if day.slot not in taken and WHERE[fault](day) and (fault != "other_till" or tills[day.slot] > 1):
                chosen[day.name] = fault
                taken.add(day.slot)
                planted += 1
    return chosen


def _whole(text: str) -> int:
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "big")
