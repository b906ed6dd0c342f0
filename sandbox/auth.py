"""Sage ID as the sandbox plays it: a token endpoint whose refresh tokens are good once (sage200.md §1).

Tokens live in the company's file, so a sandbox that is killed and started again still honours them.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.schema import connect

EIGHT_HOURS_S = 28_800


@dataclass(frozen=True)
class TokenReply:
    status: int
    body: dict[str, Any]


class TokenDesk:
    """Gives out and checks tokens for one confidential client."""

    def __init__(
        self, path: Path, *, client_id: str, client_secret: str, user_name: str, life_s: int = EIGHT_HOURS_S
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.user_name = user_name[:20]
        self.life_s = life_s
        self.refuses_early_refresh = False
        self._lock = threading.Lock()
        self._connection = connect(path)

    def close(self) -> None:
        self._connection.close()

    def issue_refresh_token(self) -> str:
        """A new chain of refresh tokens: what a person's consent in the browser ends in."""
        with self._lock:
            return self._new_refresh_token()

    def token(self, form: Mapping[str, str]) -> TokenReply:
        """Answer the token endpoint. A refresh token is good once: the reply holds the next one."""
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return _refusal(401, "invalid_client", "Unauthorized")
        if form.get("grant_type") != "refresh_token":
            return _refusal(400, "unsupported_grant_type", "Use grant_type refresh_token.")
        with self._lock:
            if self.refuses_early_refresh and self._any_live_access_token():
                return _refusal(429, "too_many_requests", "Rate limit exceeded: access_token not expired")
            spent = self._connection.execute(
                "update refresh_tokens set is_used = 1 where token = ? and is_used = 0",
                (form.get("refresh_token", ""),),
            )
            if spent.rowcount != 1:
                return _refusal(403, "invalid_grant", "Unknown or invalid refresh token.")
            access_token = secrets.token_urlsafe(32)
            self._connection.execute(
                "insert into access_tokens values (?,?,?)",
                (access_token, self.user_name, time.time() + self.life_s),
            )
            return TokenReply(
                200,
                {
                    "access_token": access_token,
                    "refresh_token": self._new_refresh_token(),
                    "expires_in": self.life_s,
                    "token_type": "Bearer",
                    "scope": "openid profile email offline_access",
                },
            )

    def user_of(self, authorization: str) -> str | None:
        """The user behind an `Authorization` header, or None when the token is bad or has expired."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        with self._lock:
            row = self._connection.execute(
                "select user_name, expires_at from access_tokens where token = ?", (token.strip(),)
            ).fetchone()
        return row[0] if row and row[1] > time.time() else None

    def expire_access_tokens(self) -> None:
        """Let every access token run out now; refresh tokens stay."""
        with self._lock:
            self._connection.execute("update access_tokens set expires_at = 0")

    def _any_live_access_token(self) -> bool:
        rows = self._connection.execute("select 1 from access_tokens where expires_at > ?", (time.time(),))
        return rows.fetchone() is not None

    def _new_refresh_token(self) -> str:
        token = secrets.token_urlsafe(32)
        self._connection.execute("insert into refresh_tokens values (?,?,0)", (token, self.user_name))
        return token


def _refusal(status: int, error: str, description: str) -> TokenReply:
    return TokenReply(status, {"error": error, "error_description": description})


def identity(connection: sqlite3.Connection) -> tuple[str, int, str]:
    """(site id, company id, company name) of a company's file."""
    settings = dict(
        connection.execute(
            "select key, value from settings where key in ('site_id', 'company_id', 'company_name')"
        )
    )
    return settings["site_id"], int(settings["company_id"]), settings["company_name"]
