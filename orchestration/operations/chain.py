"""The chain of events: each holds the hash of the one before, so that none can be changed, removed or put in.

Statements are built once: the poster appends to the chain several times for every document it sends.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from orchestration.operations.base import table_of
from orchestration.operations.errors import ChainBrokenError
from orchestration.operations.posting_tables import ChainHead, Intent, IntentEvent, IntentPayload

INTENTS, EVENTS = table_of(Intent), table_of(IntentEvent)
HEADS, PAYLOADS = table_of(ChainHead), table_of(IntentPayload)
CHAIN = "intents"
FIRST_HASH = "0" * 64
SEEN = ("prove", "defer", "differ")
CONFIRMED = ("proven", "reversed")
HASHED = (
    *("event_number", "posting_key", "from_state", "event", "to_state", "mover", "fence", "payload_digest"),
    *("detail", "previous_hash"),
)
# taking the head's row is what puts two workers' events in one order (SQLite's writers take turns anyway)
TAKE_HEAD = select(HEADS.c.event_number, HEADS.c.head_hash).where(HEADS.c.chain == CHAIN).with_for_update()
HEAD = select(HEADS.c.event_number, HEADS.c.head_hash).where(HEADS.c.chain == CHAIN)
MOVE_HEAD = (
    update(HEADS)
    .where(HEADS.c.chain == CHAIN)
    .values(event_number=bindparam("new_number"), head_hash=bindparam("new_hash"))
)
ADD_EVENT = insert(EVENTS)


@dataclass(frozen=True)
class ChainEnd:
    """How long the chain is and the hash of its last event: what a sign-off seals."""

    event_number: int
    head_hash: str


def event_hash(row: Mapping[str, Any] | RowMapping) -> str:
    """SHA-256 over every column of an event but its own hash, in a fixed order."""
    parts = [row[name] for name in HASHED] + [row["recorded_at"].isoformat()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def append(connection: Connection, events: Sequence[dict[str, Any]], recorded_at: datetime) -> None:
    """Put events (every column but number, clock and hashes) at the end of the chain, in this transaction."""
    if not events:
        return
    head = connection.execute(TAKE_HEAD).one()
    number, previous = head.event_number, head.head_hash
    rows = []
    for event in events:
        number += 1
        row = {**event, "event_number": number, "recorded_at": recorded_at, "previous_hash": previous}
        previous = row["event_hash"] = event_hash(row)
        rows.append(row)
    connection.execute(ADD_EVENT, rows)
    connection.execute(MOVE_HEAD, {"new_number": number, "new_hash": previous})


def end_of(connection: Connection) -> ChainEnd:
    """Where the chain ends now."""
    head = connection.execute(HEAD).one()
    return ChainEnd(head.event_number, head.head_hash)


def verify(connection: Connection, sealed: Iterable[ChainEnd] = ()) -> ChainEnd:
    """Recompute the whole chain; ChainBrokenError names the first event that is not what was written.

    `sealed` are earlier ends (of sign-offs, say) that must still be on it. Also checked: every intent
    is where its last event put it, and every payload still has its digest.
    """
    number, previous = 0, FIRST_HASH
    seals = {(seal.event_number, seal.head_hash) for seal in sealed}
    sealed_at = {event_number for event_number, _ in seals}
    last: dict[str, tuple[str, str, int]] = {}
    urns: dict[str, int | None] = {}
    query = select(EVENTS).order_by(EVENTS.c.event_number).execution_options(yield_per=1000)
    for row in connection.execute(query).mappings():
        number += 1
        if row["event_number"] != number:
            raise ChainBrokenError(f"event {number} is not there")
        if row["previous_hash"] != previous or event_hash(row) != row["event_hash"]:
            raise ChainBrokenError(f"event {number} ({row['posting_key']}) is not what was written")
        previous = row["event_hash"]
        last[row["posting_key"]] = (row["to_state"], row["payload_digest"], row["fence"])
        if row["event"] in SEEN:
            urns[row["posting_key"]] = json.loads(row["detail"]).get("urn")
        if number in sealed_at and any(at == number and told != previous for at, told in seals):
            raise ChainBrokenError(f"event {number} is not the one that was sealed")
    head = end_of(connection)
    if head != ChainEnd(number, previous):
        raise ChainBrokenError(f"the chain ends at event {number}, its head says {head.event_number}")
    if sealed_at and max(sealed_at) > number:
        raise ChainBrokenError(f"the chain ends at event {number}, event {max(sealed_at)} was sealed")
    _verify_rows(connection, last, urns)
    return head


def _verify_rows(
    connection: Connection, last: Mapping[str, tuple[str, str, int]], urns: Mapping[str, int | None]
) -> None:
    """Every intent is where its last event put it, what was seen in Sage has the URN it was seen under, and
    every payload is what its digest says.
    """
    columns = (INTENTS.c.posting_key, INTENTS.c.state, INTENTS.c.payload_digest, INTENTS.c.fence)
    stands = {}
    for key, state, digest, fence, urn in connection.execute(select(*columns, INTENTS.c.urn)):
        stands[key] = (state, digest, fence)
        if state in CONFIRMED and key in urns and urns[key] != urn:
            raise ChainBrokenError(f"{key} says URN {urn}, it was seen under URN {urns[key]}")
    for key in sorted(set(stands) | set(last)):
        if stands.get(key) != last.get(key):
            raise ChainBrokenError(f"{key} is {stands.get(key)}, its last event says {last.get(key)}")
    query = select(PAYLOADS.c.payload_digest, PAYLOADS.c.payload).execution_options(yield_per=1000)
    for digest, payload in connection.execute(query):
        if hashlib.sha256(payload.encode()).hexdigest() != digest:
            raise ChainBrokenError(f"the payload of digest {digest} is not what was decided")
