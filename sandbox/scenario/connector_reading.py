"""What the incumbent connector makes of the till files: its own reading, by file name and by header.

It reads money and tax as printed and never looks at quantities, so a quantity nobody can read does not stop
it; that it saw one is remembered, because whoever judges must know that we cannot have read it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Literal, NamedTuple
from xml.parsers import expat

from sandbox.scenario.repeated_sales import STEM

Phase = Literal["catch_up", "fortnight"]
PERIOD: dict[Phase, str] = {"catch_up": r"\d{4}-\d{2}", "fortnight": r"\d{4}-\d{2}-\d{2}_\d{2}"}
TWO_DAYS = timedelta(days=2)
BEFORE_ALL = datetime.fromisoformat("2000-01-01")
STORES = {"S01": "S01", "S02": "S02", "BR3": "S03", "BR4": "S04", "S05": "S05"}

COMMA = {
    "store": "Store",
    "till": "Till",
    "no": "ReceiptNo",
    "kind": "Kind",
    "at": "SoldAt",
    "sku": "SKU",
    "qty": "Qty",
    "net": "Net",
    "letter": "TaxCode",
    "rate": "TaxRate",
    "tax": "Tax",
    "tender_no": "TenderNo",
    "tender": "Tender",
    "amount": "Amount",
    "tip": "Tip",
    "tax_class": "TaxCode",
    "z": "ZNo",
    "day": "BusinessDate",
    "cash": "Cash",
    "counted": "CountedCash",
}
SEMICOLON = {
    "store": "Branch",
    "till": "Register",
    "no": "Receipt",
    "kind": "Type",
    "at": "When",
    "sku": "Item",
    "qty": "Quantity",
    "net": "NetValue",
    "letter": "VATCode",
    "rate": "VATPercent",
    "tax": "VATValue",
    "tender_no": "Line",
    "tender": "Method",
    "amount": "Value",
    "tip": "Tip",
    "tax_class": "VATCode",
    "z": "ZNumber",
    "day": "TradingDate",
    "cash": "CashTotal",
    "counted": "CashCounted",
}


class SoldLine(NamedTuple):
    """One printed line; pence signed as printed, the rate in tenths of a percent."""

    sku: str
    net_pence: int
    tax_pence: int
    letter: str
    rate_tenths: int


class Tendered(NamedTuple):
    """One tender of a receipt; pence negative where money went back, the tip in them."""

    number: int
    tender_type: str
    pence: int
    tip_pence: int = 0


@dataclass(slots=True)
class Receipt:
    """One till document. `store_id` is the connector's name for the store, or the printed one it does not
    know.
    """

    store_id: str
    till_id: str
    receipt_no: str
    kind: str
    completed_at: datetime
    is_store_known: bool
    lines: list[SoldLine] = field(default_factory=list)
    tenders: list[Tendered] = field(default_factory=list)
    has_unreadable_quantity: bool = False
    late_in: datetime | None = None  # the hour of its file, where that is of a day at least two after its own

    gross_pence: int = 0

    def add(self, line: SoldLine, sold_at: datetime, quantity: str) -> None:
        """One more line; the receipt is complete with its latest."""
        self.lines.append(line)
        self.gross_pence += line.net_pence + line.tax_pence
        self.completed_at = max(self.completed_at, sold_at)
        if not _is_whole(quantity):
            self.has_unreadable_quantity = True


class Counted(NamedTuple):
    """A till's closure, and what its drawer was over (short below nought) against what it says it took."""

    store_id: str
    till_id: str
    closure_no: int
    day: date
    over_pence: int


def read_counted(inbox: Path) -> list[Counted]:
    """Every closure that counted other cash than it took, in the order of store, till and number; no XML is read."""
    found = {
        Counted(STORES[store], till, int(number), _moment(day).date(), pence(counted) - pence(cash))
        for path in inbox.glob("*/closures_*.csv")
        for store, till, number, day, cash, counted in _rows(
            path, "store", "till", "z", "day", "cash", "counted"
        )
    }
    return sorted(one for one in found if one.over_pence)


def read_receipts(inbox: Path, phase: Phase) -> list[Receipt]:
    """Every receipt of the phase's files, oldest first; files under any other name are not looked at."""
    receipts: dict[str, Receipt] = {}
    for path in _files(inbox, "sales", phase):
        _read_lines(path, receipts)
    for path in _files(inbox, "tenders", phase):
        _read_tenders(path, receipts)
    for path in _files(inbox, "receipts", phase):
        _read_xml(path, receipts)
    return sorted(receipts.values(), key=lambda receipt: (receipt.completed_at, receipt.receipt_no))


def read_repeated(inbox: Path) -> list[Receipt]:
    """Receipts that a till exported again under new numbers; nobody posts them."""
    receipts: dict[str, Receipt] = {}
    for path in sorted(inbox.glob(f"*/sales_{STEM}.csv")):
        _read_lines(path, receipts)
    for path in sorted(inbox.glob(f"*/tenders_{STEM}.csv")):
        _read_tenders(path, receipts)
    return sorted(receipts.values(), key=lambda receipt: receipt.receipt_no)


def read_zero_rated_skus(inbox: Path) -> frozenset[str]:
    """SKUs, folded, that the tills' product lists call zero-rated: books, to this connector."""
    found: set[str] = set()
    for path in sorted(inbox.glob("*/products.csv")):
        found.update(
            sku.strip().upper() for sku, tax_class in _rows(path, "sku", "tax_class") if tax_class == "Z"
        )
    for path in sorted(inbox.glob("*/products.xml")):
        found.update(
            _folded(product["sku"]) for _, product in _elements(path) if product.get("taxCode") == "Z"
        )
    return frozenset(found)


def _files(inbox: Path, table: str, phase: Phase) -> list[Path]:
    name = re.compile(rf"{table}_{PERIOD[phase]}\.(csv|xml)")
    return sorted(path for path in inbox.glob(f"*/{table}_*") if name.fullmatch(path.name))


def _rows(path: Path, *wanted: str) -> Iterator[tuple[str, ...]]:
    """The rows of one CSV, cut to the wanted fields under the connector's own names for them."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline().strip()
        delimiter, names = (";", SEMICOLON) if ";" in head else (",", COMMA)
        columns = head.split(delimiter)
        if columns != [""]:
            cut = itemgetter(*(columns.index(names[field_name]) for field_name in wanted))
            yield from map(cut, csv.reader(file, delimiter=delimiter))


def _read_lines(path: Path, receipts: dict[str, Receipt]) -> None:
    fields = ("store", "till", "no", "kind", "at", "sku", "qty", "net", "tax", "letter", "rate")
    named = re.search(r"_(\d{4}-\d{2}-\d{2}_\d{2})\.csv$", path.name)
    written = datetime.strptime(named.group(1), "%Y-%m-%d_%H") if named else None  # noqa: DTZ007  as the till's clock
    for store, till, number, kind, at, sku, quantity, net, tax, letter, rate in _rows(path, *fields):
        receipt = receipts.get(number) or _new_receipt(receipts, store, till, number, kind)
        line = SoldLine(_folded(sku), pence(net), pence(tax), letter, pence(rate))
        receipt.add(line, _moment(at), quantity)
        if written and receipt.completed_at < written - TWO_DAYS:
            receipt.late_in = written


def _read_tenders(path: Path, receipts: dict[str, Receipt]) -> None:
    fields = ("no", "tender_no", "tender", "amount", "tip")
    for number, tender_no, tender_type, amount, tip in _rows(path, *fields):
        tendered = Tendered(int(tender_no), tender_type, pence(amount), pence(tip or "0"))
        receipts[number].tenders.append(tendered)


def _elements(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Every element's name and attributes in the order they open; ValueError for a file that declares any."""
    found: list[tuple[str, dict[str, str]]] = []

    def declared(*_: object) -> None:
        raise ValueError(f"{path.name} declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, cells: found.append((tag, cells))
    parser.EntityDeclHandler = declared
    parser.Parse(path.read_bytes(), True)
    return found


def _read_xml(path: Path, receipts: dict[str, Receipt]) -> None:
    (_, root), *elements = _elements(path)
    number = ""
    for tag, cell in elements:
        if tag == "Receipt":
            number = cell["no"]
            _new_receipt(receipts, root["store"], cell["till"], number, cell["kind"])
        elif tag == "Line":
            line = SoldLine(
                _folded(cell["sku"]),
                pence(cell["net"]),
                pence(cell["tax"]),
                cell["taxCode"],
                pence(cell["taxRate"]),
            )
            receipts[number].add(line, _moment(cell["soldAt"]), cell["qty"])
        else:
            tendered = Tendered(
                int(cell["no"]), cell["type"], pence(cell["amount"]), pence(cell.get("tip", "0"))
            )
            receipts[number].tenders.append(tendered)


def _new_receipt(receipts: dict[str, Receipt], store: str, till: str, number: str, kind: str) -> Receipt:
    receipt = Receipt(STORES.get(store, store), till, number, kind, BEFORE_ALL, store in STORES)
    receipts[number] = receipt
    return receipt


@lru_cache(maxsize=65536)
def pence(text: str) -> int:
    """`-12.05` as -1205; also `17.5` as 175: the digits without the point."""
    return int(text.replace(".", ""))


@lru_cache(maxsize=65536)
def _folded(sku: str) -> str:
    return sku.strip().upper()


@lru_cache(maxsize=65536)
def _is_whole(quantity: str) -> bool:
    return quantity.removeprefix("-").isdecimal()


@lru_cache(maxsize=65536)
def _moment(text: str) -> datetime:
    if "/" in text:
        day, month, year_and_clock = text.split("/", 2)
        text = f"{year_and_clock[:4]}-{month}-{day}{year_and_clock[4:]}"
    return datetime.fromisoformat(text)
