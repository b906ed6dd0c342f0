"""The poster's memory: present state by key, every step in a chain of hashes, payloads by digest.

A step is one transaction: the intent row moves only if it still is as the caller read it (same state, same
fence), and the event that tells of the move joins the chain. Which moves are legal is not known here:
`orchestration.posting.states` is where they are written down.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    RowMapping,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    extract,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from orchestration.operations import chain
from orchestration.operations.audit import Change, Signature, write_audit
from orchestration.operations.chain import EVENTS, INTENTS, PAYLOADS, ChainEnd
from orchestration.operations.database import Database
from orchestration.operations.errors import FenceLostError, OperationsError

KEYS_PER_QUERY = 500
CUSTOMER_KINDS = ("invoice", "credit_note", "receipt", "payment")
ALLOCATION, ALLOCATES = "allocation", "A"
"""Kind and role of an intent that sets documents of one sale against each other in Sage: it has no document itself."""
DOCUMENT_ROLES = ("P", "X")


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
    after_key: str = ""
    gross_pence: int = 0
    run_number: int = 0
    members_digest: str = ""
    document_date: date | None = None
    box_1_pence: int = 0
    box_6_pence: int = 0
    corrects_return: date | None = None
    reference_in_sage: str = ""

    @property
    def key_stem(self) -> str:
        """What every revision and role of the document shares: the first 18 characters."""
        return self.posting_key[:18]


TROUBLES = ("lock", "refuse", "silence")
"""Events of a send that did not go as it should: Sage was locked, said no, or said nothing that proves anything."""


@dataclass(frozen=True)
class Trouble:
    """How often one account met one of TROUBLES in one hour of one day, which began `at` (UTC)."""

    account: str
    at: datetime
    event: str
    times: int
    last_at: datetime


COLUMNS = tuple(field.name for field in fields(StoredIntent))
LONGEST_TEXT = 2000
ADD_INTENT = insert(INTENTS)
MOVE_INTENT = (
    update(INTENTS)
    .where(
        INTENTS.c.posting_key == bindparam("its_key"),
        INTENTS.c.state == bindparam("its_state"),
        INTENTS.c.fence == bindparam("its_fence"),
        INTENTS.c.payload_digest == bindparam("its_digest"),
    )
    .values({name: bindparam(f"new_{name}") for name in COLUMNS if name != "posting_key"})
)
PAYLOAD_OF = select(PAYLOADS.c.payload).where(PAYLOADS.c.payload_digest == bindparam("digest"))
BEGINNING_WITH = (
    select(PAYLOADS.c.payload_digest)
    .where(
        PAYLOADS.c.payload_digest >= bindparam("beginning"),
        PAYLOADS.c.payload_digest < bindparam("beginning") + "g",  # after every hexadecimal digit
    )
    .limit(1)
)
ADD_PAYLOAD = insert(PAYLOADS)
IN_STATES = (
    select(INTENTS)
    .where(
        INTENTS.c.company_id == bindparam("company_id"),
        INTENTS.c.state.in_(bindparam("states", expanding=True)),
        INTENTS.c.role.in_(bindparam("roles", expanding=True)),
    )
    .order_by(INTENTS.c.posting_key)
)
PAGE_IN_STATES = (
    select(INTENTS)
    .where(
        INTENTS.c.company_id == bindparam("company_id"),
        INTENTS.c.state.in_(bindparam("states", expanding=True)),
        INTENTS.c.role.in_(bindparam("roles", expanding=True)),
        INTENTS.c.posting_key > bindparam("after"),
    )
    .order_by(INTENTS.c.posting_key)
    .limit(bindparam("page_size"))
)
PAYLOADS_OF = select(PAYLOADS.c.payload_digest, PAYLOADS.c.payload).where(
    PAYLOADS.c.payload_digest.in_(bindparam("digests", expanding=True))
)
IN_CASES = select(INTENTS).where(INTENTS.c.after_key > "").order_by(INTENTS.c.posting_key)
BY_AFTER_KEY = select(INTENTS).where(INTENTS.c.after_key == bindparam("after_key"))
OF_DAYS = select(INTENTS).where(
    INTENTS.c.business_date.in_(bindparam("days", expanding=True)), INTENTS.c.role == "P"
)
SUMMARIES = select(INTENTS).where(
    INTENTS.c.members_digest > "",
    or_(
        INTENTS.c.business_date.in_(bindparam("days", expanding=True)),
        INTENTS.c.state.in_(("decided", "held", "refused")),
    ),
)
OF_EVENTS = select(INTENTS).where(
    INTENTS.c.company_id == bindparam("company_id"),
    INTENTS.c.event_id.in_(bindparam("events", expanding=True)),
)
# what is on a customer's account of one event, none of it in doubt, and comes to nothing
_ON_ACCOUNT = (
    select(
        INTENTS.c.event_id,
        func.count().label("documents"),
        func.sum(INTENTS.c.revision).label("revisions"),
    )
    .where(
        INTENTS.c.company_id == bindparam("company_id", type_=String),
        INTENTS.c.role == "P",
        INTENTS.c.document_kind.in_(CUSTOMER_KINDS),
        INTENTS.c.state.not_in(("reversed", "cancelled")),
    )
    .group_by(INTENTS.c.event_id)
    .having(
        func.count() > 1,
        func.min(INTENTS.c.account) == func.max(INTENTS.c.account),
        func.max(INTENTS.c.reference_in_sage) == "",  # what a person posted, a person allocates
        func.min(case((INTENTS.c.state == "proven", 1), else_=0)) == 1,
        func.sum(
            case(
                (INTENTS.c.document_kind.in_(("invoice", "payment")), INTENTS.c.gross_pence),
                else_=-INTENTS.c.gross_pence,
            )
        )
        == 0,
    )
    .subquery("on_account")
)
_OTHERS = INTENTS.alias("others")
# by count and revisions an allocation of these very documents is known: what a person undid is not done again
TO_ALLOCATE = (
    select(_ON_ACCOUNT.c.event_id, _ON_ACCOUNT.c.documents, _ON_ACCOUNT.c.revisions)
    .where(
        ~exists().where(
            _OTHERS.c.company_id == bindparam("company_id", type_=String),
            _OTHERS.c.event_id == _ON_ACCOUNT.c.event_id,
            or_(
                and_(_OTHERS.c.role == ALLOCATES, _OTHERS.c.state.not_in(("cancelled", "reversed"))),
                and_(
                    _OTHERS.c.role == ALLOCATES,
                    _OTHERS.c.ordinal == _ON_ACCOUNT.c.documents,
                    _OTHERS.c.revision == _ON_ACCOUNT.c.revisions,
                ),
                and_(_OTHERS.c.role == "X", _OTHERS.c.state.not_in(("cancelled", "proven"))),
            ),
        )
    )
    .order_by(_ON_ACCOUNT.c.event_id)
)
BY_URNS = select(INTENTS).where(
    INTENTS.c.company_id == bindparam("company_id"),
    INTENTS.c.urn.in_(bindparam("urns", expanding=True)),
)
UNDOING = select(INTENTS).where(
    INTENTS.c.company_id == bindparam("company_id"),
    INTENTS.c.role == "X",
    INTENTS.c.target_urn.in_(bindparam("urns", expanding=True)),
)
# not the state as it is: by its index millions would be read
_CONFIRMED = (func.coalesce(INTENTS.c.state, "") == "proven", INTENTS.c.role == "P")
BY_KEYS = select(INTENTS).where(INTENTS.c.posting_key.in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True)
class Step:
    """One move of one intent: `before` is None for a new one; `detail` is kept with the event as JSON."""

    event: str
    before: StoredIntent | None
    after: StoredIntent
    mover: str
    detail: Mapping[str, Any]


class IntentStore:
    """Reads intents, and records steps so that nothing is moved twice and nothing is forgotten."""

    def __init__(self, database: Database):
        self._database = database

    def get(self, posting_key: str) -> StoredIntent | None:
        """The intent of a key, if one was ever decided."""
        return self.by_keys([posting_key]).get(posting_key)

    def by_keys(self, posting_keys: Iterable[str]) -> dict[str, StoredIntent]:
        """The intents among the keys, by key."""
        return {intent.posting_key: intent for intent in self._of_any(BY_KEYS, "keys", posting_keys)}

    def _of_any(
        self, query: Select[Any], name: str, values: Iterable[Any], **also: object
    ) -> list[StoredIntent]:
        """What a query finds for any of the values of one of its parameters, by key."""
        asked = sorted(set(values))
        found: dict[str, StoredIntent] = {}
        with self._database.read() as connection:
            for start in range(0, len(asked), KEYS_PER_QUERY):
                part = {name: asked[start : start + KEYS_PER_QUERY], **also}
                rows = connection.execute(query, part).mappings()
                found.update((row["posting_key"], _intent(row)) for row in rows)
        return [found[key] for key in sorted(found)]

    def in_states(
        self, states: Iterable[str], company_id: str, role: str | None = None
    ) -> list[StoredIntent]:
        """Every document of a company in one of the states (and of one role), by key."""
        roles = [role] if role else list(DOCUMENT_ROLES)
        asked = {"company_id": company_id, "states": sorted(states), "roles": roles}
        with self._database.read() as connection:
            return [_intent(row) for row in connection.execute(IN_STATES, asked).mappings()]

    def troubles(self, company_id: str) -> list[Trouble]:
        """What went wrong in sending, by account, hour and kind, oldest hour first."""
        parts = [
            cast(extract(part, EVENTS.c.recorded_at), Integer).label(part)
            for part in ("year", "month", "day", "hour")
        ]
        query = (
            select(
                INTENTS.c.account, *parts, EVENTS.c.event, func.count().label("times"),
                func.max(EVENTS.c.recorded_at).label("last_at"),
            )
            .join(INTENTS, INTENTS.c.posting_key == EVENTS.c.posting_key)
            .where(INTENTS.c.company_id == company_id, EVENTS.c.event.in_(TROUBLES))
            .group_by(INTENTS.c.account, *parts, EVENTS.c.event)
            .order_by(INTENTS.c.account, *parts, EVENTS.c.event)
        )  # fmt: skip
        with self._database.read() as connection:
            return [
                Trouble(
                    row.account,
                    row.last_at.replace(minute=0, second=0, microsecond=0),
                    row.event,
                    row.times,
                    row.last_at,
                )
                for row in connection.execute(query)
            ]

    def sends(self, company_id: str) -> dict[str, int]:
        """How many times something was sent for each account, locks and all."""
        query = (
            select(INTENTS.c.account, func.count())
            .join(EVENTS, INTENTS.c.posting_key == EVENTS.c.posting_key)
            .where(INTENTS.c.company_id == company_id, EVENTS.c.event == "send")
            .group_by(INTENTS.c.account)
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def pages(
        self, states: Iterable[str], company_id: str, role: str | None = None
    ) -> Iterator[list[StoredIntent]]:
        """The same, some hundred at a time."""
        asked: dict[str, Any] = {
            "company_id": company_id,
            "states": sorted(states),
            "roles": [role] if role else list(DOCUMENT_ROLES),
            "after": "",
            "page_size": KEYS_PER_QUERY,
        }
        while True:
            with self._database.read() as connection:
                page = [_intent(row) for row in connection.execute(PAGE_IN_STATES, asked).mappings()]
            if page:
                yield page
            if len(page) < KEYS_PER_QUERY:
                return
            asked["after"] = page[-1].posting_key

    def of_events(self, company_id: str, event_ids: Iterable[str]) -> list[StoredIntent]:
        """Every intent of these events, contras and allocations too, by key."""
        return self._of_any(OF_EVENTS, "events", event_ids, company_id=company_id)

    def to_allocate(self, company_id: str) -> list[tuple[str, int, int]]:
        """Events whose proven documents are on one customer and come to nothing, and were never allocated as they are:
        each with how many documents there are and the sum of their revisions.
        """
        with self._database.read() as connection:
            rows = connection.execute(TO_ALLOCATE, {"company_id": company_id})
            return [(str(row[0]), int(row[1]), int(row[2])) for row in rows]

    def allocation_states(self, company_id: str) -> dict[str, int]:
        """How many allocations are in each state."""
        query = (
            select(INTENTS.c.state, func.count())
            .where(INTENTS.c.company_id == company_id, INTENTS.c.role == ALLOCATES)
            .group_by(INTENTS.c.state)
            .order_by(INTENTS.c.state)
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def in_cases(self) -> list[StoredIntent]:
        """The second half of every correction in two steps, by key."""
        with self._database.read() as connection:
            return [_intent(row) for row in connection.execute(IN_CASES).mappings()]

    def summaries(self, days: Iterable[date] = ()) -> list[StoredIntent]:
        """The documents of summaries of these business dates, and of any date those that were decided and not sent."""
        return self._of_any(SUMMARIES, "days", [*days, date.min])

    def of_days(self, days: Iterable[date]) -> list[StoredIntent]:
        """Every document of these business dates, contras left out, by key."""
        return self._of_any(OF_DAYS, "days", days)

    def following(self, posting_key: str) -> StoredIntent | None:
        """The second half of a correction whose contra has this key; the one that still may go, if several."""
        with self._database.read() as connection:
            found = [
                _intent(row)
                for row in connection.execute(BY_AFTER_KEY, {"after_key": posting_key}).mappings()
            ]
        return min(found, key=lambda one: (one.state == "cancelled", one.posting_key), default=None)

    def confirmed_of(
        self, company_id: str, most: int, *, store_id: str, business_date: date
    ) -> list[StoredIntent]:
        """Documents of a store's day that are proven to be in Sage, contras left out, by key; the first so many."""
        query = (
            select(INTENTS)
            .where(*_CONFIRMED, INTENTS.c.company_id == company_id, INTENTS.c.store_id == store_id)
            .where(INTENTS.c.business_date == business_date)
            .order_by(INTENTS.c.posting_key)
            .limit(most)
        )
        with self._database.read() as connection:
            return [_intent(row) for row in connection.execute(query).mappings()]

    def confirmed_in_run(self, run_number: int, most: int) -> list[StoredIntent]:
        """The same of one run, in no order."""
        query = select(INTENTS).where(*_CONFIRMED, INTENTS.c.run_number == run_number).limit(most)
        with self._database.read() as connection:
            return [_intent(row) for row in connection.execute(query).mappings()]

    def by_urn(self, company_id: str, urn: int) -> list[StoredIntent]:
        """Every intent whose document has this URN."""
        return self.by_urns(company_id, [urn])

    def by_urns(self, company_id: str, urns: Iterable[int]) -> list[StoredIntent]:
        """Every intent whose document has one of these URNs, by key."""
        return self._of_any(BY_URNS, "urns", urns, company_id=company_id)

    def undoing(self, company_id: str, urns: Iterable[int]) -> list[StoredIntent]:
        """Every contra that was decided on for one of these URNs, however far it came."""
        return self._of_any(UNDOING, "urns", urns, company_id=company_id)

    def payload(self, payload_digest: str) -> str:
        """The canonical JSON of a digest; OperationsError when it was never kept."""
        with self._database.read() as connection:
            found = connection.execute(PAYLOAD_OF, {"digest": payload_digest}).scalar_one_or_none()
        if found is None:
            raise OperationsError(f"no payload was kept for digest {payload_digest}")
        return str(found)

    def keeps_payload(self, beginning: str) -> bool:
        """Whether a payload was ever kept whose digest begins so, in lower-case hexadecimal digits."""
        with self._database.read() as connection:
            return connection.execute(BEGINNING_WITH, {"beginning": beginning}).first() is not None

    def payloads(self, payload_digests: Iterable[str]) -> dict[str, str]:
        """The canonical JSON of each digest that was kept."""
        wanted = sorted(set(payload_digests))
        kept: dict[str, str] = {}
        with self._database.read() as connection:
            for start in range(0, len(wanted), KEYS_PER_QUERY):
                part = wanted[start : start + KEYS_PER_QUERY]
                rows = connection.execute(PAYLOADS_OF, {"digests": part}).mappings()
                kept.update((row["payload_digest"], row["payload"]) for row in rows)
        return kept

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
        self,
        steps: Sequence[Step],
        payloads: Mapping[str, str],
        durable: bool = True,
        *,
        signed: Sequence[tuple[Signature, Change]] = (),
    ) -> list[StoredIntent]:
        """Take all steps or none, in order, and keep the payloads by digest; `signed` is what the audit log is told."""
        now = self._database.now()
        steps = [replace(step, after=replace(step.after, updated_at=now)) for step in steps]
        with self._database.write(durable) as connection:
            self._keep(connection, payloads)
            for step in steps:
                self._move(connection, step)
            chain.append(connection, [_event(step) for step in steps], now)
            for by, change in signed:
                write_audit(connection, by, change)
        return [step.after for step in steps]

    def _keep(self, connection: Connection, payloads: Mapping[str, str]) -> None:
        """Keep what is not yet kept."""
        for digest in sorted(payloads):
            if connection.execute(PAYLOAD_OF, {"digest": digest}).scalar_one_or_none() is None:
                connection.execute(ADD_PAYLOAD, {"payload_digest": digest, "payload": payloads[digest]})

    def _move(self, connection: Connection, step: Step) -> None:
        """Write the intent row, if it still is what the step believes it is."""
        after = {
            **vars(step.after),
            "refusal": step.after.refusal[:LONGEST_TEXT],
            "hold_reason": step.after.hold_reason[:LONGEST_TEXT],
        }
        if step.before is None:
            try:
                connection.execute(ADD_INTENT, after)
            except IntegrityError as taken:
                raise FenceLostError(f"{step.after.posting_key} was decided by another worker") from taken
            return
        values = {f"new_{name}": value for name, value in after.items() if name != "posting_key"}
        where = {
            "its_key": step.before.posting_key,
            "its_state": step.before.state,
            "its_fence": step.before.fence,
            "its_digest": step.before.payload_digest,
        }
        if connection.execute(MOVE_INTENT, {**where, **values}).rowcount != 1:
            raise FenceLostError(f"{step.before.posting_key} was moved by another worker")

    def chain_end(self) -> ChainEnd:
        """Where the chain of events ends now."""
        with self._database.read() as connection:
            return chain.end_of(connection)

    def verify_chain(self, *sealed: ChainEnd) -> ChainEnd:
        """Recompute the chain against every event, intent and payload: see `chain.verify`."""
        with self._database.read() as connection:
            return chain.verify(connection, sealed)


def _event(step: Step) -> dict[str, Any]:
    """What the chain keeps of a step."""
    return {
        "posting_key": step.after.posting_key,
        "from_state": step.before.state if step.before else "",
        "event": step.event,
        "to_state": step.after.state,
        "mover": step.mover,
        "fence": step.after.fence,
        "payload_digest": step.after.payload_digest,
        "detail": json.dumps(dict(step.detail), sort_keys=True, default=str),
    }


def _intent(row: RowMapping) -> StoredIntent:
    return StoredIntent(**{name: row[name] for name in COLUMNS})
