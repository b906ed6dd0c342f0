"""Whether a name may stand under a decision, wherever it is made: on a command line or a page."""

from __future__ import annotations

from orchestration.operations.errors import OperationsError
from orchestration.operations.permissions import POSTER

LONGEST_NAME = 80


def check_signature(name: str, reason: str) -> None:
    """OperationsError unless a person says who they are and why."""
    if not name.strip() or not reason.strip():
        raise OperationsError("say who does it and why: both go on record")
    check_name(name)


def check_name(name: str) -> None:
    """OperationsError for a name that is not a person's, or too long to be kept."""
    if name.strip().casefold() == POSTER:
        raise OperationsError(f"'{POSTER}' is how the poster itself signs: sign with your own name")
    if len(name) > LONGEST_NAME:
        raise OperationsError(f"the name is longer than {LONGEST_NAME} characters")
