"""Resources that are not tables: settings, lists of enums, the user, and whether a date may be used."""

from __future__ import annotations

from typing import Any

from sandbox import shapes
from sandbox.bodies import read_body
from sandbox.lookups import MODULES, Lookups
from sandbox.reads_nominal import ACCOUNT_STATUSES
from sandbox.reads_sales import TRADER_TRANSACTION_TYPES
from sandbox.refusals import Refused, invalid, missing

LEDGER_TYPES = tuple(
    f"Ledger{name}"
    for name in (
        "NotSpecified",
        "Sales",
        "Purchase",
        "Nominal",
        "Payroll",
        "ProjectCosting",
        "StockControl",
        "SOP",
        "POP",
        "BOM",
        "CashBook",
        "FixedAssets",
        "Invoicing",
        "Retail",
    )
)
ENUMS = {
    "ledger_types": LEDGER_TYPES,
    "trader_transaction_types": TRADER_TRANSACTION_TYPES,
    "account_status_types": ACCOUNT_STATUSES,
}


def enum(values: tuple[str, ...]) -> list[dict[str, Any]]:
    """The lookup payload of every `*_types` resource (§2)."""
    return [{"id": number, "description": value, "value": value} for number, value in enumerate(values)]


def system_settings(lookups: Lookups, next_urn: int) -> dict[str, Any]:
    settings = lookups.settings
    return {
        "id": 1,
        "next_urn": str(next_urn),
        "number_open_periods": int(settings.get("number_open_periods", "20")),
        "update_nominal_online": settings["update_nominal_online"] != "false",
        "use_cost_centre_breakdown": settings.get("use_cost_centre_breakdown", "false") == "true",
        "use_additional_trans_analysis": False,
        "accounting_period_validation_type": settings.get("accounting_period_validation_type", "Acceptable"),
        "transaction_date_validation": {
            "id": 1,
            "transaction_date_validation_type": "Period",
            "closed_period_classification": settings["closed_period_classification"],
            "future_period_classification": settings["future_period_classification"],
        },
    }


def nominal_ledger_settings() -> dict[str, Any]:
    return {
        "id": 1,
        "allow_additional_trans_analysis": False,
        "is_consolidation_enabled": False,
        "keep_nominal_transactions": True,
        "months_to_keep_transactions": 36,
        "use_expanded_budgets": False,
    }


def current_user(user_name: str) -> dict[str, Any]:
    return {"id": 1, "user_name": user_name, "name": user_name}


def validate_date(lookups: Lookups, body: dict[str, Any]) -> dict[str, str]:
    """Normal in an open period of that ledger, else as the company's settings say (§4.4). Raises Refused."""
    values = read_body(shapes.DATE_TO_VALIDATE, body)
    if "date" not in values:
        raise missing("date")
    module = MODULES.get(values["ledger_type"])
    if module is None:
        if values["ledger_type"] not in LEDGER_TYPES:
            raise invalid(f"The ledger type {values['ledger_type']} is not valid.")
        module = "nominal"
    try:
        period = lookups.period_of(values["date"])
    except Refused as refused:
        return {"classification": "Unacceptable", "message": refused.message}
    state = period.states[module]
    if state == "Open":
        return {"classification": "Normal", "message": ""}
    return {
        "classification": lookups.settings[f"{state.lower()}_period_classification"],
        "message": f"The date is in a {state.lower()} accounting period.",
    }
