"""What each mapping file may hold: the columns, how each is read, and why a value is refused.

A reader takes the trimmed text of one cell and gives its value, or raises ValueError saying what is wrong in
the words of whoever keeps the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestration.operations import mapping_tables as tables
from orchestration.operations.base import Base

Reader = Callable[[str], Any]

OUTSIDE_SCOPE = ("gift_card", "multi_purpose_voucher", "deposit", "tip", "cash_rounding")
"""Categories sold without VAT, as `dbt_project/macros/categories.sql` has them."""
OVER_SHORT = "cash_over_short"
"""What a closure counts over or short: its account is mapped like a category's, and nothing is sold under it."""


def text(longest: int, may_be_empty: bool = False) -> Reader:
    """Text of at most so many characters: Sage cuts or refuses longer ones."""

    def read(cell: str) -> str:
        if not cell and not may_be_empty:
            raise ValueError("is empty")
        if len(cell) > longest:
            raise ValueError(f"'{cell}' has {len(cell)} characters, at most {longest} fit")
        return cell

    return read


def one_of(*choices: str) -> Reader:
    """One of a closed set."""

    def read(cell: str) -> str:
        if cell not in choices:
            raise ValueError(f"'{cell}' is not one of {', '.join(choices)}")
        return cell

    return read


def whole(least: int, most: int) -> Reader:
    """A whole number within bounds."""

    def read(cell: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", cell):
            raise ValueError(f"'{cell}' is not a whole number")
        if not least <= int(cell) <= most:
            raise ValueError(f"{cell} is not between {least} and {most}")
        return int(cell)

    return read


def rate(cell: str) -> Decimal:
    """A percentage from 0 to 100 with at most three places."""
    try:
        value = Decimal(cell)
    except InvalidOperation:
        raise ValueError(f"'{cell}' is not a percentage such as 20 or 17.5") from None
    if not value.is_finite() or not 0 <= value <= 100 or value != round(value, 3):
        raise ValueError(f"'{cell}' is not a percentage from 0 to 100 with at most three decimals")
    return value.quantize(Decimal("0.001"))


def day(cell: str) -> date:
    """A calendar day, written YYYY-MM-DD so that no spreadsheet can swap day and month."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell):
        raise ValueError(f"'{cell}' is not a date written YYYY-MM-DD{_if_uk_form(cell)}")
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError(f"'{cell}' is not a day of the calendar") from None


def _if_uk_form(cell: str) -> str:
    """What to write where a day has UK form, as a spreadsheet leaves it: not taken by itself, for it may be US form."""
    try:
        meant = datetime.strptime(cell, "%d/%m/%Y").date()  # noqa: DTZ007  a calendar day has no zone
    except ValueError:
        return ""
    return f": write {meant.isoformat()} if {meant.day} {meant:%B %Y} is meant"


def day_or_open(cell: str) -> date | None:
    """A day, or empty: a last day until further notice, or what has not happened yet."""
    return day(cell) if cell else None


def zone(cell: str) -> str:
    """A time zone by its full name."""
    try:
        ZoneInfo(cell)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{cell}' is not a time zone such as Europe/London") from None
    return cell


def reference_pattern(cell: str) -> str:
    """A pattern with three groups (store, receipt number, ordinal), in the dialect RE2 and Python share."""
    return _pattern(cell, "store, receipt number, ordinal")


def _pattern(cell: str, groups_named: str) -> str:
    try:
        groups = re.compile(cell).groups
    except re.error as problem:
        raise ValueError(f"is not a regular expression: {problem}") from None
    if groups != 3:
        raise ValueError(f"has {groups} groups, needs three: {groups_named}")
    if re.search(r"\(\?[=!<]|\\[1-9]", cell):
        raise ValueError("looks ahead, looks behind or refers back, which the warehouse cannot do")
    return cell


def day_pattern(cell: str) -> str | None:
    """A pattern with three groups (store, date, till) of the documents that stand for a day, or empty for none."""
    return _pattern(cell, "store, date, till") if cell else None


def late_policy(cell: str) -> str:
    """What becomes of a document whose period is closed; dated today it would have another tax point than its sale."""
    if cell == "today":
        raise ValueError(
            "'today' is refused, for it would move the sale's tax point: original_date keeps the date and lets Sage "
            "put the document into the next open period, hold keeps it back"
        )
    return str(one_of("original_date", "hold")(cell))


def recipe(cell: str) -> str:
    """How a summary becomes documents; empty is the till customer."""
    return str(one_of("till_customer", "takings_clearing")(cell or "till_customer"))


def whole_or_open(least: int, most: int) -> Callable[[str], int | None]:
    """A whole number within bounds, or empty where nobody has said."""
    read = whole(least, most)
    return lambda cell: read(cell) if cell else None


def one_of_or(*choices: str) -> Reader:
    """One of a closed set; empty is the first of it."""
    read = one_of(*choices)
    return lambda cell: read(cell or choices[0])


def off(cell: str) -> None:
    """Posting cannot be turned on from a file."""
    if cell.lower() not in ("", "false", "no", "0"):
        raise ValueError("posting is turned on by its own command, with a name and a reason, never by a file")


@dataclass(frozen=True)
class MappingFile:
    """One file: its table, what identifies a row, and the reader of each column.

    `optional` columns may be left out: what the store has of a row stays, and a new row has the store's default.
    `ignored` columns are looked at and not kept. `retired` ones may still stand in a file, and are told to be read by
    nothing, with what is done instead.
    """

    name: str
    model: type[Base]
    key: tuple[str, ...]
    readers: dict[str, Reader]
    optional: frozenset[str] = frozenset()
    ignored: dict[str, Reader] = field(default_factory=dict)
    retired: dict[str, str] = field(default_factory=dict)

    @property
    def has_validity(self) -> bool:
        """Whether rows of one key may follow each other in time."""
        return "valid_from" in self.readers


COMPANY = {"company_id": text(20)}
VALIDITY: dict[str, Reader] = {"valid_from": day, "valid_to": day_or_open}
ACCOUNT = {"nominal_code": text(8), "cost_centre": text(3, True), "department": text(3, True)}
MINUTES_OF_A_DAY = 24 * 60

MAPPING_FILES: tuple[MappingFile, ...] = (
    MappingFile(
        "companies",
        tables.Company,
        (),
        {
            **COMPANY,
            "name": text(120),
            "currency": text(3),
            "ledger_kind": one_of("sage200", "sage50"),
            "suspense_nominal_code": text(8),
            "grace_hours": whole(0, 10_000),
            "late_policy": late_policy,
            "tax_rounding_cap_pence": whole(0, 100_000),
            "outside_scope_tax_code": whole_or_open(0, 9999),
            "match_tolerance_pence": whole_or_open(0, 10_000),
            "match_tolerance_days": whole_or_open(0, 31),
            "unallocated_after_days": whole_or_open(0, 3650),
            "sales_posted_as": one_of_or("invoice", "order"),
        },
        optional=frozenset(
            {
                *("outside_scope_tax_code", "match_tolerance_pence", "match_tolerance_days"),
                *("unallocated_after_days", "sales_posted_as"),
            }
        ),
        ignored={"posting_enabled": off},
        retired={"rounding_nominal_code": "map the category cash_rounding in nominal_mappings.csv"},
    ),
    MappingFile(
        "stores",
        tables.Store,
        ("store_id",),
        {
            **COMPANY,
            "store_id": text(20),
            "store_code": text(40),
            "name": text(120),
            "zone": zone,
            "day_cutoff_minutes": whole(0, MINUTES_OF_A_DAY - 1),
            "currency": text(3),
            "till_customer_reference": text(8),
            "cost_centre": text(3, True),
            "department": text(3, True),
            "tax_basis": one_of_or("given", "line", "receipt", "store_day"),
            "tax_rounding": one_of_or("half_up", "half_even", "truncate"),
            "price_basis": one_of_or("net", "gross", "gross_net_first"),
            "receipt_numbers": one_of_or("unknown", "per_till", "per_store"),
            "warehouse": text(20, True),
            **VALIDITY,
        },
        optional=frozenset({"tax_basis", "tax_rounding", "price_basis", "receipt_numbers", "warehouse"}),
    ),
    MappingFile(
        "tax_mappings",
        tables.TaxMapping,
        ("till_tax_code",),
        {**COMPANY, "till_tax_code": text(20), "tax_code": whole(0, 9999), "required_rate": rate, **VALIDITY},
    ),
    MappingFile(
        "nominal_mappings",
        tables.NominalMapping,
        ("category", "store_id"),
        {**COMPANY, "category": text(40), "store_id": text(20), **ACCOUNT, **VALIDITY},
    ),
    MappingFile(
        "tender_mappings",
        tables.TenderMapping,
        ("tender_type", "store_id"),
        {
            **COMPANY,
            "tender_type": text(20),
            "store_id": text(20),
            "bank_code": text(8, True),
            "settlement": one_of_or("bank", "account", "nominal"),
            "category": text(40, True),
            "till_tax_code": text(20, True),
            **VALIDITY,
        },
        optional=frozenset({"settlement", "category", "till_tax_code"}),
    ),
    MappingFile(
        "customer_mappings",
        tables.CustomerMapping,
        ("customer_no",),
        {**COMPANY, "customer_no": text(40), "customer_reference": text(8), **VALIDITY},
    ),
    MappingFile(
        "sku_mappings",
        tables.SkuMapping,
        ("sku",),
        {**COMPANY, "sku": text(60), "category": text(40), **VALIDITY},
    ),
    MappingFile(
        "writers_of_record",
        tables.WriterOfRecord,
        ("store_id",),
        {**COMPANY, "store_id": text(20), "writer": one_of("connector", "tillproof", "observe"), **VALIDITY},
    ),
    MappingFile(
        "store_grains",
        tables.StoreGrain,
        ("store_id",),
        {
            **COMPANY,
            "store_id": text(20),
            "grain": one_of("receipt", "till_day", "store_day"),
            "recipe": recipe,
            "clearing_bank_code": text(8, True),
            **VALIDITY,
        },
        optional=frozenset({"recipe", "clearing_bank_code"}),
    ),
    MappingFile(
        "cutovers",
        tables.Cutover,
        ("store_id",),
        {
            **COMPANY,
            "store_id": text(20),
            "cutover_date": day,
            "opening_balance_pence": whole_or_open(-(10**12), 10**12),
        },
        optional=frozenset({"opening_balance_pence"}),
    ),
    MappingFile(
        "connector_patterns",
        tables.ConnectorPattern,
        ("connector",),
        {
            **COMPANY,
            "connector": text(40),
            "pattern": reference_pattern,
            "retry_window_hours": whole(0, 10_000),
            "day_pattern": day_pattern,
        },
        optional=frozenset({"day_pattern"}),
    ),
    MappingFile(
        "vat_periods",
        tables.VatPeriod,
        (),
        {
            **COMPANY,
            "valid_from": day,
            "valid_to": day,
            "filed_on": day_or_open,
            "error_limit_pence": whole_or_open(0, 10**12),
        },
        optional=frozenset({"error_limit_pence"}),
    ),
    MappingFile(
        "period_overrides",
        tables.PeriodOverride,
        ("accounting_period_id",),
        {
            **COMPANY,
            "accounting_period_id": whole(0, 2**62),
            "period_state": one_of("open", "closed", "future"),
        },
    ),
)
