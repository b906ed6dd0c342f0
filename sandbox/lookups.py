"""What a posting looks up: chart, accounts, tax codes, periods, settings; read once per state of the file."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from sandbox.refusals import against_the_rules, invalid, unknown

HIDDEN = "AccountStatusHidden"
ACTIVE = "AccountStatusActive"
MODULES = {"LedgerSales": "sales", "LedgerCashBook": "cash_book", "LedgerNominal": "nominal"}

DEFAULT_SETTINGS = {
    "hidden_nominal": "accept",  # accept | refuse; not documented either way (sage200.md §4.2)
    "hidden_account": "accept",  # customers and banks: accept | refuse
    "unknown_nominal": "refuse",  # refuse | suspense
    "closed_period_classification": "Acceptable",  # or Unacceptable, which refuses
    "future_period_classification": "Acceptable",
    "update_nominal_online": "true",
    "sop_auto_number": "false",  # true: Sage numbers orders and passes over a document_no that is given
    "sop_unique_numbers": "false",  # whether a document_no is taken twice; not documented
    "sop_vat": "line",  # line | tax_code: what an order's VAT is rounded by; not documented
    "sop_price_decimals": "5",  # decimals of a unit price that count; not documented
    "sop_invoice_key": "second_reference",  # where the customer's order number goes on the invoice; not documented
    "next_urn": "1",
}


class Nominal(NamedTuple):
    nominal_id: int
    is_posting: bool
    is_hidden: bool


class Customer(NamedTuple):
    reference: str
    default_nominal_reference: str
    default_tax_code_id: int | None
    is_hidden: bool


class Bank(NamedTuple):
    code: str
    nominal_id: int
    is_hidden: bool


class Period(NamedTuple):
    period_id: int
    start_date: str
    end_date: str
    states: dict[str, str]  # module -> Open, Closed, Future


@dataclass
class Lookups:
    """One consistent reading; thrown away as soon as the file changes under it."""

    nominals: dict[tuple[str, str, str], Nominal]
    controls: dict[str, int]
    customers: dict[int, Customer]
    customer_ids: dict[str, int]
    banks: dict[int, Bank]
    bank_ids: dict[str, int]
    tax_codes: dict[int, int]
    tax_code_ids: dict[int, int]
    periods: list[Period]
    settings: dict[str, str]
    resolved: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)

    def control(self, name: str) -> int:
        """The nominal of a control account, for example `DebtorsControl`."""
        found = self.controls.get(control_key(name))
        if found is None:
            raise against_the_rules(f"The default nominal account {name} has not been set.")
        return found

    def customer(self, customer_id: int) -> Customer:
        found = self.customers.get(customer_id)
        if found is None:
            raise unknown(f"customer with id {customer_id}")
        if found.is_hidden and self.settings["hidden_account"] == "refuse":
            raise against_the_rules(f"The customer account {found.reference} is hidden.")
        return found

    def bank(self, bank_id: int) -> Bank:
        found = self.banks.get(bank_id)
        if found is None:
            raise unknown(f"bank with id {bank_id}")
        if found.is_hidden and self.settings["hidden_account"] == "refuse":
            raise against_the_rules(f"The bank account {found.code} is hidden.")
        return found

    def tax_code(self, tax_code_id: int) -> int:
        if tax_code_id not in self.tax_codes:
            raise unknown(f"tax code with id {tax_code_id}")
        return tax_code_id

    def nominal(self, key: tuple[str, str, str], hidden_nominal: str | None = None) -> int:
        """The account for a code, cost centre and department that an analysis item names. Raises Refused."""
        found = self.nominals.get(key)
        if found is None:
            if self.settings["unknown_nominal"] == "suspense":
                return self.control("Suspense")
            raise unknown(f"nominal account {account_name(key)}")
        if not found.is_posting:
            raise against_the_rules(f"The nominal account {account_name(key)} is not a posting account.")
        if found.is_hidden and (hidden_nominal or self.settings["hidden_nominal"]) == "refuse":
            raise against_the_rules(f"The nominal account {account_name(key)} is hidden and cannot be used.")
        return found.nominal_id

    def period_of(self, document_date: str) -> Period:
        """The accounting period that contains a date. Raises Refused when no financial year does."""
        for period in self.periods:
            if period.start_date <= document_date <= period.end_date:
                return period
        raise invalid(f"The date {document_date} is not in any accounting period.")

    def accounting_period(self, module: str, document_date: str) -> tuple[int, bool]:
        """(period the nominal lines belong to, whether they are deferred) for a document (sage200.md §4.4).

        Closed in the ledger or in the nominal ledger: the next period open in both, or refused by setting.
        Future in either: the document's own period, deferred until it is opened.
        """
        key = (module, document_date)
        if key not in self.resolved:
            self.resolved[key] = self._resolve(module, document_date)
        return self.resolved[key]

    def _resolve(self, module: str, document_date: str) -> tuple[int, bool]:
        own = self.period_of(document_date)
        state = combined_state(own, module)
        if state == "Open":
            return own.period_id, False
        if self.settings[f"{state.lower()}_period_classification"] == "Unacceptable":
            raise against_the_rules(f"The date {document_date} is in a {state.lower()} period.")
        if state == "Future":
            return own.period_id, True
        later = [p for p in self.periods if p.start_date > own.start_date]
        for wanted in ("Open", "Future"):
            for period in later:
                if combined_state(period, module) == wanted:
                    return period.period_id, wanted == "Future"
        raise against_the_rules("There is no open period to post to.")


def combined_state(period: Period, module: str) -> str:
    """A document needs its own ledger's period and the nominal ledger's."""
    states = {period.states[MODULES[module]], period.states["nominal"]}
    return next(state for state in ("Closed", "Future", "Open") if state in states)


def account_name(key: tuple[str, str, str]) -> str:
    return "/".join(part for part in key if part)


@cache
def control_key(name: str) -> str:
    """`DefaultVATOutput`, `VATOutput`, `VAT output` are one account: no string is confirmed (§4.2)."""
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    return letters.removeprefix("default").removesuffix("control")


def read_settings(connection: sqlite3.Connection) -> dict[str, str]:
    return DEFAULT_SETTINGS | dict(connection.execute("select key, value from settings"))


def read_lookups(connection: sqlite3.Connection) -> Lookups:
    """Everything a posting looks up, in one reading."""
    rows = connection.execute
    nominals = {
        (reference, cost_centre, department): Nominal(nominal_id, kind == "Posting", status == HIDDEN)
        for nominal_id, reference, cost_centre, department, kind, status in rows(
            "select id, reference, cost_centre, department, nominal_account_type, account_status_type"
            " from nominal_codes"
        )
    }
    controls = {
        control_key(name): nominals[account, "", ""].nominal_id
        for name, account in rows(
            "select control_nominal_code_type, account_number from control_nominal_codes"
        )
        if (account, "", "") in nominals
    }
    customers = {
        row[0]: Customer(row[1], row[2], row[3], row[4] == HIDDEN)
        for row in rows(
            "select id, reference, default_nominal_reference, default_tax_code_id, account_status_type"
            " from customers"
        )
    }
    banks = {
        row[0]: Bank(row[1], row[2], row[3] == HIDDEN)
        for row in rows("select id, code, nominal_id, account_status_type from banks")
    }
    tax_codes = dict(rows("select id, code from tax_codes").fetchall())
    periods = [
        Period(row[0], row[1], row[2], {"sales": row[3], "cash_book": row[4], "nominal": row[5]})
        for row in rows(
            "select id, start_date, end_date, sales_state, cash_book_state, nominal_state"
            " from periods order by start_date"
        )
    ]
    return Lookups(
        nominals=nominals,
        controls=controls,
        customers=customers,
        customer_ids={customer.reference: customer_id for customer_id, customer in customers.items()},
        banks=banks,
        bank_ids={bank.code: bank_id for bank_id, bank in banks.items()},
        tax_codes=tax_codes,
        tax_code_ids={code: tax_code_id for tax_code_id, code in tax_codes.items()},
        periods=periods,
        settings=read_settings(connection),
    )
