"""Allocation: the proven documents of one sale, set against each other on the customer's account in Sage.

Sage keeps no reference for an allocation and cannot take one back, so it is an intent of its own, with the states, the
claims and the patience of a document: looked for before it is sent, sent once, read back; found before we ever sent it,
it is somebody else's and not ours. What it sets against each other is always the whole of each document, and nothing is
allocated that comes to more or less than nothing. That it is ours is known from the intent alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from orchestration.ledgers.ledger import AccountEntry, AllocatingLedger, Allocation, AllocationLine
from orchestration.operations import (
    ALLOCATES,
    ALLOCATION,
    CUSTOMER_KINDS,
    Operations,
    PostingPolicy,
    Step,
    StoredIntent,
)
from orchestration.operations.policies import ALLOCATE_SALE
from orchestration.posting.documents import Payload
from orchestration.posting.holds import Hold
from orchestration.posting.key import event_code, is_ours
from orchestration.posting.policy import Permits
from orchestration.posting.states import move
from orchestration.posting.verification import Truths

DECIDED_AT_ONCE = 200
MOVER = "decide"
# sent, and not known to have come to nothing
BEING_ALLOCATED = ("claimed", "sending", "unknown", "acknowledged")
ALLOCATED = ("proven", "wrong")
# what cannot come right by waiting: the allocation is given up
FINAL = ("members_changed", "allocated_already")
UNDO_IT = "undo it in Sage (Sales Ledger, Amend Allocations: the API cannot) and ask again; it then counts as undone"


# deciding


def waiting(operations: Operations, company_id: str) -> int:
    """How many sales the next send would set about allocating; none where the policy does not allow it."""
    if ALLOCATE_SALE not in operations.posting_policy(company_id).remedies:
        return 0
    return len(operations.intents.to_allocate(company_id))


def decide(operations: Operations, company_id: str, publication_number: int, policy: PostingPolicy) -> int:
    """Write down an intent for every sale that may be allocated and was not; returns how many are new.

    What was held, or refused by Sage, is tried again by a later publication's run.
    """
    if ALLOCATE_SALE not in policy.remedies or not operations.is_posting_enabled(company_id):
        return 0
    again = [
        _again(intent, publication_number)
        for intent in operations.intents.in_states(["held", "refused"], company_id, role=ALLOCATES)
        if publication_number > intent.publication_number
    ]
    if again:
        operations.intents.record_many(again, {})
    events = operations.intents.to_allocate(company_id)
    for start in range(0, len(events), DECIDED_AT_ONCE):
        _decide(operations, company_id, publication_number, events[start : start + DECIDED_AT_ONCE])
    return len(events)


def _again(intent: StoredIntent, publication_number: int) -> Step:
    after = replace(
        intent,
        state=move(intent.state, "redecide", "poster"),
        fence=intent.fence + 1,
        hold_reason="",
        refusal="",
        publication_number=publication_number,
    )
    return Step("redecide", intent, after, MOVER, {})


def _decide(
    operations: Operations,
    company_id: str,
    publication_number: int,
    events: Sequence[tuple[str, int, int]],
) -> None:
    members: dict[str, list[StoredIntent]] = defaultdict(list)
    for intent in operations.intents.of_events(company_id, [event_id for event_id, _, _ in events]):
        if intent.role == "P" and intent.state == "proven" and intent.document_kind in CUSTOMER_KINDS:
            members[intent.event_id].append(intent)
    kept = operations.intents.payloads(one.payload_digest for several in members.values() for one in several)
    steps, texts = [], {}
    for event_id, documents, revisions in events:
        allocation = allocation_of(members[event_id], kept)
        text = text_of(allocation)
        intent = _intent(operations, members[event_id], allocation, documents, revisions, publication_number)
        texts[intent.payload_digest] = text
        steps.append(Step("decide", None, intent, MOVER, {}))
    operations.intents.record_many(steps, texts)


def allocation_of(members: Sequence[StoredIntent], payloads: Mapping[str, str]) -> Allocation:
    """What sets these documents against each other, on the day of the newest."""
    lines, days = [], []
    for intent in members:
        document = Payload.from_text(payloads[intent.payload_digest]).document
        days.append(document.document_date)
        lines.append(
            AllocationLine(intent.posting_key, intent.urn or 0, document.document_kind, document.gross_pence)
        )
    return Allocation(members[0].company_id, members[0].account, max(days), tuple(lines))


def text_of(allocation: Allocation) -> str:
    """The canonical JSON."""
    return json.dumps(asdict(allocation), sort_keys=True, separators=(",", ":"), default=date.isoformat)


def allocation_from(text: str) -> Allocation:
    """What a canonical JSON stands for."""
    values: dict[str, Any] = json.loads(text)
    lines = tuple(AllocationLine(**line) for line in values.pop("lines"))
    return Allocation(
        **{**values, "allocation_date": date.fromisoformat(values["allocation_date"]), "lines": lines}
    )


def allocation_key(company_id: str, event_id: str, documents: int, revisions: int) -> str:
    """Twenty characters like a posting key's, of which Sage never hears."""
    return f"TP{event_code(company_id, f'{ALLOCATION}:{event_id}:{documents}:{revisions}')}A011A"


def _intent(
    operations: Operations,
    members: Sequence[StoredIntent],
    allocation: Allocation,
    documents: int,
    revisions: int,
    publication_number: int,
) -> StoredIntent:
    first, now = members[0], operations.now()
    return StoredIntent(
        posting_key=allocation_key(first.company_id, first.event_id, documents, revisions),
        company_id=first.company_id,
        store_id=first.store_id,
        event_id=first.event_id,
        document_kind=ALLOCATION,
        ordinal=documents,
        revision=revisions,
        role=ALLOCATES,
        remedy=ALLOCATE_SALE,
        payload_digest=hashlib.sha256(text_of(allocation).encode()).hexdigest(),
        state="decided",
        target_urn=None,
        publication_number=publication_number,
        account=allocation.customer_reference,
        business_date=max((one.business_date for one in members if one.business_date), default=None),
        writer=first.writer,
        sync_claim="none",
        gross_pence=sum(
            line.gross_pence for line in allocation.lines if line.document_kind in ("invoice", "payment")
        ),
        decided_at=now,
        updated_at=now,
    )


# looking, and what a look tells


def look(ledger: AllocatingLedger, allocation: Allocation) -> list[AccountEntry]:
    """The documents of an allocation as Sage has them now."""
    return ledger.entries([line.urn for line in allocation.lines])


def truths_of_allocation(allocation: Allocation, entries: Iterable[AccountEntry]) -> Truths:
    """Whether it is in Sage: present where any of its documents is allocated, right where all are, with each other."""
    by_urn = {(entry.urn, entry.reference): entry for entry in entries}
    urns = {line.urn for line in allocation.lines}
    differences, is_present = [], False
    for line in allocation.lines:
        entry = by_urn.get((line.urn, line.posting_key))
        allocated = entry.allocated_pence if entry else 0
        is_present = is_present or allocated > 0
        if allocated != line.gross_pence:
            differences.append(f"of URN {line.urn} {allocated} pence are allocated, not {line.gross_pence}")
        others = sorted((entry.allocated_with or frozenset()) - urns) if entry else []
        if others:
            named = ", ".join(f"URN {urn}" for urn in others)
            differences.append(f"URN {line.urn} is allocated with {named}")
    is_right = is_present and not differences
    return Truths(None, is_present, is_present, is_right, 1, tuple(differences) if is_present else ())


def hold_of(
    operations: Operations,
    policy: PostingPolicy | None,
    intent: StoredIntent,
    allocation: Allocation,
    entries: Sequence[AccountEntry],
) -> Hold | None:
    """Every reason not to allocate now. Ask only when the intent is claimed: a contra claimed since then sees it."""
    return (
        Permits(operations, policy, []).hold_allocation(intent)
        or _hold_by_record(operations, intent, allocation)
        or _hold_by_entries(allocation, entries)
    )


def _hold_by_record(operations: Operations, intent: StoredIntent, allocation: Allocation) -> Hold | None:
    """Whether each document is still proven, and nothing undoes it or is about to."""
    keys = {line.posting_key for line in allocation.lines}
    events = [intent.event_id, *(f"ledger:{line.urn}" for line in allocation.lines)]
    known = operations.intents.of_events(intent.company_id, events)
    states = {one.posting_key: one.state for one in known}
    for contra in known:
        if contra.role == "X" and contra.state not in ("cancelled", "proven"):
            return Hold("being_undone", f"{contra.posting_key} is {contra.state}")
    for key in sorted(keys):
        if states.get(key) != "proven":
            return Hold("members_changed", f"{key} is {states.get(key, 'not known')}")
    return None


def _hold_by_entries(allocation: Allocation, entries: Sequence[AccountEntry]) -> Hold | None:
    """Whether Sage has each document once, on the customer, for what was proven."""
    for line in allocation.lines:
        found = [entry for entry in entries if (entry.urn, entry.reference) == (line.urn, line.posting_key)]
        wanted = (line.document_kind, allocation.customer_reference, line.gross_pence)
        if [(one.document_kind, one.customer_reference, one.gross_pence) for one in found] != [wanted]:
            return Hold("members_changed", f"Sage no longer has {line.posting_key} as it was proven")
    return None


def changed_since(
    ledger: AllocatingLedger, operations: Operations, company_id: str
) -> Iterator[tuple[StoredIntent, tuple[str, ...]]]:
    """Every proven allocation that Sage no longer holds as it was proven, and in what; a person may undo one.

    Raises LedgerUnavailableError.
    """
    for page in operations.intents.pages(["proven"], company_id, role=ALLOCATES):
        texts = operations.intents.payloads(intent.payload_digest for intent in page)
        known = {intent.posting_key: allocation_from(texts[intent.payload_digest]) for intent in page}
        entries = ledger.entries([line.urn for one in known.values() for line in one.lines])
        for intent in page:
            truths = truths_of_allocation(known[intent.posting_key], entries)
            if not truths.is_present:
                yield intent, ("none of it is allocated any more",)
            elif not truths.is_right:
                yield intent, truths.differences


# what an allocation means for undoing a document


def hold_by_allocation(
    operations: Operations, company_id: str, urn: int, reference: str, allocated_pence: int
) -> Hold | None:
    """Whether what a contra would undo is allocated, or being allocated, and by whom.

    What a person has allocated is a person's. What we allocated is undone by a person first, for Sage's API cannot;
    once Sage says that nothing of it is allocated any more, it is undone.
    """
    ours = allocations_with(operations, company_id, reference) if is_ours(reference) else []
    for intent in ours:
        if intent.state in BEING_ALLOCATED:
            return Hold("being_allocated", f"{intent.posting_key} is {intent.state}")
    if not allocated_pence:
        return None
    # a refusal may be of an allocation that Sage took all the same, and what was given up may have come late
    done = [intent for intent in ours if intent.state in (*ALLOCATED, "refused", "unsettled", "aside")]
    if not done:
        return Hold("target_changed", f"URN {urn} has been allocated")
    return _by_us(operations, done[0], urn)


def _by_us(operations: Operations, done: StoredIntent, urn: int) -> Hold:
    allocation = allocation_from(operations.intents.payload(done.payload_digest))
    others = ", ".join(str(line.urn) for line in allocation.lines if line.urn != urn)
    return Hold("allocated_by_us", f"we allocated URN {urn} with URN {others}: {UNDO_IT}")


def allocated_by_us(operations: Operations, company_id: str, urns: Iterable[int]) -> dict[int, Hold]:
    """Which of these documents we allocated, as far as the record knows, with the words for each."""
    members = {one.urn: one for one in operations.intents.by_urns(company_id, urns) if one.urn}
    of_event = {
        intent.event_id: intent
        for intent in operations.intents.of_events(company_id, [one.event_id for one in members.values()])
        if intent.role == ALLOCATES and intent.state in ALLOCATED
    }
    texts = operations.intents.payloads(intent.payload_digest for intent in of_event.values())
    return {
        urn: _by_us(operations, done, urn)
        for urn, member in members.items()
        if (done := of_event.get(member.event_id)) and member.posting_key in texts[done.payload_digest]
    }


def allocations_with(operations: Operations, company_id: str, posting_key: str) -> list[StoredIntent]:
    """Every allocation of ours that has a document in it."""
    member = operations.intents.by_keys([posting_key]).get(posting_key)
    if member is None or member.company_id != company_id:
        return []
    return [
        intent
        for intent in operations.intents.of_events(company_id, [member.event_id])
        if intent.role == ALLOCATES and posting_key in operations.intents.payload(intent.payload_digest)
    ]


def mark_undone(operations: Operations, target: StoredIntent, worker: str, contra: str) -> None:
    """What a proven contra undid was allocated no more: an allocation of ours with it has been undone by a person."""
    for intent in allocations_with(operations, target.company_id, target.posting_key):
        if intent.state in ALLOCATED:
            after = replace(intent, state=move(intent.state, "reverse", "poster"))
            step = Step("reverse", intent, after, worker, {"contra": contra})
            operations.intents.record(step, durable=False)
