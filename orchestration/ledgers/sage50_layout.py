"""What an audit-trail import file is made of: its columns in Sage's default order, and its transaction types.

Widths and order: makingithappen "audittrans", the import template's texts, and table widths of the ODBC driver.
Types: Sage knowledge base 200427112357427 "What can I import". [docs/sage50.md says which of it is confirmed.]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Content = Literal["text", "code", "date", "amount", "number", "tax_code", "rate"]
Party = Literal["customer", "supplier", "bank", "none"]
Counterpart = Literal["nominal", "bank"]
MOST_POUNDS = 99_999_999  # eight digits before the point
KEY = re.compile(r"TP[0-9A-HJKMNP-TV-Z]{13}[A-Z][0-9]{3}[PX]")
"""The shape of a posting key, by which a row of ours is told from everybody else's."""


@dataclass(frozen=True)
class Column:
    """One column of the import file: `length` is Sage's widest, `required` what no row may leave empty."""

    name: str
    heading: str
    length: int
    content: Content
    required: bool = False


COLUMNS: tuple[Column, ...] = (
    Column("type", "Type", 2, "code", required=True),
    Column("account", "Account Reference", 8, "code"),
    Column("nominal", "Nominal A/C Ref", 8, "code", required=True),
    Column("department", "Department Code", 3, "number"),
    Column("date", "Date", 10, "date", required=True),
    Column("reference", "Reference", 30, "text"),
    Column("details", "Details", 60, "text"),
    Column("net", "Net Amount", 11, "amount", required=True),
    Column("tax_code", "Tax Code", 3, "tax_code", required=True),
    Column("tax", "Tax Amount", 11, "amount", required=True),
    Column("exchange_rate", "Exchange Rate", 12, "rate"),
    Column("extra_reference", "Extra Reference", 30, "text"),
    Column("user_name", "User Name", 32, "text"),
    Column("project", "Project Refn", 8, "code"),
    Column("cost_code", "Cost Code Refn", 8, "code"),
)
BY_NAME = {column.name: column for column in COLUMNS}
LEAST_COLUMNS = 10  # up to Tax Amount; what follows may be left out of a file


@dataclass(frozen=True)
class ImportType:
    """A transaction type: whose account its second column names, and what its third must be.

    `is_journal` rows must balance among themselves; `has_vat` rows may carry tax.
    """

    code: str
    meaning: str
    party: Party
    counterpart: Counterpart = "nominal"
    is_journal: bool = False
    has_vat: bool = True


TYPES: dict[str, ImportType] = {
    one.code: one
    for one in (
        ImportType("SI", "sales invoice", "customer"),
        ImportType("SC", "sales credit", "customer"),
        ImportType("SA", "sales receipt on account", "customer", "bank", has_vat=False),
        ImportType("SP", "sales payment (refund)", "customer", "bank", has_vat=False),
        ImportType("PI", "purchase invoice", "supplier"),
        ImportType("PC", "purchase credit", "supplier"),
        ImportType("PA", "purchase payment on account", "supplier", "bank", has_vat=False),
        ImportType("PR", "purchase refund receipt", "supplier", "bank", has_vat=False),
        ImportType("BP", "bank payment", "bank"),
        ImportType("BR", "bank receipt", "bank"),
        ImportType("CP", "cash payment", "bank"),
        ImportType("CR", "cash receipt", "bank"),
        ImportType("VP", "credit card payment", "bank"),
        ImportType("VR", "credit card receipt", "bank"),
        ImportType("JD", "journal debit", "none", is_journal=True, has_vat=False),
        ImportType("JC", "journal credit", "none", is_journal=True, has_vat=False),
    )
}

NOT_IMPORTED: dict[str, str] = {
    "SR": "Sage imports no allocated receipt: write it as SA and allocate it in Sage",
    "SD": "Sage imports no sales discount: write it as SC",
    "PP": "Sage imports no allocated payment: write it as PA and allocate it in Sage",
    "PD": "Sage imports no purchase discount: write it as PC",
}
