"""Bodies as a client would send them, for the shop in tests/sandbox/seed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.company import SageCompany

SEED = Path(__file__).parent / "seed"
AT = datetime(2011, 2, 1, 10)  # noqa: DTZ001 - naive UTC, as everywhere
JANUARY, DECEMBER, MARCH = "2011-01-05T00:00:00Z", "2010-12-31T00:00:00Z", "2011-03-02T00:00:00Z"
SITE = "0c7e5d4e-66a2-4f0c-9c55-3b1f6f3f7a01"


def new_company(path: Path) -> SageCompany:
    return SageCompany.create(path, SEED, site_id=SITE, company_id=7, company_name="North & South")


def sale(company: SageCompany, **changes: Any) -> dict[str, Any]:
    """Goods 10.00 (6.00 gifts, 4.00 books) and VAT 2.00; the body of an invoice or a credit note."""
    body = {
        "customer_id": company.customer_id("NORTH"),
        "transaction_date": JANUARY,
        "reference": "R1",
        "second_reference": "N01 R1",
        "document_goods_value": Decimal("10.00"),
        "document_tax_value": Decimal("2.00"),
        "tax_analysis_items": [
            {"id": company.tax_code_id(1), "goods_amount": Decimal("10.00"), "tax_amount": Decimal("2.00")}
        ],
        "nominal_analysis_items": [
            {"code": "4000", "cost_centre": "N01", "value": Decimal("6.00"), "narrative": "gifts"},
            {"code": "4010", "cost_centre": "N01", "value": Decimal("4.00"), "narrative": "books"},
        ],
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def sale_on(company: SageCompany, code: str, cost_centre: str = "N01", **changes: Any) -> dict[str, Any]:
    """The same sale, wholly on one nominal."""
    item = {"code": code, "cost_centre": cost_centre, "value": Decimal("10.00")}
    return sale(company, nominal_analysis_items=[item], **changes)


def money(company: SageCompany, **changes: Any) -> dict[str, Any]:
    """12.00 in cash; the body of a sales receipt or payment."""
    return {
        "customer_id": company.customer_id("NORTH"),
        "bank_id": company.bank_id("CASHN"),
        "cheque_value": Decimal("12.00"),
        "transaction_date": JANUARY,
        "reference": "R1-1",
        **changes,
    }


def till_difference(company: SageCompany, **changes: Any) -> dict[str, Any]:
    """1.20 gross with 0.20 VAT; the body of a bank receipt or payment."""
    item = {
        "code": "4990",
        "cost_centre": "N01",
        "gross_value": Decimal("1.20"),
        "tax_value": Decimal("0.20"),
        "tax_code_id": company.tax_code_id(1),
    }
    return {
        "bank_id": company.bank_id("CASHN"),
        "transaction_date": JANUARY,
        "reference": "Z1",
        "nominal_analysis_items": [item],
        **changes,
    }


def jsonable(body: Any) -> Any:
    """The same body with plain JSON numbers."""
    if isinstance(body, dict):
        return {name: jsonable(value) for name, value in body.items()}
    if isinstance(body, list):
        return [jsonable(value) for value in body]
    return float(body) if isinstance(body, Decimal) else body
