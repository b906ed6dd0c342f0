"""What people decided about meaning: companies, stores, mappings, who writes. One row per key and validity.

`valid_from` and `valid_to` are both days on which the row holds; no `valid_to` means until further notice.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, Date, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orchestration.operations.base import Base, Recorded, Thousandths


class Company(Recorded, Base):
    """A set of books. Posting is off until somebody turns it on by name and reason."""

    __tablename__ = "companies"
    __table_args__ = (UniqueConstraint("company_id"),)
    company_id: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    currency: Mapped[str] = mapped_column(String(3))
    ledger_kind: Mapped[str] = mapped_column(String(20))
    suspense_nominal_code: Mapped[str] = mapped_column(String(8))
    grace_hours: Mapped[int] = mapped_column(Integer)
    late_policy: Mapped[str] = mapped_column(String(20))
    tax_rounding_cap_pence: Mapped[int] = mapped_column(Integer)
    outside_scope_tax_code: Mapped[int | None] = mapped_column(Integer)
    match_tolerance_pence: Mapped[int | None] = mapped_column(Integer)
    match_tolerance_days: Mapped[int | None] = mapped_column(Integer)
    unallocated_after_days: Mapped[int | None] = mapped_column(Integer)
    sales_posted_as: Mapped[str] = mapped_column(String(20), default="invoice")
    posting_enabled: Mapped[bool] = mapped_column(Boolean, default=False)


class Store(Recorded, Base):
    """A shop: where its takings go, in which zone and from what hour its day begins, and how its tills round VAT."""

    __tablename__ = "stores"
    __table_args__ = (UniqueConstraint("company_id", "store_id", "valid_from"),)
    company_id: Mapped[str] = mapped_column(String(20))
    store_id: Mapped[str] = mapped_column(String(20))
    store_code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    zone: Mapped[str] = mapped_column(String(60))
    day_cutoff_minutes: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    till_customer_reference: Mapped[str] = mapped_column(String(8))
    cost_centre: Mapped[str] = mapped_column(String(3))
    department: Mapped[str] = mapped_column(String(3))
    tax_basis: Mapped[str] = mapped_column(String(20), default="given")
    tax_rounding: Mapped[str] = mapped_column(String(20), default="half_up")
    price_basis: Mapped[str] = mapped_column(String(20), default="net")
    receipt_numbers: Mapped[str] = mapped_column(String(20), default="unknown")
    warehouse: Mapped[str] = mapped_column(String(20), default="")
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class TaxMapping(Recorded, Base):
    """What a till's tax letter means in Sage, and the rate that code must then have."""

    __tablename__ = "tax_mappings"
    __table_args__ = (UniqueConstraint("company_id", "till_tax_code", "valid_from"),)
    company_id: Mapped[str] = mapped_column(String(20))
    till_tax_code: Mapped[str] = mapped_column(String(20))
    tax_code: Mapped[int] = mapped_column(Integer)
    required_rate: Mapped[Decimal] = mapped_column(Thousandths)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class NominalMapping(Recorded, Base):
    """Which account a category goes to; a row for one store beats the row for any (`*`)."""

    __tablename__ = "nominal_mappings"
    __table_args__ = (UniqueConstraint("company_id", "category", "store_id", "valid_from"),)
    company_id: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(40))
    store_id: Mapped[str] = mapped_column(String(20))
    nominal_code: Mapped[str] = mapped_column(String(8))
    cost_centre: Mapped[str] = mapped_column(String(3))
    department: Mapped[str] = mapped_column(String(3))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class TenderMapping(Recorded, Base):
    """Which Sage bank account a tender is received into, always a clearing bank; or that it goes on account, or gives
    back what was sold under a category: then a tax code too, where VAT was due when that was sold.
    """

    __tablename__ = "tender_mappings"
    __table_args__ = (UniqueConstraint("company_id", "tender_type", "store_id", "valid_from"),)
    company_id: Mapped[str] = mapped_column(String(20))
    tender_type: Mapped[str] = mapped_column(String(20))
    store_id: Mapped[str] = mapped_column(String(20))
    bank_code: Mapped[str] = mapped_column(String(8))
    settlement: Mapped[str] = mapped_column(String(20), default="bank")
    category: Mapped[str] = mapped_column(String(40), default="")
    till_tax_code: Mapped[str] = mapped_column(String(20), default="")
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class CustomerMapping(Recorded, Base):
    """Whose account in Sage a customer number of the tills is; for sales on account and their payment."""

    __tablename__ = "customer_mappings"
    __table_args__ = (UniqueConstraint("company_id", "customer_no", "valid_from"),)
    company_id: Mapped[str] = mapped_column(String(20))
    customer_no: Mapped[str] = mapped_column(String(40))
    customer_reference: Mapped[str] = mapped_column(String(8))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class SkuMapping(Recorded, Base):
    """A SKU whose category is not simply its Sage product group: carriage, vouchers, fees."""

    __tablename__ = "sku_mappings"
    __table_args__ = (UniqueConstraint("company_id", "sku", "valid_from"),)
    company_id: Mapped[str] = mapped_column(String(20))
    sku: Mapped[str] = mapped_column(String(60))
    category: Mapped[str] = mapped_column(String(40))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class WriterOfRecord(Recorded, Base):
    """Who posts a store's receipts, by business date. No row means nobody: observe."""

    __tablename__ = "writers_of_record"
    __table_args__ = (UniqueConstraint("company_id", "store_id", "valid_from"),)
    company_id: Mapped[str] = mapped_column(String(20))
    store_id: Mapped[str] = mapped_column(String(20))
    writer: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class StoreGrain(Recorded, Base):
    """At which grain a store is posted, by business date. No row means each receipt by itself.

    `recipe` is how a summary becomes documents; a receipt's own is the only one there is for receipts.
    `clearing_bank_code` is the bank that `takings_clearing` takes a day through; empty for `till_customer`.
    """

    __tablename__ = "store_grains"
    __table_args__ = (UniqueConstraint("company_id", "store_id", "valid_from"),)
    company_id: Mapped[str] = mapped_column(String(20))
    store_id: Mapped[str] = mapped_column(String(20))
    grain: Mapped[str] = mapped_column(String(20))
    recipe: Mapped[str] = mapped_column(String(20), default="till_customer")
    clearing_bank_code: Mapped[str] = mapped_column(String(8), default="")
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class Cutover(Recorded, Base):
    """The first business date we may ever post for a store."""

    __tablename__ = "cutovers"
    __table_args__ = (UniqueConstraint("company_id", "store_id"),)
    company_id: Mapped[str] = mapped_column(String(20))
    store_id: Mapped[str] = mapped_column(String(20))
    cutover_date: Mapped[date] = mapped_column(Date)
    # not landed: no model judges by it
    opening_balance_pence: Mapped[int | None] = mapped_column(BigInteger)


class ConnectorPattern(Recorded, Base):
    """How the incumbent connector writes the receipt into Sage's reference, and how long it retries."""

    __tablename__ = "connector_patterns"
    __table_args__ = (UniqueConstraint("company_id", "connector"),)
    company_id: Mapped[str] = mapped_column(String(20))
    connector: Mapped[str] = mapped_column(String(40))
    pattern: Mapped[str] = mapped_column(Text)
    day_pattern: Mapped[str | None] = mapped_column(Text)
    retry_window_hours: Mapped[int] = mapped_column(Integer)


class VatPeriod(Recorded, Base):
    """A VAT period of the company, and the day on which its return was filed; none: it is not filed yet.

    `error_limit_pence` is the net error that corrections may bring this return to, where it is not the policy's.
    """

    __tablename__ = "vat_periods"
    __table_args__ = (UniqueConstraint("company_id", "valid_from"),)
    company_id: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date] = mapped_column(Date)
    filed_on: Mapped[date | None] = mapped_column(Date)
    error_limit_pence: Mapped[int | None] = mapped_column(BigInteger)


class PeriodOverride(Recorded, Base):
    """Finance's own word on a period, over what Sage answers."""

    __tablename__ = "period_overrides"
    __table_args__ = (UniqueConstraint("company_id", "accounting_period_id"),)
    company_id: Mapped[str] = mapped_column(String(20))
    accounting_period_id: Mapped[int] = mapped_column(BigInteger)
    period_state: Mapped[str] = mapped_column(String(20))
