"""Corrections in two steps: a contra of what is there, then the right document.

Sage can neither edit nor delete, so what drifted is undone and posted anew. The two are two intents with an
order: the repost names the contra it goes after, and may leave only when that is proven. Before the contra is
sent both may not be held by anything; from then on the repost is owed, and no later publication takes it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestration.operations import Operations, StoredIntent
from orchestration.operations.policies import REVERSE_AND_REPOST
from orchestration.posting.decision import WAITING, Decision
from orchestration.posting.documents import Payload, Proposal
from orchestration.posting.holds import Hold
from orchestration.posting.key import receipt_no_of
from orchestration.posting.states import LIVE

# decided on, or waiting, and nothing of it is in Sage
OWED = ("decided", "held", "refused", "cancelled")


def with_begun_cases(operations: Operations, proposals: Sequence[Proposal]) -> list[Proposal]:
    """The proposals with every repost that is owed, in place of whatever is proposed on its key now.

    Once the contra is in Sage, a pass sees a document that is missing, and would propose it as such.
    """
    owed = {intent.posting_key: intent for intent in begun(operations)}
    if not owed:
        return list(proposals)
    proposed = {proposal.posting_key: proposal for proposal in proposals}
    texts = operations.intents.payloads(intent.payload_digest for intent in owed.values())
    again = [
        as_proposed(operations, intent, Payload.from_text(texts[intent.payload_digest]), proposed.get(key))
        for key, intent in owed.items()
    ]
    others = [proposal for proposal in proposals if proposal.posting_key not in owed]
    return sorted([*others, *again], key=lambda proposal: (proposal.posting_key, proposal.payload_digest))


def begun(operations: Operations) -> list[StoredIntent]:
    """Every repost that is owed: its contra was sent, and it was not."""
    seconds = [intent for intent in operations.intents.in_cases() if intent.state in OWED]
    contras = operations.intents.by_keys(intent.after_key for intent in seconds)
    return [
        intent
        for intent in seconds
        if intent.after_key in contras and contras[intent.after_key].state in LIVE
    ]


def half_corrected(operations: Operations, company_id: str) -> list[str]:
    """The keys of reposts whose contra is in Sage and that are not there themselves: severity 1."""
    seconds = [
        intent
        for intent in operations.intents.in_cases()
        if intent.company_id == company_id and not intent.truth_present and intent.state != "reversed"
    ]
    contras = operations.intents.by_keys(intent.after_key for intent in seconds)
    return [
        intent.posting_key
        for intent in seconds
        if intent.after_key in contras and contras[intent.after_key].truth_present
    ]


def as_proposed(
    operations: Operations, intent: StoredIntent, payload: Payload, now: Proposal | None
) -> Proposal:
    """A repost that is owed, as it was decided; the gate's newest word on the key counts."""
    writer = (
        operations.writer_of_record(intent.company_id, intent.store_id, intent.business_date)
        if intent.business_date
        else "observe"
    )
    owed = Proposal(
        posting_key=intent.posting_key,
        company_id=intent.company_id,
        store_id=intent.store_id,
        event_id=intent.event_id,
        receipt_no=receipt_no_of(intent.event_id),
        business_date=intent.business_date or payload.document.document_date,
        document_kind=intent.document_kind,
        ordinal=intent.ordinal,
        revision=intent.revision,
        role=intent.role,
        remedy=intent.remedy,
        gate_status="passed",
        blocked_by="",
        writer=writer,
        sync_claim=intent.sync_claim,
        may_post=True,
        hold_reason="",
        exception_id=intent.exception_id,
        payload=payload,
    )
    return owed if now is None else replace(owed, gate_status=now.gate_status, blocked_by=now.blocked_by)


def whole_cases(decisions: Sequence[Decision], intents: Mapping[str, StoredIntent]) -> list[Decision]:
    """The same decisions, each half of a correction held where the other may not go.

    What waits for a person goes on waiting, where that is all the other half waits for too.
    """
    by_key = {decision.posting_key: decision for decision in decisions}
    second_of = {
        decision.proposal.after_key: decision for decision in decisions if decision.proposal.after_key
    }
    return [_whole(decision, by_key, second_of, intents) for decision in decisions]


def _whole(
    decision: Decision,
    by_key: Mapping[str, Decision],
    second_of: Mapping[str, Decision],
    intents: Mapping[str, StoredIntent],
) -> Decision:
    if decision.proposal.remedy != REVERSE_AND_REPOST:
        return decision
    after_key = decision.proposal.after_key
    if after_key:
        contra = intents.get(after_key)
        if contra is not None and contra.state in LIVE:
            return decision  # it was sent: the repost is owed, and waits only for the proof
    elif decision.state in LIVE:
        return decision
    other = by_key.get(after_key) if after_key else second_of.get(decision.posting_key)
    if other is None:
        return replace(decision, hold=decision.hold or Hold("case_held", "its other half is not proposed"))
    if other.hold is None or (decision.hold is not None and _waits_alike(decision, other)):
        return decision
    return replace(decision, hold=Hold("case_held", f"{other.posting_key}: {other.reason}"))


def _waits_alike(decision: Decision, other: Decision) -> bool:
    """Whether both wait for a person, or the decision is held by something of its own."""
    return decision.code not in WAITING or other.code in WAITING
