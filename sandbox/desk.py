"""What the server holds while it runs, and what it does with one request once it has been let in."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.responses import Response

from sandbox import shapes
from sandbox.auth import TokenDesk, identity
from sandbox.bodies import read_body
from sandbox.catalogue import Resource
from sandbox.clock import SandboxClock
from sandbox.company import SageCompany
from sandbox.faults import ALLOCATIONS, ORDERS, Fault, FaultBoard, Request, Struck
from sandbox.odata import parse_query
from sandbox.options import Options
from sandbox.reading import ReadPool, count, one, pages
from sandbox.refusals import Refused, invalid
from sandbox.replies import LostReply, collection_reply, object_reply, refusal_reply

DOCUMENTS = (
    "sales_invoices",
    "sales_credit_notes",
    "sales_receipts",
    "sales_payments",
    "bank_receipt",
    "bank_payment",
    "bank_transfer",
)
GHOST_ORDER = 999_999


class Unauthorized(Exception):  # noqa: N818 - Sage's answer: 401 with an empty body
    """No good token, or the wrong site or company."""


class Struckdown(Exception):  # noqa: N818
    """A fault ended the request before anything was done."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault


class Desk:
    """One company, open for business over HTTP."""

    def __init__(self, path: Path, options: Options) -> None:
        self.options = options
        self.company = SageCompany.open(path)
        self.pool = ReadPool(path)
        with self.pool.connection() as connection:
            self.site_id, self.company_id, self.company_name = identity(connection)
        self.tokens = TokenDesk(
            path,
            client_id=options.client_id,
            client_secret=options.client_secret,
            user_name=options.user_name,
            life_s=options.token_life_s,
        )
        self.tokens.refuses_early_refresh = options.refuse_early_refresh
        self.clock = SandboxClock(self.company, options.clock, options.tick_ms)
        self.faults = FaultBoard(list(options.faults))
        self.requests: Counter[str] = Counter()
        self._posting = threading.Lock()

    def close(self) -> None:
        self.pool.close()
        self.tokens.close()
        self.company.close()

    # -- who is asking --------------------------------------------------------------------------------------

    def admit(self, headers: Mapping[str, str], *, is_company_call: bool = True) -> str:
        """The user name behind a request. Raises Unauthorized (§1, §10.1)."""
        user_name = self.tokens.user_of(headers.get("authorization", ""))
        if user_name is None:
            raise Unauthorized
        if is_company_call:
            site, company = headers.get("x-site", ""), headers.get("x-company", "")
            if site.lower() != self.site_id.lower() or company != str(self.company_id):
                raise Unauthorized
        return user_name

    def strike(self, request: Request) -> Struck:
        """Let the faults at a request. Raises Struckdown or Unauthorized where one ends it at once."""
        self.requests[f"{request.method} {request.resource}"] += 1
        if self.options.latency_ms:
            time.sleep(self.options.latency_ms / 1000)
        struck = self.faults.strike(request)
        for fault in struck.going_on:
            if fault.kind == "slow":
                time.sleep(fault.delay_ms / 1000)
            elif fault.kind == "hide_nominal":
                self._hide(fault)
        ending = struck.ending
        if ending is None:
            return struck
        if ending.kind == "token_expired":
            self.tokens.expire_access_tokens()
            raise Unauthorized
        if ending.kind in ("lock", "throttled", "gateway_timeout_before_commit", "server_error"):
            raise Struckdown(ending)
        return struck

    def _hide(self, fault: Fault) -> None:
        reference, cost_centre, department = [*fault.nominal.split("/"), "", ""][:3]
        self.company.set_nominal_status(
            reference, cost_centre, department, "AccountStatusHidden", at=self.clock.peek()
        )

    # -- reading --------------------------------------------------------------------------------------------

    def read(
        self, resource: Resource, params: Mapping[str, str], parent: tuple[str, int] | None = None
    ) -> Response:
        """A collection. Raises Refused for a query outside the subset."""
        query = parse_query(
            resource, params, default_top=self.options.default_top, greatest_top=self.options.greatest_top
        )
        total = count(self.pool, resource, query, parent=parent) if query.wants_count else None
        blocks = pages(self.pool, resource, query, parent=parent)
        return collection_reply(blocks, is_wrapped=self.options.wrap, count=total)

    def read_one(self, resource: Resource, row_id: int, params: Mapping[str, str]) -> Response:
        """One row. Raises Refused (404) when there is none."""
        shown = {name: params[name] for name in ("$select", "$expand") if name in params}
        query = parse_query(resource, shown, default_top=1, greatest_top=1)
        row = one(self.pool, resource, row_id, query.columns)
        if row is None:
            raise not_found(f"{resource.name}/{row_id}")
        return Response(row, media_type="application/json; charset=utf-8")

    # -- posting --------------------------------------------------------------------------------------------

    def post_document(self, resource: str, raw: bytes, user_name: str) -> Response:
        """Take one document, as the faults allow. Raises Refused, Struckdown, Unauthorized."""
        body = parse_body(raw)
        struck = self.strike(self._request(resource, body))
        hidden = None
        if struck.has("accept_hidden_nominal"):
            hidden = "accept"
        elif struck.has("refuse_hidden_nominal"):
            hidden = "refuse"

        def book() -> int:
            for fault in struck.going_on:
                if fault.kind == "another_was_first":
                    self._post_for_another(resource, body, fault)
            return self.company.post(
                resource,
                body,
                user_name=user_name,
                posted_at=self.clock.tick(),
                divert_to_suspense=struck.has("to_suspense"),
                deferred=struck.has("deferred"),
                hidden_nominal=hidden,
            )

        return self._taken(struck, book)

    def _post_for_another(self, resource: str, body: Mapping[str, Any], fault: Fault) -> None:
        """The same document by somebody else, whom nobody asked."""
        theirs = {**body, "reference": fault.their_reference}
        at = self.clock.tick()
        self.company.post(resource, theirs, user_name=fault.their_name, posted_at=at)

    def post_allocation(self, raw: bytes, user_name: str) -> Response:
        """Take one allocation, as the faults allow. Raises Refused, Struckdown, Unauthorized."""
        body = parse_body(raw)
        struck = self.strike(self._request(ALLOCATIONS, body))
        return self._taken(
            struck, lambda: self.company.allocate(body, user_name=user_name, posted_at=self.clock.tick())
        )

    def post_order(self, raw: bytes, user_name: str) -> Response:
        """Take one sales order, as the faults allow. Raises Refused, Struckdown, Unauthorized."""
        body = parse_body(raw)
        struck = self.strike(self._request(ORDERS, body))
        if struck.ending is not None and struck.ending.kind == "ghost_success":
            return object_reply({"id": GHOST_ORDER, "document_no": body.get("document_no", "")})
        taken: dict[str, Any] = {}

        def keep() -> int:
            taken.update(self.company.order(body, user_name=user_name, posted_at=self.clock.tick()))
            return 0

        return self._taken(struck, keep, lambda _: object_reply(taken))

    def _taken(
        self, struck: Struck, book: Callable[[], int], reply: Callable[[int], Response] | None = None
    ) -> Response:
        """What is answered once it is in the books; with a ghost success nothing is."""
        reply = reply or self._urn_reply
        ending = struck.ending
        if ending is not None and ending.kind == "ghost_success":
            return reply(self.company.consume_urn())
        with self._posting:  # so that stamps rise with URNs
            urn = book()
        if ending is None:
            return reply(urn)
        if ending.kind == "lost_reply":
            return LostReply()
        return refusal_reply(ending.refusal(), ending.body)

    def put_queried(self, transaction_id: int, raw: bytes) -> Response:
        """The one thing that can be changed about a posted transaction (§3). Raises Refused."""
        body = parse_body(raw)
        self.strike(Request("PUT", "sales_posted_transactions"))
        if set(body) != {"queried"}:
            raise invalid("Only the field queried of a posted transaction can be changed.")
        values = read_body(shapes.QUERIED, body)
        try:
            with self._posting:
                self.company.set_queried(transaction_id, values["queried"], at=self.clock.tick())
        except Refused as refused:
            raise not_found(f"sales_posted_transactions/{transaction_id}") from refused
        return object_reply({"id": transaction_id, "queried": values["queried"]})

    def _request(self, resource: str, body: Mapping[str, Any]) -> Request:
        lookups = self.company.lookups()
        accounts = []
        customer = lookups.customers.get(body.get("customer_id", -1))
        if customer:
            accounts.append(customer.reference)
        for name in ("bank_id", "bank_from_id", "bank_to_id"):
            bank = lookups.banks.get(body.get(name, -1))
            if bank:
                accounts.append(bank.code)
        reference = body.get("reference", body.get("customer_document_no", ""))
        return Request("POST", resource, True, tuple(accounts), str(reference))

    def _urn_reply(self, urn: int) -> Response:
        padded = self.options.urn_format == "padded"
        return object_reply({"urn": f"00101{urn:07d}" if padded else str(urn)})


def not_found(what: str) -> Refused:
    return Refused(404, "SageRecordNotFoundException", f"There is no {what}.")


def parse_body(raw: bytes) -> dict[str, Any]:
    """A JSON object with its decimals exact. Raises Refused."""
    try:
        body = json.loads(raw, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise invalid("The request body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object.")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
