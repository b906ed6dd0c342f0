"""How a sandbox is started; the same names on the command line with dashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.auth import EIGHT_HOURS_S
from sandbox.faults import Fault

BASE_PATH = "/uk/sage200extra/accounts/v1"
TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path


@dataclass(frozen=True)
class Options:
    """Everything that is not in the company's file."""

    client_id: str = "tillproof-sandbox"
    client_secret: str = "sandbox-secret"  # noqa: S105 - known to everybody, opens only the sandbox
    user_name: str = "TILLPROOF"
    token_life_s: int = EIGHT_HOURS_S
    refuse_early_refresh: bool = False
    clock: datetime | None = None  # naive UTC; None follows the machine
    tick_ms: int = 1000
    latency_ms: int = 0
    wrap: bool = False  # collections as {"value": []}
    error_body: str = "json"  # json | empty | text
    urn_format: str = (
        "plain"  # plain | padded (12 digits as the screens show it); the real one is not confirmed
    )
    default_top: int = 500
    greatest_top: int = 5000
    faults: Sequence[Fault] = field(default=())
