"""A till that exports sales a second time under new numbers: the same lines, times and tenders, sold once.

One file of S02 with five receipts of the fortnight, of two lines or more each. The connector does not look at it.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

FOLDER, STEM = "S02", "2011-08-30_renumbered"
FIRST_DIGIT = "4"  # of a new number; no receipt of the data begins so
REPEATED = 5
SENT_AT = datetime(2011, 8, 30, 22, 0, tzinfo=UTC)


def renumbered(receipt_no: str) -> str:
    """The number under which a receipt comes again."""
    return FIRST_DIGIT + receipt_no[1:]


def write_repeated(inbox: Path) -> int:
    """Write sales and tenders of the chosen receipts once more; returns how many files."""
    head, lines = _rows(inbox, "sales")
    tender_head, tenders = _rows(inbox, "tenders")
    by_receipt: dict[str, list[list[str]]] = {}
    for row in lines:
        by_receipt.setdefault(row[2], []).append(row)
    chosen = [number for number, rows in sorted(by_receipt.items()) if _is_plain(rows)][::2][:REPEATED]
    _write(inbox, "sales", head, [row for number in chosen for row in by_receipt[number]])
    _write(inbox, "tenders", tender_head, [row for row in tenders if row[2] in chosen])
    return 2


def _is_plain(rows: Sequence[Sequence[str]]) -> bool:
    """A sale of two to nine lines in one minute, in the store's own name, of what everybody knows."""
    return (
        2 <= len(rows) < 10
        and len({row[4] for row in rows}) == 1
        and all(row[0] == FOLDER and row[3] == "SALE" for row in rows)
        and all(row[7].isdecimal() and row[10] in ("S", "Z") and Decimal(row[9]) > 0 for row in rows)
    )


def _rows(inbox: Path, table: str) -> tuple[list[str], list[list[str]]]:
    """The header and every row of the store's hourly files from 19 to 29 August."""
    head: list[str] = []
    rows: list[list[str]] = []
    for path in sorted((inbox / FOLDER).glob(f"{table}_2011-08-[12][0-9]_[0-9][0-9].csv")):
        with path.open(encoding="utf-8", newline="") as file:
            head, *more = csv.reader(file)
            rows += more if path.name > f"{table}_2011-08-19" else []
    return head, rows


def _write(inbox: Path, table: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    path = inbox / FOLDER / f"{table}_{STEM}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([*row[:2], renumbered(row[2]), *row[3:]] for row in rows)
    os.utime(path, (SENT_AT.timestamp(), SENT_AT.timestamp()))
