"""Faults that can be switched on while the sandbox runs; each fires a settled number of times, in order.

A fault is a JSON object (or `kind:key=value,…` on the command line): what kind, how often, and which requests
it waits for. Nothing is random: the same requests meet the same faults.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sandbox.refusals import Refused

READS_AND_POSTS = ("throttled", "gateway_timeout_before_commit", "server_error", "slow", "token_expired")
POSTS_ONLY = (
    "lock",  # refused: a person has the account open; status and wording vary
    "gateway_timeout_after_commit",  # 504, but it was saved
    "lost_reply",  # saved, and the connection closed without a byte
    "error_but_saved",  # an error reply, but it was saved
    "ghost_success",  # 200 with a URN, and nothing saved
)
DOCUMENTS_ONLY = (
    "accept_hidden_nominal",
    "refuse_hidden_nominal",
    "to_suspense",
    "deferred",
    "hide_nominal",  # an account is closed just before this post is considered
    "another_was_first",  # somebody else posts the very same under `their_reference`, just before this one is taken
)
KINDS = READS_AND_POSTS + POSTS_ONLY + DOCUMENTS_ONLY
ALLOCATIONS, ORDERS = "sales_allocations", "sop_orders"
GO_ON = ("slow", *DOCUMENTS_ONLY)

LOCK_WORDINGS = (
    "The account is locked by another user.",
    "The customer account is currently in use by SAGEUSER1.",
    "The record is being edited by another user. Please try again later.",
    "The account is already open by user FINANCE on workstation ACCOUNTS-02.",
    "Record changed by another user.",
)
LOCK_STATUSES = (400, 409, 423)


class BadFault(ValueError):  # noqa: N818 - said to whoever switched it on
    """A fault that cannot be understood."""


@dataclass
class Fault:
    """One fault. None in a condition means any; `count` None means until it is removed."""

    kind: str
    count: int | None = None  # how many requests it still strikes
    after: int = 0  # matching requests it lets pass first
    method: str | None = None
    resource: str | None = None
    account: str | None = None  # customer reference or bank code in the body
    reference: str | None = None  # how the body's reference starts
    status: int | None = None  # lock, server_error, error_but_saved
    message: str | None = None
    body: str = "json"  # json | empty | text: what an error reply looks like
    retry_after_s: int | None = None  # throttled: the Retry-After header, none if None
    delay_ms: int = 1000  # slow
    nominal: str = ""  # hide_nominal: code/cost centre/department
    their_reference: str = ""  # another_was_first
    their_name: str = "CONNECTOR"  # another_was_first
    struck: int = field(default=0)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadFault(f"there is no fault '{self.kind}'; there are {', '.join(KINDS)}")
        if self.body not in ("json", "empty", "text"):
            raise BadFault(f"the body of a fault is json, empty or text, not '{self.body}'")
        if self.kind == "another_was_first" and not self.their_reference:
            raise BadFault("another_was_first needs their_reference: what the other calls the document")

    def matches(self, request: Request) -> bool:
        """Whether this fault waits for such a request."""
        if self.kind in POSTS_ONLY + DOCUMENTS_ONLY and not request.is_posting:
            return False
        if self.kind in DOCUMENTS_ONLY and request.resource in (ALLOCATIONS, ORDERS):
            return False
        return (
            self.method in (None, request.method)
            and self.resource in (None, request.resource)
            and (self.account is None or self.account in request.accounts)
            and (self.reference is None or request.reference.startswith(self.reference))
        )

    def refusal(self) -> Refused:
        """What a fault that ends a request says."""
        if self.kind == "lock":
            status = self.status or LOCK_STATUSES[(self.struck - 1) % len(LOCK_STATUSES)]
            wording = self.message or LOCK_WORDINGS[(self.struck - 1) % len(LOCK_WORDINGS)]
            return Refused(status, "SageRecordLockedException", wording)
        if self.kind == "throttled":
            return Refused(429, "TooManyRequests", self.message or "Rate limit is exceeded. Try again later.")
        if self.kind.startswith("gateway_timeout"):
            return Refused(504, "GatewayTimeout", self.message or "The gateway did not receive a response.")
        return Refused(
            self.status or 500, "SageAccountingException", self.message or "An unexpected error has occurred."
        )

    def headers(self) -> dict[str, str]:
        if self.kind == "throttled" and self.retry_after_s is not None:
            return {"Retry-After": str(self.retry_after_s)}
        return {}

    def shown(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Request:
    """What a fault can see of a request."""

    method: str
    resource: str
    is_posting: bool = False
    accounts: tuple[str, ...] = ()
    reference: str = ""


@dataclass
class Struck:
    """The faults that struck one request: some change how it is booked, at most one ends it."""

    going_on: list[Fault] = field(default_factory=list)
    ending: Fault | None = None

    def has(self, kind: str) -> bool:
        return any(fault.kind == kind for fault in self.going_on)


class FaultBoard:
    """The faults switched on, in order. Safe for threads."""

    def __init__(self, faults: list[Fault] | None = None) -> None:
        self._lock = threading.Lock()
        self._faults = list(faults or [])

    def replace(self, faults: list[Fault]) -> None:
        with self._lock:
            self._faults = list(faults)

    def add(self, faults: list[Fault]) -> None:
        with self._lock:
            self._faults.extend(faults)

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.shown() for fault in self._faults]

    def strike(self, request: Request) -> Struck:
        """Which faults this request meets, each used up by one; after the first that ends it, none is."""
        struck = Struck()
        with self._lock:
            for fault in self._faults:
                if fault.count == 0 or not fault.matches(request):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.struck += 1
                if fault.count is not None:
                    fault.count -= 1
                if fault.kind not in GO_ON:
                    struck.ending = fault
                    break
                struck.going_on.append(fault)
        return struck


NUMBERS = {"count", "after", "status", "retry_after_s", "delay_ms"}
NAMES = {one.name for one in fields(Fault)} - {"struck"}


def read_fault(text: str | Mapping[str, Any]) -> Fault:
    """A fault from JSON or from `lock:count=2,account=TILL01`. Raises BadFault."""
    if isinstance(text, str):
        text = json.loads(text) if text.lstrip().startswith("{") else _from_command_line(text)
    settings = {key: value for key, value in text.items() if key != "struck"}
    unknown = settings.keys() - NAMES
    if unknown or "kind" not in settings:
        raise BadFault(f"a fault has a kind and may have {', '.join(sorted(NAMES))}; not {sorted(unknown)}")
    return Fault(**settings)


def _from_command_line(text: str) -> dict[str, Any]:
    kind, _, rest = text.partition(":")
    settings: dict[str, Any] = {"kind": kind.strip()}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise BadFault(f"'{part}' in fault '{text}' is not key=value")
        settings[key.strip()] = int(value) if key.strip() in NUMBERS else value.strip()
    return settings
