"""What the connector does about one document, what it says it did, and what is true: three things kept
apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sandbox.scenario.connector_documents import Draft
from sandbox.scenario.journals import Journal

CONNECTOR = "CONNECTOR"


class Claim(NamedTuple):
    """One attempt as the connector's log has it. `accepted` claims carry a URN, true or not."""

    status: str
    http_status: int | None = None
    message: str = ""


ACCEPTED = (Claim("accepted", 200),)
SILENCE: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One document of the story.

    `expected` is the document the receipt should give, None for one that only the ledger knows. `sent` is
    what goes to Sage, None for nothing. `verdict` is the truth after the connector, `verdict_after` the
    truth once Tillproof has posted what it may. `drift_kinds` is sorted and comma-separated.
    """

    expected: Draft | None
    sent: Draft | None
    verdict: str = "matched"
    verdict_after: str = ""
    drift_kinds: str = ""
    fault: str = "clean"
    part: str = "clean"
    note: str = ""
    claims: tuple[Claim, ...] = ACCEPTED
    user_name: str = CONNECTOR
    delay: timedelta = timedelta(0)
    is_to_suspense: bool = False
    is_twin: bool = False  # equal in every field to the document sent before it under this reference
    is_strict: bool = True  # the reference names the receipt: no rung may call it ambiguous
    gets_our_contra: bool = False  # Tillproof may reverse it: afterwards its contra stands beside it
    journal: Journal | None = None  # entered by a person; such an action has no document of its own
    partner: str = ""  # the key of the journal or day's document that carries it
    carries: str = ""  # the key under which what was sent, or entered, carries others
    summary: str = (
        ""  # of a day's document: the group that the truth speaks of, said once for all its documents
    )
    about: Draft | None = None  # whom the truth names where nothing is expected and nothing sent


def truth_after(action: Action) -> str:
    """The verdict once Tillproof has posted: unchanged unless said."""
    return action.verdict_after or action.verdict
