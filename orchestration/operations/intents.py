"""The poster's memory: present state by key, every step in a chain of hashes, payloads by digest.

A step is one transaction: the intent row moves only if it still is as the caller read it (same state, same
fence), and the event that tells of the move joins the chain. Which moves are legal is not known here:
`orchestration.posting.states` is where they are written down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from orchestration.operations.base import table_of
from orchestration.operations.database import Database
from orchestration.operations.errors import ChainBrokenError, FenceLostError, OperationsError
from orchestration.operations.posting_tables import ChainHead, Intent, IntentEvent, IntentPayload

INTENTS, EVENTS = table_of(Intent), table_of(IntentEvent)
HEADS, PAYLOADS = table_of(ChainHead), table_of(IntentPayload)
CHAIN = "intents"
FIRST_HASH = "0" * 64
KEYS_PER_QUERY = 500


@dataclass(frozen=True)
class StoredIntent:
    """One intent as last read; columns as in `posting_tables.Intent`."""

    posting_key: str
    company_id: str
    store_id: str
    event_id: str
    document_kind: str
    ordinal: int
    revision: int
    role: str
    remedy: str
    payload_digest: str
    state: str
    target_urn: int | None
    publication_number: int
    account: str
    business_date: date | None
    writer: str
    sync_claim: str
    decided_at: datetime
    updated_at: datetime
    exception_id: str = ""
    hold_reason: str = ""
    refusal: str = ""
    urn: int | None = None
    truth_sent: bool = False
    truth_acknowledged: bool = False
    truth_present: bool = False
    truth_in_nominal: bool = False
    truth_right: bool = False
    attempts: int = 0
    lock_count: int = 0
    probe_count: int = 0
    fence: int = 0
    worker: str = ""
    lease_until: datetime | None = None
    next_attempt_at: datetime | None = None

    @property
    def key_stem(self) -> str:
        """What every revision and role of the document shares: the first 18 characters."""
        return self.posting_key[:18]


COLUMNS = tuple(field.name for field in fields(StoredIntent))
LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Step:
    """One move of one intent: `before` is None for a new one; `detail` is kept with the event as JSON."""

    event: str
    before: StoredIntent | None
    after: StoredIntent
    mover: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class ChainEnd:
    """How long the chain is and the hash of its last event: what a sign-off seals."""

    event_number: int
    head_hash: str


class IntentStore:
    """Reads intents, and records steps so that nothing is moved twice and nothing is forgotten."""

    def __init__(self, database: Database):
        self._database = database

    def get(self, posting_key: str) -> StoredIntent | None:
        """The intent of a key, if one was ever decided."""
        return self.by_keys([posting_key]).get(posting_key)

    def by_keys(self, posting_keys: Iterable[str]) -> dict[str, StoredIntent]:
        """The intents among the keys, by key."""
        keys = sorted(set(posting_keys))
        found: dict[str, StoredIntent] = {}
        with self._database.read() as connection:
            for start in range(0, len(keys), KEYS_PER_QUERY):
                part = keys[start : start + KEYS_PER_QUERY]
                rows = connection.execute(select(INTENTS).where(INTENTS.c.posting_key.in_(part))).mappings()
                found.update((row["posting_key"], _intent(row)) for row in rows)
        return found

    def in_states(
        self, states: Iterable[str], company_id: str, role: str | None = None
    ) -> list[StoredIntent]:
        """Every intent of a company in one of the states (and of one role), by key."""
        mine = INTENTS.c.company_id == company_id
        query = (
            select(INTENTS).where(mine, INTENTS.c.state.in_(sorted(states))).order_by(INTENTS.c.posting_key)
        )
        if role is not None:
            query = query.where(INTENTS.c.role == role)
        with self._database.read() as connection:
            return [_intent(row) for row in connection.execute(query).mappings()]

    def by_urn(self, company_id: str, urn: int) -> list[StoredIntent]:
        """Every intent whose document has this URN."""
        query = select(INTENTS).where(INTENTS.c.company_id == company_id, INTENTS.c.urn == urn)
        with self._database.read() as connection:
            found = connection.execute(query.order_by(INTENTS.c.posting_key)).mappings()
            return [_intent(row) for row in found]

    def payload(self, payload_digest: str) -> str:
        """The canonical JSON of a digest; OperationsError when it was never kept."""
        query = select(PAYLOADS.c.payload).where(PAYLOADS.c.payload_digest == payload_digest)
        with self._database.read() as connection:
            found = connection.execute(query).scalar_one_or_none()
        if found is None:
            raise OperationsError(f"no payload was kept for digest {payload_digest}")
        return str(found)

    def events(self, posting_key: str) -> list[dict[str, Any]]:
        """Every step of one intent, oldest first; `detail` as it was given."""
        query = select(EVENTS).where(EVENTS.c.posting_key == posting_key).order_by(EVENTS.c.event_number)
        with self._database.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [{**row, "detail": json.loads(row["detail"])} for row in rows]

    def record(self, step: Step, durable: bool = True) -> StoredIntent:
        """Take one step; FenceLostError if the intent is no longer as `step.before` says."""
        return self.record_many([step], {}, durable)[0]

    def record_many(
        self, steps: Sequence[Step], payloads: Mapping[str, str], durable: bool = True
    ) -> list[StoredIntent]:
        """Take all steps or none, in order, and keep the payloads by digest."""
        now = self._database.now()
        steps = [replace(step, after=replace(step.after, updated_at=now)) for step in steps]
        with self._database.write(durable) as connection:
            self._keep(connection, payloads)
            for step in steps:
                self._move(connection, step)
            self._append(connection, steps, now)
        return [step.after for step in steps]

    def _keep(self, connection: Connection, payloads: Mapping[str, str]) -> None:
        """Keep what is not yet kept."""
        for digest in sorted(payloads):
            query = select(PAYLOADS.c.payload_digest).where(PAYLOADS.c.payload_digest == digest)
            if connection.execute(query).scalar_one_or_none() is None:
                connection.execute(insert(PAYLOADS).values(payload_digest=digest, payload=payloads[digest]))

    def _move(self, connection: Connection, step: Step) -> None:
        """Write the intent row, if it still is what the step believes it is."""
        after = asdict(step.after)
        after.update(refusal=after["refusal"][:LONGEST_TEXT], hold_reason=after["hold_reason"][:LONGEST_TEXT])
        if step.before is None:
            connection.execute(insert(INTENTS).values(**after))
            return
        before = asdict(step.before)
        changed = {name: value for name, value in after.items() if before[name] != value}
        moved = connection.execute(
            update(INTENTS)
            .where(
                INTENTS.c.posting_key == step.before.posting_key,
                INTENTS.c.state == step.before.state,
                INTENTS.c.fence == step.before.fence,
                INTENTS.c.payload_digest == step.before.payload_digest,
            )
            .values(**changed)
        )
        if moved.rowcount != 1:
            raise FenceLostError(f"{step.before.posting_key} was moved by another worker")

    def _append(self, connection: Connection, steps: Sequence[Step], now: datetime) -> None:
        """Put the events at the end of the chain; updating its head first makes two writers take turns."""
        if not steps:
            return
        head = connection.execute(
            update(HEADS)
            .where(HEADS.c.chain == CHAIN)
            .values(event_number=HEADS.c.event_number + len(steps))
            .returning(HEADS.c.event_number, HEADS.c.head_hash)
        ).one()
        number, previous = head.event_number - len(steps), head.head_hash
        rows = []
        for step in steps:
            number += 1
            row = {
                "event_number": number,
                "posting_key": step.after.posting_key,
                "from_state": step.before.state if step.before else "",
                "event": step.event,
                "to_state": step.after.state,
                "mover": step.mover,
                "fence": step.after.fence,
                "payload_digest": step.after.payload_digest,
                "detail": json.dumps(dict(step.detail), sort_keys=True, default=str),
                "recorded_at": now,
                "previous_hash": previous,
            }
            previous = row["event_hash"] = event_hash(row)
            rows.append(row)
        connection.execute(insert(EVENTS), rows)
        connection.execute(update(HEADS).where(HEADS.c.chain == CHAIN).values(head_hash=previous))

    def chain_end(self) -> ChainEnd:
        """Where the chain ends now."""
        with self._database.read() as connection:
            row = connection.execute(select(HEADS).where(HEADS.c.chain == CHAIN)).mappings().one()
        return ChainEnd(row["event_number"], row["head_hash"])

    def verify_chain(self, sealed: ChainEnd | None = None) -> ChainEnd:
        """Recompute the whole chain; ChainBrokenError names the first event that is not what was written.

        `sealed` is an earlier end (of a sign-off, say) that must still be on the chain. Also checked: every
        intent is where its last event put it, and every payload still has its digest.
        """
        number, previous = 0, FIRST_HASH
        last: dict[str, tuple[str, str, int]] = {}
        with self._database.read() as connection:
            query = select(EVENTS).order_by(EVENTS.c.event_number).execution_options(yield_per=1000)
            events = connection.execute(query)
            for row in events.mappings():
                number += 1
                if row["event_number"] != number:
                    raise ChainBrokenError(f"event {number} is not there")
                if row["previous_hash"] != previous or event_hash(row) != row["event_hash"]:
                    raise ChainBrokenError(f"event {number} ({row['posting_key']}) is not what was written")
                previous = row["event_hash"]
                last[row["posting_key"]] = (row["to_state"], row["payload_digest"], row["fence"])
                if sealed and number == sealed.event_number and previous != sealed.head_hash:
                    raise ChainBrokenError(f"event {number} is not the one that was sealed")
            head = connection.execute(select(HEADS).where(HEADS.c.chain == CHAIN)).mappings().one()
            if (head["event_number"], head["head_hash"]) != (number, previous):
                raise ChainBrokenError(
                    f"the chain ends at event {number}, its head says {head['event_number']}"
                )
            if sealed and sealed.event_number > number:
                raise ChainBrokenError(
                    f"the chain ends at event {number}, event {sealed.event_number} was sealed"
                )
            self._verify_rows(connection, last)
        return ChainEnd(number, previous)

    def _verify_rows(self, connection: Connection, last: Mapping[str, tuple[str, str, int]]) -> None:
        """Every intent is where its last event put it; every payload is what its digest says."""
        columns = (INTENTS.c.posting_key, INTENTS.c.state, INTENTS.c.payload_digest, INTENTS.c.fence)
        stands = {row[0]: (row[1], row[2], row[3]) for row in connection.execute(select(*columns))}
        for key in sorted(set(stands) | set(last)):
            if stands.get(key) != last.get(key):
                raise ChainBrokenError(f"{key} is {stands.get(key)}, its last event says {last.get(key)}")
        for digest, payload in connection.execute(select(PAYLOADS.c.payload_digest, PAYLOADS.c.payload)):
            if hashlib.sha256(payload.encode()).hexdigest() != digest:
                raise ChainBrokenError(f"the payload of digest {digest} is not what was decided")


def event_hash(row: Mapping[str, Any] | RowMapping) -> str:
    """SHA-256 over every column of an event but its own hash, in a fixed order."""
    names = (
        "event_number", "posting_key", "from_state", "event", "to_state", "mover", "fence", "payload_digest",
        "detail", "previous_hash",
    )  # fmt: skip
    parts = [row[name] for name in names] + [row["recorded_at"].isoformat()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _intent(row: RowMapping) -> StoredIntent:
    return StoredIntent(**{name: row[name] for name in COLUMNS})
