"""How one Sage 50 company is met: files go in by its import screen and come out as exported tables.

What no public source confirms of Sage 50 is a setting here, never an assumption.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DATE_FORMATS = {"DD/MM/YYYY": "%d/%m/%Y", "DDMMYYYY": "%d%m%Y", "DDMMYY": "%d%m%y", "YYYY-MM-DD": "%Y-%m-%d"}
DateFormat = Literal["DD/MM/YYYY", "DDMMYYYY", "DDMMYY"]
Encoding = Literal["windows-1252", "ascii"]


class Sage50Settings(BaseModel):
    """Files, widths, accounts and dates of one Sage 50 company."""

    model_config = ConfigDict(extra="forbid")

    export_folder: Path = Field(
        default=Path("sage50/export"),
        description="Where the exported tables lie, as `AUDIT_HEADER.csv` and so on; relative to home.",
    )
    import_folder: Path = Field(
        default=Path("sage50/import"),
        description="Where import files and their sheets are written; relative to home.",
    )

    encoding: Encoding = Field(default="windows-1252", description="Of import files.")
    date_format: DateFormat = Field(default="DD/MM/YYYY", description="Of dates in import files.")
    has_header_row: bool = Field(
        default=True, description="Whether import files begin with the column names."
    )
    reference_length: int = Field(
        default=30, ge=8, le=30, description="Width of Reference; old versions cut it at 8 to 10."
    )
    extra_reference_length: int = Field(
        default=30, ge=8, le=60, description="Width of Extra Reference, which carries the posting key."
    )
    key_column: Literal["extra_reference", "reference"] = Field(
        default="extra_reference", description="Which of the two carries the posting key of 20 characters."
    )
    user_name: str = Field(default="TILLPROOF", max_length=32, description="Of imported rows.")
    departments: dict[str, int] = Field(
        default={}, description="Department number of each store; 0 where none is named."
    )
    canary: bool = Field(
        default=True, description="Whether the first file holds one document until that is read back."
    )
    rows_per_file: int = Field(default=5000, ge=1, description="The most rows one import file holds.")

    lock_date: date | None = Field(
        default=None, description="The ledger lock date: nothing dated to it or before is written."
    )
    latest_date: date | None = Field(default=None, description="The last date Sage takes, where it has one.")
    financial_year_start_month: int = Field(default=4, ge=1, le=12, description="Month the year begins with.")
    inactive_nominals: Literal["refuse", "take"] = Field(
        default="refuse", description="Whether an import may post to an inactive account: not confirmed."
    )
    journal_tax_code: int = Field(default=9, ge=0, le=99, description="The tax code of journals: T9.")
    outside_scope_tax_code: int = Field(
        default=9, ge=0, le=99, description="The tax code of receipts and payments on account: T9."
    )
    debtors_account: str = "1100"
    creditors_account: str = "2100"
    vat_accounts: tuple[str, ...] = ("2200", "2201", "2202")
    suspense_accounts: tuple[str, ...] = ("9998", "9999")
    bank_accounts: tuple[str, ...] = Field(
        default=("1200", "1210", "1220", "1230", "1235", "1240", "1250"),
        description="Nominal codes that are bank, cash or card accounts: receipts and payments go through them.",
    )

    export_encoding: Encoding = Field(
        default="windows-1252",
        description="Of exported tables; a file that is plainly UTF-8 is read as that.",
    )
    export_date_format: Literal["DD/MM/YYYY", "YYYY-MM-DD"] = Field(
        default="DD/MM/YYYY", description="Of dates in exported tables; a time of day after it is left out."
    )
    cleared_to: date | None = Field(
        default=None,
        description="The audit trail was cleared to this date: rows to it that an export lacks are kept.",
    )
    largest_vanished_percent: int = Field(
        default=10,
        ge=0,
        le=100,
        description="An export that lacks more of the rows landed before is refused: it was cut short.",
    )

    @property
    def control_accounts(self) -> frozenset[str]:
        """Accounts that Sage posts to by itself and an import may not name."""
        return frozenset({self.debtors_account, self.creditors_account, *self.vat_accounts})
