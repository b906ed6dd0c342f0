"""What the incumbent connector makes of the till files: its own reading, by file name and by header.

It reads money and tax as printed and never looks at quantities, so a quantity nobody can read does not stop it;
that it saw one is remembered, because whoever judges must know that we cannot have read it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from defusedxml import ElementTree

Phase = Literal["catch_up", "fortnight"]
PERIOD = {"catch_up": r"\d{4}-\d{2}", "fortnight": r"\d{4}-\d{2}-\d{2}_\d{2}"}
STORES = {"S01": "S01", "S02": "S02", "BR3": "S03", "BR4": "S04", "S05": "S05"}
READABLE_QUANTITY = re.compile(r"-?\d+")

COMMA = {
    "store": "Store", "till": "Till", "no": "ReceiptNo", "kind": "Kind", "at": "SoldAt", "sku": "SKU", "qty": "Qty",
    "net": "Net", "letter": "TaxCode", "rate": "TaxRate", "tax": "Tax", "tender_no": "TenderNo", "tender": "Tender",
    "amount": "Amount", "tax_class": "TaxCode",
}  # fmt: skip
SEMICOLON = {
    "store": "Branch", "till": "Register", "no": "Receipt", "kind": "Type", "at": "When", "sku": "Item",
    "qty": "Quantity", "net": "NetValue", "letter": "VATCode", "rate": "VATPercent", "tax": "VATValue",
    "tender_no": "Line", "tender": "Method", "amount": "Value", "tax_class": "VATCode",
}  # fmt: skip


class SoldLine(NamedTuple):
    """One printed line; pence signed as printed, the rate in tenths of a percent."""

    sku: str
    net_pence: int
    tax_pence: int
    letter: str
    rate_tenths: int


class Tendered(NamedTuple):
    """One tender of a receipt; pence negative where money went back."""

    number: int
    tender_type: str
    pence: int


@dataclass(slots=True)
class Receipt:
    """One till document. `store_id` is the connector's name for the store, or the printed one it does not know."""

    store_id: str
    till_id: str
    receipt_no: str
    kind: str
    completed_at: datetime
    is_store_known: bool
    lines: list[SoldLine] = field(default_factory=list)
    tenders: list[Tendered] = field(default_factory=list)
    has_unreadable_quantity: bool = False

    @property
    def gross_pence(self) -> int:
        return sum(line.net_pence + line.tax_pence for line in self.lines)


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


def read_zero_rated_skus(inbox: Path) -> frozenset[str]:
    """SKUs, folded, that the tills' product lists call zero-rated: books, to this connector."""
    found = set()
    for path in sorted(inbox.glob("*/products.csv")):
        for row in _rows(path):
            if row["tax_class"] == "Z":
                found.add(row["sku"].strip().upper())
    for path in sorted(inbox.glob("*/products.xml")):
        for product in ElementTree.parse(path).getroot():
            if product.get("taxCode") == "Z":
                found.add(str(product.get("sku")).strip().upper())
    return frozenset(found)


def _files(inbox: Path, table: str, phase: Phase) -> list[Path]:
    name = re.compile(rf"{table}_{PERIOD[phase]}\.(csv|xml)")
    return sorted(path for path in inbox.glob(f"*/{table}_*") if name.fullmatch(path.name))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of one CSV under the connector's own field names."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline().strip()
        delimiter, names = (";", SEMICOLON) if ";" in head else (",", COMMA)
        columns = head.split(delimiter)
        ours = [(field_name, columns.index(column)) for field_name, column in names.items() if column in columns]
        for cells in csv.reader(file, delimiter=delimiter):
            yield {field_name: cells[position] for field_name, position in ours}


def _read_lines(path: Path, receipts: dict[str, Receipt]) -> None:
    for row in _rows(path):
        receipt = _receipt_of(receipts, row["store"], row["till"], row["no"], row["kind"])
        receipt.completed_at = max(receipt.completed_at, _moment(row["at"]))
        receipt.lines.append(
            SoldLine(
                row["sku"].strip().upper(), pence(row["net"]), pence(row["tax"]), row["letter"], pence(row["rate"])
            )
        )
        if not READABLE_QUANTITY.fullmatch(row["qty"]):
            receipt.has_unreadable_quantity = True


def _read_tenders(path: Path, receipts: dict[str, Receipt]) -> None:
    for row in _rows(path):
        receipts[row["no"]].tenders.append(Tendered(int(row["tender_no"]), row["tender"], pence(row["amount"])))


def _read_xml(path: Path, receipts: dict[str, Receipt]) -> None:
    root = ElementTree.parse(path).getroot()
    for element in root:
        receipt = _receipt_of(
            receipts, str(root.get("store")), element.get("till"), element.get("no"), element.get("kind")
        )
        for child in element:
            cell = child.attrib
            if child.tag == "Line":
                receipt.completed_at = max(receipt.completed_at, _moment(cell["soldAt"]))
                sku = cell["sku"].strip().upper()
                receipt.lines.append(
                    SoldLine(sku, pence(cell["net"]), pence(cell["tax"]), cell["taxCode"], pence(cell["taxRate"]))
                )
                if not READABLE_QUANTITY.fullmatch(cell["qty"]):
                    receipt.has_unreadable_quantity = True
            else:
                receipt.tenders.append(Tendered(int(cell["no"]), cell["type"], pence(cell["amount"])))


def _receipt_of(receipts: dict[str, Receipt], store: str, till: str, number: str, kind: str) -> Receipt:
    receipt = receipts.get(number)
    if receipt is None:
        receipt = Receipt(STORES.get(store, store), till, number, kind, datetime.min, store in STORES)
        receipts[number] = receipt
    return receipt


def pence(text: str) -> int:
    """`-12.05` as -1205; also `17.5` as 175: the digits without the point."""
    return int(text.replace(".", ""))


@lru_cache(maxsize=65536)
def _moment(text: str) -> datetime:
    if "/" in text:
        return datetime(int(text[6:10]), int(text[3:5]), int(text[0:2]), int(text[11:13]), int(text[14:16]))
    return datetime.fromisoformat(text)
