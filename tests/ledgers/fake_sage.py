"""A Sage 200 in memory, behind httpx's mock transport: tokens, an OData subset and scripted faults."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
from pydantic import SecretStr

from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_settings import Sage200Settings

BASE = "http://127.0.0.1:1/uk/sage200extra/accounts/v1/"
TOKENS = "http://127.0.0.1:1/oauth/token"
SITE, COMPANY = "6d0c2c1e-0000-4000-8000-000000000001", 1
CLIENT_SECRET, FIRST_REFRESH = "client/s3cret+&", "refresh-0-s3cret"
CONDITION = re.compile(r"(\w+) (eq|gt|ge|lt|le) ('(?:[^']|'')*'|\S+)")

Fault = Callable[[httpx.Request], httpx.Response | Exception | None]


class FakeSage:
    """Answers requests from `collections`; `faults` are tried first, in order, each used up by its answer."""

    def __init__(self) -> None:
        self.collections: dict[str, list[dict[str, Any]]] = {}
        self.faults: list[Fault] = []
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[str] = []
        self.requests: Counter[str] = Counter()
        self.refresh_number = 0
        self.access_token = ""
        self.wraps_in_value = False
        self.greatest_top = 5000
        self.next_urn = 500
        self.before_answer: Callable[[str], None] = lambda resource: None

    # faults

    def once(self, resource: str, answer: httpx.Response | type[Exception], *, times: int = 1) -> None:
        """The next `times` requests for a resource get this instead."""
        for _ in range(times):
            self.faults.append(_fault(resource, answer))

    # answering

    def __call__(self, request: httpx.Request) -> httpx.Response:
        resource = request.url.path.rsplit("/", 1)[-1]
        self.requests[resource] += 1
        for fault in self.faults:
            answer = fault(request)
            if answer is not None:
                self.faults.remove(fault)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return self._token(request) if str(request.url) == TOKENS else self._answer(resource, request)

    def _answer(self, resource: str, request: httpx.Request) -> httpx.Response:
        if request.headers.get("Authorization") != f"Bearer {self.access_token}":
            return httpx.Response(401)
        if resource == "sites":
            return httpx.Response(
                200, json=[{"company_id": COMPANY, "site_id": SITE, "company_name": "Demo"}]
            )
        if (request.headers.get("X-Site"), request.headers.get("X-Company")) != (SITE, str(COMPANY)):
            return httpx.Response(401)
        if request.method == "POST":
            return self._post(resource, request)
        return self._collection(resource, request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {key: values[0] for key, values in parse_qs(request.content.decode()).items()}
        expected = f"refresh-{self.refresh_number}-s3cret"
        if form.get("refresh_token") != expected or form.get("client_secret") != CLIENT_SECRET:
            words = f"Unknown or invalid refresh token {form.get('refresh_token')}."
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": words})
        self.refresh_number += 1
        self.access_token = f"access-{self.refresh_number}-s3cret"
        body = {
            "access_token": self.access_token,
            "refresh_token": f"refresh-{self.refresh_number}-s3cret",
            "expires_in": 28800,
            "token_type": "Bearer",
        }
        return httpx.Response(200, json=body)

    def _post(self, resource: str, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if resource == "transaction_date_validation":
            closed = body["date"] < "2011-01-01"
            words = "The date is in a closed period." if closed else ""
            answer = {"classification": "Acceptable" if closed else "Normal", "message": words}
            return httpx.Response(200, json=answer)
        self.posts.append((resource, body))
        self.next_urn += 1
        return httpx.Response(200, json={"urn": str(self.next_urn)})

    def _collection(self, resource: str, request: httpx.Request) -> httpx.Response:
        self.before_answer(resource)
        params = request.url.params
        self.asked.append(f"{resource}?{params.get('$filter', '')}")
        rows = [row for row in self.collections.get(resource, []) if holds(row, params.get("$filter", ""))]
        if order := params.get("$orderby"):
            rows.sort(key=lambda row: (_comparable(row[order.split(" ")[0]]), row.get("id", 0)))
        rows = rows[: min(int(params.get("$top", 500)), self.greatest_top)]
        if select := params.get("$select"):
            rows = [{name: row.get(name) for name in select.split(",")} for row in rows]
        text = json.dumps(rows, default=str)
        text = re.sub(r'"(-?\d+\.\d\d)"', r"\1", text)  # money is written as a number, and never was a float
        return httpx.Response(200, text=f'{{"value":{text}}}' if self.wraps_in_value else text)


def _fault(resource: str, answer: httpx.Response | type[Exception]) -> Fault:
    def fault(request: httpx.Request) -> httpx.Response | Exception | None:
        if request.url.path.rsplit("/", 1)[-1] != resource:
            return None
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)
        return answer("lost on the line")

    return fault


def holds(row: dict[str, Any], condition: str) -> bool:
    """Whether a row meets a $filter of the few shapes the client writes."""
    if " or " in condition and " and " not in condition:
        return any(holds(row, part) for part in condition.split(" or "))
    if found := re.fullmatch(r"startswith\((\w+),'(.*)'\)", condition):
        return str(row.get(found[1]) or "").startswith(found[2])
    for name, operator, literal in CONDITION.findall(condition):
        value, wanted = _comparable(row.get(name)), _comparable(literal.strip("'").replace("''", "'"))
        if value is None or type(value) is not type(wanted):
            value, wanted = str(row.get(name)), literal.strip("'").replace("''", "'")
        if not {
            "eq": value == wanted,
            "gt": value > wanted,
            "ge": value >= wanted,
            "lt": value < wanted,
            "le": value <= wanted,
        }[operator]:
            return False
    return True


def _comparable(value: Any) -> Any:
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value):
        return datetime.fromisoformat(value.removesuffix("Z"))
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def settings_for(home: Path, **more: Any) -> Sage200Settings:
    """Settings that reach the fake, with its first refresh token."""
    given: dict[str, Any] = {
        "base_url": BASE,
        "token_url": TOKENS,
        "client_id": "client",
        "client_secret": SecretStr(CLIENT_SECRET),
        "refresh_token": SecretStr(FIRST_REFRESH),
        "token_file": home / "secrets" / "sage200_token.json",
        "site_id": SITE,
        "company_id": COMPANY,
        "max_attempts": 4,
    }
    return Sage200Settings(**(given | more))


class Naps(list[float]):
    """A sleep that takes no time and remembers how long it was asked for."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client_of(sage: FakeSage, home: Path, naps: Naps | None = None, **more: Any) -> Sage200Client:
    """A client of the fake that never really sleeps."""
    return Sage200Client(
        settings_for(home, **more),
        transport=httpx.MockTransport(sage),
        sleep=Naps() if naps is None else naps,
    )
