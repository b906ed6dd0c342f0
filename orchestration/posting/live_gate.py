"""The gate at the moment of sending: what Sage says now of everything the document touches.

A publication is minutes or hours old; an account may have been hidden, a period closed, a customer put on
hold since. Answers are kept for a few seconds, because a batch of one store asks the same thing a thousand
times: `max_age_s` is how long Sage may have changed its mind without us noticing before the read-back does.
A failure is a hold with its reason, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from orchestration.ledgers.ledger import Document, Ledger, LedgerType, orders_of
from orchestration.operations import Operations
from orchestration.posting.documents import CUSTOMER_KINDS, Payload
from orchestration.posting.holds import Hold


class LiveGate:
    """Asks the ledger, remembering each answer for a moment."""

    def __init__(
        self, ledger: Ledger, operations: Operations, clock: Callable[[], datetime], max_age_s: float
    ):
        self._ledger = ledger
        self._operations = operations
        self._clock = clock
        self._max_age = timedelta(seconds=max_age_s)
        self._answers: dict[Hashable, tuple[datetime, Any]] = {}

    def hold(self, payload: Payload) -> Hold | None:
        """The first thing in Sage against sending it; raises LedgerUnavailableError when Sage is silent."""
        document = payload.document
        return (
            self._customer(document)
            or self._bank(document)
            or self._nominals(document)
            or self._tax_codes(document)
            or self._period(payload)
            or self._order(document)
        )

    def _ask(self, question: Hashable, ask: Callable[[], Any]) -> Any:
        now = self._clock()
        kept = self._answers.get(question)
        if kept and now - kept[0] < self._max_age:
            return kept[1]
        answer = ask()
        self._answers[question] = (now, answer)
        return answer

    def _customer(self, document: Document) -> Hold | None:
        reference = document.customer_reference
        if not reference:
            return None
        facts = self._ask(("customer", reference), lambda: self._ledger.customer(reference))
        if facts.status != "active":
            return Hold("customer_not_open", f"customer {reference} is {facts.status}")
        if facts.is_on_hold:
            return Hold("customer_not_open", f"customer {reference} is on hold")
        return None

    def _bank(self, document: Document) -> Hold | None:
        for code in (document.bank_code, document.to_bank_code):
            status = self._ask(("bank", code), partial(self._ledger.bank_status, code)) if code else "active"
            if status != "active":
                return Hold("bank_not_open", f"bank {code} is {status}")
        return None

    def _nominals(self, document: Document) -> Hold | None:
        for account in sorted(
            {(line.nominal_code, line.cost_centre, line.department) for line in document.nominal_lines}
        ):
            status = self._ask(("nominal", account), partial(self._ledger.nominal_status, *account))
            if status != "active":
                return Hold("nominal_not_open", f"nominal {'/'.join(account).rstrip('/')} is {status}")
        return None

    def _tax_codes(self, document: Document) -> Hold | None:
        for code in sorted({line.tax_code for line in document.tax_lines}):
            rate = self._ask(("tax", code), partial(self._ledger.tax_code, code))
            if rate is None:
                return Hold("tax_code_changed", f"tax code {code} is missing")
            required = self._ask(
                ("required", document.company_id, code, document.document_date),
                partial(self._operations.required_rates, document.company_id, code, document.document_date),
            )
            if required and rate not in required:
                wanted = " or ".join(str(one.normalize()) for one in sorted(required))
                return Hold("tax_code_changed", f"tax code {code} has {rate}%, it must have {wanted}%")
        return None

    def _order(self, document: Document) -> Hold | None:
        """Whether Sage would take a sales order as it is; asked last, for it asks of every product."""
        if not document.is_order:
            return None
        ledger = orders_of(self._ledger)
        if ledger is None:
            return Hold("order_not_takeable", "orders are not set up: sage200.sop_order_numbers is unset")
        problem = ledger.order_problem(document)
        return Hold("order_not_takeable", problem) if problem else None

    def _period(self, payload: Payload) -> Hold | None:
        """Sage puts a document into its date's period if open, else into the next open one: expect the same.

        Where the proposal expects a later period than the date's own, the date's own must still be shut.
        """
        document, expected = payload.document, payload.expected_period_start
        day = document.document_date
        is_late = expected is not None and expected > day
        state = self._state(document, day)
        if is_late and expected is not None:
            if state == "open":
                return Hold("period_not_open", f"the period of {day} is open again; {expected} was expected")
            day, state = expected, self._state(document, expected)
        return None if state == "open" else Hold("period_not_open", f"the period of {day} is {state}")

    def _state(self, document: Document, day: date) -> str:
        in_sales = document.document_kind in CUSTOMER_KINDS
        ledger: LedgerType = "LedgerSales" if in_sales else "LedgerCashBook"
        state = self._ask(("period", ledger, day), lambda: self._ledger.period_state(day, ledger))
        return str(state)
