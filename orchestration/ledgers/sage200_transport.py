"""The way to Sage 200 and back: tokens, headers, pace, and patience for what may be asked twice.

Sage publishes no rate limit and no error format; what is retried and what is not follows from what a repeat
could do. A repeated read does nothing. A repeated POST books a sale twice, so nothing here repeats one.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay

from orchestration.ledgers.ledger import LedgerUnavailableError, Reply
from orchestration.ledgers.sage200_settings import Sage200Settings
from orchestration.ledgers.sage200_wire import from_json, message_of, reply_of, retry_after_s
from orchestration.ledgers.tokens import TokenAnswer, TokenKeeper

FIRST_BACKOFF_S = 0.5
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
# as long and as mixed as no word of Sage's is: an access token outlives the refresh token that it came with
LIKE_A_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])(?=[A-Za-z+=]*[0-9_-])[A-Za-z0-9_+=-]{32,}(?![A-Za-z0-9_-])")


class ReadRefusedError(LedgerUnavailableError):
    """Sage answered a read with a refusal that asking again cannot change."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _TryAgainError(Exception):
    """A read that failed in a way that may pass."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _Bearer(httpx.Auth):
    """Puts the token in at the last moment, so that no request waits about with it."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


class Pace:
    """Spreads calls evenly at so many a second; None is no limit."""

    def __init__(
        self,
        per_second: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap_s = 1 / per_second if per_second else 0.0
        self._clock, self._sleep = clock, sleep
        self._next = clock()
        self._guard = threading.Lock()

    def wait(self) -> None:
        """Return when it is this caller's turn."""
        if not self._gap_s:
            return
        with self._guard:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._gap_s
        if turn > now:
            self._sleep(turn - now)


@dataclass(frozen=True)
class _Call:
    """One request, so that it can be sent again when sending again is harmless."""

    method: str
    path: str
    params: Mapping[str, str | int] | None = None
    content: str | None = None
    is_company_call: bool = True
    timeout_s: float | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Sage200Transport:
    """Requests to one company of one site. Threads may share it."""

    def __init__(
        self,
        settings: Sage200Settings,
        *,
        home: Path | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`home` is what a relative token_file starts from; `transport` and `sleep` are for tests."""
        self.settings = settings
        self.requests_sent = 0
        self.tries_failed = 0
        self._sleep = sleep
        self._pace = Pace(settings.requests_per_second, sleep=sleep)
        host = httpx.URL(settings.base_url).host
        self._http = httpx.Client(
            base_url=settings.base_url.rstrip("/") + "/",
            timeout=settings.timeout_s,
            transport=transport,
            follow_redirects=False,
            trust_env=host not in LOOPBACK,
            # shorter than any server's own: a connection closed under a POST would leave it unknown
            limits=httpx.Limits(keepalive_expiry=2.0),
        )
        token_file = settings.token_file if home is None else home / settings.token_file
        self._tokens = TokenKeeper(token_file, settings.refresh_token, self._exchange)

    def __repr__(self) -> str:
        return f"Sage200Transport({self.settings.base_url!r}, company {self.settings.company_id})"

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        content: str | None = None,
        is_company_call: bool = True,
    ) -> Any:
        """The parsed answer to what may be asked twice; LedgerUnavailableError when there is none."""
        call = _Call(method, path, params, content, is_company_call)

        def attempt() -> Any:
            token = self._tokens.access_token()
            response = self._tried(call, token)
            if response.status_code == 401:
                response = self._tried(call, self._tokens.access_token(instead_of=token))
            return self._body_of(response, call)

        return self._with_patience(attempt)

    def send_once(self, path: str, content: str, *, is_order: bool = False) -> Reply:
        """POST a document once and say what the answer proves; what Sage or the line does never raises."""
        try:
            token = self._with_patience(self._tokens.access_token)
        except LedgerUnavailableError as unavailable:
            return Reply("locked", None, None, f"nothing was sent: {self._struck(str(unavailable))}")
        call = _Call("POST", path, content=content, timeout_s=self.settings.post_timeout_s)
        try:
            response = self._send(call, token)
        except httpx.RequestError as lost:
            return Reply("unknown", None, None, f"no answer: {self._words_of(lost)}")
        if response.status_code == 401:
            self._renew(token)
        answer = self._struck(response.content.decode("utf-8", errors="replace"))
        return reply_of(response.status_code, answer.encode(), _asked_wait(response), is_order=is_order)

    def _with_patience(self, ask: Callable[[], Any]) -> Any:
        retrying = Retrying(
            retry=retry_if_exception_type(_TryAgainError),
            stop=stop_after_attempt(self.settings.max_attempts)
            | stop_before_delay(self.settings.retry_budget_s),
            wait=self._wait_s,
            sleep=self._sleep,
            reraise=True,
        )

        def tried() -> Any:
            try:
                return ask()
            except _TryAgainError:
                self.tries_failed += 1
                raise

        try:
            return retrying(tried)
        except _TryAgainError as spent:
            raise LedgerUnavailableError(f"Sage did not answer: {self._struck(str(spent))}") from None

    def _wait_s(self, state: RetryCallState) -> float:
        """The wait Sage asks for, else a random part of a doubling ceiling, so that clients spread out."""
        ceiling = min(self.settings.max_backoff_s, FIRST_BACKOFF_S * 2 ** (state.attempt_number - 1))
        jitter = random.uniform(ceiling / 2, ceiling)  # noqa: S311 (nothing secret hangs on it)
        failure = state.outcome.exception() if state.outcome else None
        asked = getattr(failure, "retry_after", None)
        return jitter if asked is None else asked + jitter / 10

    def _tried(self, call: _Call, token: SecretStr) -> httpx.Response:
        try:
            return self._send(call, token)
        except httpx.RequestError as lost:
            raise _TryAgainError(f"{call}: {self._words_of(lost)}") from None

    def _send(self, call: _Call, token: SecretStr) -> httpx.Response:
        headers = {"Accept": "application/json"}
        if call.is_company_call:
            headers |= {"X-Site": self.settings.site_id, "X-Company": str(self.settings.company_id)}
        if call.content is not None:
            headers["Content-Type"] = "application/json"
        self._pace.wait()
        self.requests_sent += 1
        return self._http.request(
            call.method,
            call.path,
            params=call.params,
            content=call.content,
            headers=headers,
            auth=_Bearer(token),
            timeout=call.timeout_s or self.settings.timeout_s,
        )

    def _body_of(self, response: httpx.Response, call: _Call) -> Any:
        status = response.status_code
        if 200 <= status < 300:
            try:
                return from_json(response.content)
            except ValueError:
                raise _TryAgainError(f"{call}: the answer is not readable as JSON") from None
        message = self._struck(f"{call}: HTTP {status} {message_of(response.content)}".strip())
        if status in WORTH_ANOTHER_TRY or status >= 500:
            raise _TryAgainError(message, _asked_wait(response))
        if status == 401:
            message += " with a fresh token: check site_id, company_id and the user's API right"
        raise ReadRefusedError(message, status)

    def _exchange(self, refresh_token: SecretStr) -> TokenAnswer:
        form = {
            "grant_type": "refresh_token",
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret.get_secret_value(),
            "refresh_token": refresh_token.get_secret_value(),
        }
        self._pace.wait()
        self.requests_sent += 1
        try:
            response = self._http.post(self.settings.token_url, data=form)
        except httpx.RequestError as lost:
            raise _TryAgainError(f"token: {self._words_of(lost)}") from None
        status, message = response.status_code, self._struck(message_of(response.content))
        if 200 <= status < 300:
            try:
                body = from_json(response.content)
                return TokenAnswer(
                    access_token=SecretStr(body["access_token"]),
                    refresh_token=SecretStr(body["refresh_token"]) if body.get("refresh_token") else None,
                    expires_in_s=float(body.get("expires_in", 0)),
                )
            except (ValueError, KeyError, TypeError, AttributeError):
                raise _TryAgainError("token: the answer is not readable") from None
        is_too_early = "not expired" in message.lower()
        if (status in WORTH_ANOTHER_TRY or status >= 500) and not is_too_early:
            raise _TryAgainError(f"token: HTTP {status} {message}", _asked_wait(response))
        return TokenAnswer(refusal=message or f"HTTP {status}")

    def _renew(self, token: SecretStr) -> None:
        """After a 401 to a POST: the next request has a new token ready, or says why there is none."""
        try:
            self._with_patience(lambda: self._tokens.access_token(instead_of=token))
        except LedgerUnavailableError:
            return

    def _words_of(self, lost: httpx.RequestError) -> str:
        return self._struck(f"{type(lost).__name__} {lost}".strip())

    def _struck(self, text: str) -> str:
        """The text with every secret we know struck out, and whatever looks like a token of before."""
        secrets = (*self._tokens.secrets(), self.settings.client_secret.get_secret_value())
        for secret in filter(None, secrets):
            for written in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
                text = text.replace(written, "***")
        return LIKE_A_TOKEN.sub("***", text)


def _asked_wait(response: httpx.Response) -> float | None:
    return retry_after_s(response.headers.get("Retry-After"), datetime.now(UTC))
