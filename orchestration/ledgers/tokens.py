"""Sage ID tokens: the refresh token changes at every use, so it is kept before its access token is used.

The file is JSON, readable by its owner only: refresh_token, access_token, expires_at, began_at, refreshed_at (epoch
seconds) and seed, the digest of the configured refresh token the chain began with; configuring another starts a new
chain.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from orchestration.file_lock import locked
from orchestration.ledgers.ledger import LedgerUnavailableError

EARLY_S = 60.0  # an access token with less life than this is exchanged before it is used
LOCK_PATIENCE_S = 180.0


class AuthorisationLostError(LedgerUnavailableError):
    """Sage no longer accepts what we hold; only a person signing in again can mend it."""


@dataclass(frozen=True)
class TokenAnswer:
    """What the token endpoint said: either both tokens, or a refusal in words."""

    access_token: SecretStr | None = None
    refresh_token: SecretStr | None = None
    expires_in_s: float = 0.0
    refusal: str = ""


@dataclass(frozen=True)
class _Kept:
    refresh_token: SecretStr
    seed: str
    access_token: SecretStr | None = None
    expires_at: float = 0.0
    began_at: float | None = None


@dataclass(frozen=True)
class TokenAge:
    """How old the kept tokens are, and nothing of the tokens themselves. Moments are UTC without a zone."""

    began_at: datetime
    """When the first refresh token of the chain was spent; a person had signed in to Sage by then."""
    refreshed_at: datetime
    access_until: datetime

    def ends_at(self, days: int) -> datetime:
        """When a person has to have signed in again, where Sage lets a sign-in live so many days.

        Counted from the first exchange: whether a rotation begins the days anew is published nowhere.
        """
        return self.began_at + timedelta(days=days)


def token_age(path: Path, first_refresh_token: SecretStr) -> TokenAge | None:
    """The age of the tokens kept at a path; None where none was exchanged yet, or another refresh token is
    configured since. Raises AuthorisationLostError where the file is not readable as what it should be."""
    try:
        content, written_at = _content_of(path)
    except FileNotFoundError:
        return None
    if not content.get("refresh_token") or _is_other_chain(content, first_refresh_token):
        return None
    refreshed_at = float(content.get("refreshed_at") or written_at)
    return TokenAge(
        began_at=_utc(float(content.get("began_at") or refreshed_at)),
        refreshed_at=_utc(refreshed_at),
        access_until=_utc(float(content.get("expires_at") or 0)),
    )


def _content_of(path: Path) -> tuple[dict[str, Any], float]:
    """What a token file says, and when it was written (epoch seconds)."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        written_at = path.stat().st_mtime
    except ValueError:
        content, written_at = None, 0.0
    if not isinstance(content, dict):
        raise AuthorisationLostError(f"{path} is not JSON: sign in to Sage again.")
    return content, written_at


def _is_other_chain(content: dict[str, Any], first: SecretStr) -> bool:
    return content.get("seed") != _seed_of(first) and bool(first.get_secret_value())


def _seed_of(first: SecretStr) -> str:
    return hashlib.sha256(first.get_secret_value().encode()).hexdigest()[:16]


def _utc(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC).replace(tzinfo=None)


class TokenKeeper:
    """The one place that holds tokens; several processes may share its file."""

    def __init__(
        self,
        path: Path,
        first_refresh_token: SecretStr,
        exchange: Callable[[SecretStr], TokenAnswer],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`exchange` spends a refresh token; it may raise for a silence, and is then simply called again."""
        self._path = path
        self._first = first_refresh_token
        self._seed = _seed_of(first_refresh_token)
        self._exchange = exchange
        self._clock = clock
        self._kept: _Kept | None = None

    def __repr__(self) -> str:
        return f"TokenKeeper({str(self._path)!r})"

    def secrets(self) -> tuple[str, ...]:
        """Every secret known here, so that whoever writes a message can strike them out."""
        kept = self._kept
        known = (self._first, kept.refresh_token if kept else None, kept.access_token if kept else None)
        return tuple(secret.get_secret_value() for secret in known if secret and secret.get_secret_value())

    def access_token(self, *, instead_of: SecretStr | None = None) -> SecretStr:
        """A token that should be accepted; never `instead_of`, the one Sage has just turned away.

        Raises AuthorisationLostError when the refresh token is refused.
        """
        if self._kept and (token := self._usable(self._kept, instead_of)):
            return token
        try:
            with locked(self._path.with_name(self._path.name + ".lock"), timeout_s=LOCK_PATIENCE_S):
                kept = self._read()
                self._kept = kept
                if token := self._usable(kept, instead_of):
                    return token  # another process was here first
                return self._refresh(kept, instead_of)
        except TimeoutError as held:
            raise LedgerUnavailableError(str(held)) from None

    def _refresh(self, kept: _Kept, instead_of: SecretStr | None) -> SecretStr:
        if not kept.refresh_token.get_secret_value():
            raise AuthorisationLostError("No Sage refresh token is configured: sign in to Sage and set one.")
        with self._replacement() as write:  # the new token's place is made before the old one is spent
            answer = self._exchange(kept.refresh_token)
            if answer.access_token is not None:
                # a server that does not rotate sends no refresh token: the old one lives on
                refreshed = _Kept(
                    refresh_token=answer.refresh_token or kept.refresh_token,
                    seed=self._seed,
                    access_token=answer.access_token,
                    expires_at=self._clock() + answer.expires_in_s,
                    began_at=kept.began_at if kept.began_at is not None else self._clock(),
                )
                write(refreshed)
                self._kept = refreshed
        if answer.access_token is not None:
            return answer.access_token
        return self._after_refusal(kept, instead_of, answer.refusal)

    def _after_refusal(self, kept: _Kept, instead_of: SecretStr | None, refusal: str) -> SecretStr:
        again = self._read()  # a writer that takes no lock may have rotated it meanwhile
        if again.refresh_token != kept.refresh_token and (token := self._usable(again, instead_of)):
            self._kept = again
            return token
        still_good = kept.access_token if kept.expires_at > self._clock() else None
        if still_good is not None and still_good != instead_of:
            return still_good  # asked too early
        if still_good is not None and "not expired" in refusal.lower():
            raise AuthorisationLostError(
                "Sage turns away a token it says is good: check site_id, company_id and the user's API right."
            )
        raise AuthorisationLostError(f"Sage refused the refresh token ({refusal}): sign in to Sage again.")

    def _usable(self, kept: _Kept, instead_of: SecretStr | None) -> SecretStr | None:
        if kept.access_token is None or kept.access_token == instead_of:
            return None
        return kept.access_token if kept.expires_at - EARLY_S > self._clock() else None

    def _read(self) -> _Kept:
        try:
            content, written_at = _content_of(self._path)
        except FileNotFoundError:
            return _Kept(self._first, self._seed)
        if _is_other_chain(content, self._first):
            return _Kept(self._first, self._seed)
        access = content.get("access_token")
        return _Kept(
            refresh_token=SecretStr(content["refresh_token"]),
            seed=content.get("seed", ""),
            access_token=SecretStr(access) if access else None,
            expires_at=float(content.get("expires_at", 0)),
            # a file of before this was kept began no later than it was last written
            began_at=float(content.get("began_at") or written_at),
        )

    @contextmanager
    def _replacement(self) -> Iterator[Callable[[_Kept], None]]:
        """A temporary file beside the real one, moved over it by the call it yields."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

        def write(kept: _Kept) -> None:
            content = {
                "refresh_token": kept.refresh_token.get_secret_value(),
                "access_token": kept.access_token.get_secret_value() if kept.access_token else None,
                "expires_at": kept.expires_at,
                "began_at": kept.began_at,
                "refreshed_at": self._clock(),
                "seed": kept.seed,
            }
            stream.write(json.dumps(content))
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()  # Windows moves no open file
            temporary.replace(self._path)

        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            try:
                yield write
            finally:
                stream.close()
                temporary.unlink(missing_ok=True)
