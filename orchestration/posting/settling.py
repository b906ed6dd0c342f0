"""What a person found out in Sage of a document that no run could settle: it is there, it is not, or leave it be.

Nobody's word is taken for what Sage can be asked: what is said to be there is read back, by its URN and by our key, and
what is said not to be there is looked for once more. Each move is signed and joins the chain; a run that is under way
must not be there, which whoever calls sees to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orchestration.ledgers.ledger import Ledger, LedgerUnavailableError, PostedDocument, can_allocate
from orchestration.operations import ALLOCATES, Operations, OperationsError, Step, StoredIntent
from orchestration.operations.signing import check_signature
from orchestration.posting import allocations
from orchestration.posting.documents import Payload
from orchestration.posting.key import is_ours
from orchestration.posting.states import FOR_A_PERSON, move
from orchestration.posting.verification import Truths, truths_of

SETTLE, SEND_AGAIN = "settle a posting", "free a posting to be sent again"
FRESH: dict[str, Any] = {"probe_count": 0, "next_attempt_at": None, "lease_until": None}


def to_settle(operations: Operations, company_id: str) -> list[StoredIntent]:
    """What waits for a person, or was put aside by one, allocations included."""
    every = (
        operations.intents.in_states(FOR_A_PERSON, company_id, role=role) for role in ("P", "X", ALLOCATES)
    )
    return sorted(
        (one for some in every for one in some), key=lambda one: (one.state == "aside", one.posting_key)
    )


def it_is_there(
    ledger: Ledger, operations: Operations, company_id: str, key: str, urn: int, *, by: str, reason: str
) -> StoredIntent:
    """The document is the one of this URN, under whatever reference: believed where it is exactly what was to be sent.

    Raises OperationsError in words where it is not, and LedgerUnavailableError.
    """
    intent = _for_a_person(operations, company_id, key, by, reason, SETTLE)
    if intent.role == ALLOCATES:
        raise OperationsError(
            f"{key} is an allocation, which has no URN: if Sage has it, `tillproof post --send` finds it"
        )
    payload = Payload.from_text(operations.intents.payload(intent.payload_digest))
    posted = _of_urn(ledger, payload, urn)
    _must_be_free(operations, intent, posted)
    others = [one.urn for one in ledger.find(intent.key_stem) if one.reference == key and one.urn != urn]
    if others:
        raise OperationsError(
            f"Sage has {key} itself, as URN {others[0]}: URN {urn} is a copy of it. `tillproof post --send` "
            "proves the one, the next pass tells of the other"
        )
    truths = _as_ours(operations, payload, posted)
    if truths.differences:
        raise OperationsError(f"URN {urn} is not what was to be sent: {'; '.join(truths.differences)}")
    event = "prove" if truths.is_right else "defer"
    after = replace(
        intent,
        state=move(intent.state, event, "person"),
        fence=intent.fence + 1,
        urn=urn,
        reference_in_sage="" if posted.reference == key else posted.reference,
        truth_sent=True,
        truth_acknowledged=True,
        truth_present=True,
        truth_in_nominal=truths.is_in_nominal,
        truth_right=truths.is_right,
        refusal="",
        **FRESH,
    )
    told = {"urn": urn, "reference": posted.reference, "reason": reason}
    return _record(operations, [Step(event, intent, after, by, told)], reason, SETTLE, "settle: it is there")


def it_is_not_there(
    ledger: Ledger, operations: Operations, company_id: str, key: str, *, by: str, reason: str
) -> StoredIntent:
    """It is not in Sage, and may be sent again: believed where a fresh look agrees. It is then as if it had just been
    decided: the next run asks once more whether it is proposed and may go.

    Raises OperationsError, and LedgerUnavailableError.
    """
    intent = _for_a_person(operations, company_id, key, by, reason, SEND_AGAIN)
    truths = _look_for(ledger, operations, intent)
    if truths.is_present:
        named = f"URN {truths.urn} bears its key" if truths.urn else "some of it is allocated"
        raise OperationsError(f"it is in Sage: {named}. `tillproof post --send` takes that up")
    claimed = replace(
        intent,
        state=move(intent.state, "absent", "person"),
        attempts=0,
        fence=intent.fence + 1,
        worker=by,
        refusal="",
        **FRESH,
    )
    # not left claimed: a run must first see whether anybody still proposes it
    free = replace(claimed, state=move("claimed", "release", "poster"), fence=claimed.fence + 1)
    steps = [
        Step("absent", intent, claimed, by, {"reason": reason}),
        Step("release", claimed, free, by, {"reason": reason}),
    ]
    return _record(operations, steps, reason, SEND_AGAIN, "settle: it is not there")


def put_aside(operations: Operations, company_id: str, key: str, *, by: str, reason: str) -> StoredIntent:
    """A person sees to it in Sage: no run sends it again, and none complains of it. It is still looked for.

    Raises OperationsError.
    """
    intent = _for_a_person(operations, company_id, key, by, reason, SETTLE)
    if intent.state == "aside":
        raise OperationsError(f"{key} was put aside before: {intent.refusal}")
    after = replace(
        intent,
        state=move(intent.state, "set_aside", "person"),
        fence=intent.fence + 1,
        refusal=reason,
        **FRESH,
    )
    told = {"reason": reason, "was": intent.refusal}
    return _record(
        operations, [Step("set_aside", intent, after, by, told)], reason, SETTLE, "settle: put aside"
    )


def _for_a_person(
    operations: Operations, company_id: str, key: str, by: str, reason: str, duty: str
) -> StoredIntent:
    """The intent, where this person may say what became of it."""
    check_signature(by, reason)
    operations.must_be_allowed(by, duty)
    intent = operations.intents.get(key)
    if intent is None or intent.company_id != company_id:
        raise OperationsError(f"{key} is not the key of a posting of {company_id}")
    if intent.state not in FOR_A_PERSON:
        raise OperationsError(f"{key} is {intent.state}: {_whose(intent.state)}")
    return intent


def _whose(state: str) -> str:
    """Why a document in this state is not a person's to settle."""
    if state in ("proven", "reversed", "cancelled"):
        return "there is nothing to settle"
    if state in ("decided", "held", "refused", "locked"):
        return "nothing of it is in Sage, and the next `tillproof post --send` goes on with it"
    if state in ("deferred", "wrong"):
        return "it is in Sage; the next pass tells what is to be done about it"
    return "it is settled by `tillproof post --send`, which looks in Sage before anything else"


def _of_urn(ledger: Ledger, payload: Payload, urn: int) -> PostedDocument:
    """The document of a URN that can be the one meant."""
    wanted = payload.document.document_kind
    found = ledger.find_by_urn(urn)
    mine = [one for one in found if one.document_kind == wanted]
    if not found:
        raise OperationsError(f"Sage has no document of URN {urn}")
    if len(mine) != 1:
        kinds = " and ".join(sorted({one.document_kind.replace("_", " ") for one in found}))
        raise OperationsError(f"URN {urn} is {len(found)} times {kinds}, not one {wanted.replace('_', ' ')}")
    return mine[0]


def _must_be_free(operations: Operations, intent: StoredIntent, posted: PostedDocument) -> None:
    """Nothing else claims the document: no other intent, no other key, no connector."""
    for other in operations.intents.by_urn(intent.company_id, posted.urn):
        if other.posting_key != intent.posting_key and other.document_kind == intent.document_kind:
            raise OperationsError(f"URN {posted.urn} is the document of {other.posting_key}")
    if is_ours(posted.reference) and posted.reference != intent.posting_key:
        raise OperationsError(f"URN {posted.urn} bears another key of ours: {posted.reference}")
    patterns = [
        *operations.connector_patterns(intent.company_id),
        *operations.connector_day_patterns(intent.company_id),
    ]
    if any(re.fullmatch(pattern, posted.reference) for pattern in patterns):
        raise OperationsError(
            f"URN {posted.urn} ({posted.reference}) is the connector's own: put ours aside, and the next pass "
            "matches the connector's"
        )


def _as_ours(operations: Operations, payload: Payload, posted: PostedDocument) -> Truths:
    """The truths of the document as if it bore our key."""
    as_ours = replace(posted, reference=payload.document.posting_key)
    return truths_of(payload, [as_ours], operations.suspense_account(payload.document.company_id))


def _look_for(ledger: Ledger, operations: Operations, intent: StoredIntent) -> Truths:
    """What Sage has of it now."""
    text = operations.intents.payload(intent.payload_digest)
    if intent.role != ALLOCATES:
        suspense = operations.suspense_account(intent.company_id)
        return truths_of(Payload.from_text(text), ledger.find(intent.key_stem), suspense)
    if not can_allocate(ledger):
        raise LedgerUnavailableError("this Sage takes no allocation")
    allocation = allocations.allocation_from(text)
    return allocations.truths_of_allocation(allocation, allocations.look(ledger, allocation))


def _record(
    operations: Operations, steps: Sequence[Step], reason: str, duty: str, action: str
) -> StoredIntent:
    """The moves and their row in the audit log, in one transaction; what comes of them."""
    return operations.record_signed(steps, steps[0].mover, reason, duty=duty, action=action)
