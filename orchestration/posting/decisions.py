"""Decide: which proposals go, which stay and why. `plan` only says so; `decide` writes the intents down.

A document that may not go leaves no row behind unless it had one: the store holds what we mean to post, not
what we merely saw.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from orchestration.operations import Operations, OperationsError, PostingPolicy, Step, StoredIntent
from orchestration.operations.policies import REVERSE_POSTING
from orchestration.posting.allocations import allocated_by_us
from orchestration.posting.cases import whole_cases, with_begun_cases
from orchestration.posting.decision import WAITING, Decision
from orchestration.posting.documents import Proposal, Rows, read_proposals
from orchestration.posting.holds import Hold
from orchestration.posting.limits import behind_canaries, within_returns, within_run
from orchestration.posting.policy import Permits
from orchestration.posting.states import LIVE, REPLACEABLE, UNSETTLED, move
from orchestration.posting.tranches import Members, to_freeze, with_begun_tranches
from orchestration.posting.vat import Returns

STEPS_PER_TRANSACTION = 500
MOVER = "decide"
# no longer proposed: the cause went away by itself
CANCELLABLE = ("decided", "held")


def plan(
    proposals: Rows,
    legs: Rows,
    operations: Operations,
    *,
    policy: PostingPolicy | None = None,
    publication_number: int | None = None,
) -> list[Decision]:
    """The dry run: every proposal of a publication with what would be sent, or why not. Changes nothing.

    What Sage itself may still object to is only asked at the moment of sending.
    """
    read = with_begun_cases(operations, read_proposals(proposals, legs))
    read, begun = with_begun_tranches(operations, read, publication_number)
    keys = [proposal.posting_key for proposal in read]
    intents = operations.intents.by_keys([*keys, *(one.after_key for one in read if one.after_key)])
    permits = Permits(operations, policy, keys)
    times = Counter(keys)
    decisions = []
    for proposal in read:
        intent = intents.get(proposal.posting_key)
        hold = (
            Hold("key_taken", f"the publication proposes it {times[proposal.posting_key]} times")
            if times[proposal.posting_key] > 1
            else hold_by_intent(proposal, intent)
            or begun.get(proposal.posting_key)
            or _hold_by_proposal(proposal)
            or permits.hold(proposal, proposal.payload.document)
            or hold_by_refusal(proposal, intent, publication_number)
        )
        decisions.append(Decision(proposal, hold, intent.state if intent else ""))
    told = _told_by_allocation(operations, decisions)
    whole = behind_canaries(operations, whole_cases(told, intents), policy)
    whole = within_returns(operations, whole, policy)
    return within_run(operations, whole, "post", publication_number or 0, policy)


def _told_by_allocation(operations: Operations, decisions: list[Decision]) -> list[Decision]:
    """The same; where the publication holds what would undo a document that we allocated, that is said instead."""
    urns: dict[str, set[int]] = defaultdict(set)
    for decision in decisions:
        if decision.code == "not_ready" and decision.proposal.payload.target_urn:
            urns[decision.proposal.company_id].add(decision.proposal.payload.target_urn)
    ours = {
        (company_id, urn): hold
        for company_id, of_company in urns.items()
        for urn, hold in allocated_by_us(operations, company_id, of_company).items()
    }
    return [
        replace(decision, hold=hold)
        if decision.code == "not_ready"
        and (hold := ours.get((decision.proposal.company_id, decision.proposal.payload.target_urn or 0)))
        else decision
        for decision in decisions
    ]


def hold_by_intent(proposal: Proposal, intent: StoredIntent | None) -> Hold | None:
    """What an earlier decision on the same key forbids."""
    if intent is None:
        return None
    names = ("company_id", "event_id", "document_kind", "ordinal", "revision", "role")
    if any(getattr(intent, name) != getattr(proposal, name) for name in names):
        return Hold("key_taken", f"the key belongs to event {intent.event_id}")
    if intent.state == "aside":
        return Hold("set_aside", f"a person put it aside: {intent.refusal}")
    if intent.state in LIVE - UNSETTLED:
        return Hold("already_posted", f"it is {intent.state} under URN {intent.urn}")
    if intent.state not in REPLACEABLE:
        changed = " with another payload" if intent.payload_digest != proposal.payload_digest else ""
        return Hold("being_settled", f"an earlier send{changed} is {intent.state}")
    return None


def _hold_by_proposal(proposal: Proposal) -> Hold | None:
    """What the publication itself says against it."""
    if proposal.gate_status != "passed":
        return Hold("gate_blocked", proposal.blocked_by or proposal.gate_status or "it never passed the gate")
    if proposal.unsound:
        return Hold("unsound", proposal.unsound)
    if not proposal.may_post:
        return Hold("not_ready", proposal.hold_reason)
    return None


def hold_by_refusal(
    proposal: Proposal, intent: StoredIntent | None, publication_number: int | None
) -> Hold | None:
    """What Sage refused is tried again only for another payload or a later publication."""
    if intent is None or intent.state != "refused" or intent.payload_digest != proposal.payload_digest:
        return None
    if publication_number is not None and publication_number > intent.publication_number:
        return None
    return Hold("refused", intent.refusal)


def approve(operations: Operations, decisions: Iterable[Decision], approver: str, reason: str) -> int:
    """A person's yes to exactly what a plan showed; returns to how many.

    Only documents that wait for a person can be approved: OperationsError names the first that does not.
    """
    chosen = list(decisions)
    for decision in chosen:
        if decision.code not in (*WAITING, "rejected", "goes"):
            raise OperationsError(f"{decision.posting_key} cannot be approved: {decision.reason}")
    for company_id in sorted({decision.proposal.company_id for decision in chosen}):
        mine = [decision for decision in chosen if decision.proposal.company_id == company_id]
        operations.approve(
            company_id,
            {decision.posting_key: decision.payload_digest for decision in mine},
            approver=approver,
            reason=reason,
            sync_claims={decision.posting_key: decision.proposal.sync_claim for decision in mine},
        )
    return len(chosen)


def decide(
    operations: Operations,
    decisions: Sequence[Decision],
    *,
    company_id: str,
    publication_number: int,
    members: Members | None = None,
) -> int:
    """Write down what goes, what no longer does, what is no longer proposed; returns how many of the last."""
    cancelled = list(_cancelled(operations, decisions, company_id, publication_number))
    record(operations, decisions, publication_number, cancelled, members)
    return len(cancelled)


def record(
    operations: Operations,
    decisions: Sequence[Decision],
    publication_number: int,
    cancelled: Sequence[Step] = (),
    members: Members | None = None,
) -> None:
    """Write down what goes and what no longer does, and what is cancelled besides.

    What a summary stands for is kept in `members` before any intent names it: without it, OperationsError. A summary is
    decided whole; of its documents, what may not go yet is held.
    """
    intents = operations.intents.by_keys(decision.posting_key for decision in decisions)
    summaries = to_freeze(decisions, intents)
    if summaries:
        if members is None:
            raise OperationsError("summaries cannot be decided here: nothing keeps what they stand for")
        members.freeze(summaries)
    steps: list[Step] = []
    payloads: dict[str, str] = {}
    returns = Returns(operations)
    for decision in decisions:
        intent = intents.get(decision.posting_key)
        taken: list[Step | None] = (
            [*_whole(operations, decision, publication_number, returns)]
            if decision.hold is not None and intent is None and decision.posting_key in summaries
            else [_step(operations, decision, intent, publication_number, returns)]
        )
        for step in filter(None, taken):
            steps.append(step)
            payloads[decision.payload_digest] = decision.proposal.payload.text
    for batch in _batches([*steps, *cancelled]):
        kept = {step.after.payload_digest for step in batch}
        wanted = {digest: text for digest, text in payloads.items() if digest in kept}
        operations.intents.record_many(batch, wanted)


def _whole(
    operations: Operations, decision: Decision, publication_number: int, returns: Returns
) -> list[Step]:
    """The moves of a document that may not go yet, of a summary of which another does: decided with it, and held."""
    decided = _decided(operations, decision, publication_number, returns)
    held = replace(decided, state=move("decided", "hold", "poster"), hold_reason=decision.reason)
    hold = Step("hold", decided, held, MOVER, {"hold": decision.reason})
    return [Step("decide", None, decided, MOVER, {}), hold]


def _step(
    operations: Operations,
    decision: Decision,
    intent: StoredIntent | None,
    publication_number: int,
    returns: Returns,
) -> Step | None:
    """The one move a decision makes, if any."""
    proposal = decision.proposal
    if decision.hold is not None:
        # what Sage refused stays refused: it may be there all the same, and is looked for when withdrawn
        replaceable = intent is not None and intent.state in ("decided", "held", "locked")
        if intent is None or not replaceable or decision.hold.code in ("refused", "key_taken"):
            return None
        if intent.state == "held" and intent.hold_reason == decision.reason:
            return None
        after = replace(intent, state=move(intent.state, "hold", "poster"), hold_reason=decision.reason)
        return Step("hold", intent, after, MOVER, {"hold": decision.reason})
    if intent is not None and intent.state not in REPLACEABLE:
        return None  # another run took it up since the plan was made
    if intent is None:
        return Step("decide", None, _decided(operations, decision, publication_number, returns), MOVER, {})
    if intent.state in ("decided", "locked") and intent.payload_digest == proposal.payload_digest:
        return None
    after = replace(
        _decided(operations, decision, publication_number, returns),
        state=move(intent.state, "redecide", "poster"),
        fence=intent.fence + 1,
        decided_at=intent.decided_at,
    )
    return Step("redecide", intent, after, MOVER, {"replaces_digest": intent.payload_digest})


def _decided(
    operations: Operations, decision: Decision, publication_number: int, returns: Returns
) -> StoredIntent:
    """The intent of a proposal, before anything was done about it."""
    proposal, document = decision.proposal, decision.document
    effect = returns.effect(document)
    now = operations.now()
    return StoredIntent(
        posting_key=proposal.posting_key,
        company_id=proposal.company_id,
        store_id=proposal.store_id,
        event_id=proposal.event_id,
        document_kind=proposal.document_kind,
        ordinal=proposal.ordinal,
        revision=proposal.revision,
        role=proposal.role,
        remedy=proposal.remedy,
        payload_digest=proposal.payload_digest,
        state="decided",
        target_urn=proposal.payload.target_urn,
        publication_number=publication_number,
        account=proposal.account,
        business_date=proposal.business_date,
        writer=proposal.writer,
        sync_claim=proposal.sync_claim,
        exception_id=proposal.exception_id,
        gross_pence=document.gross_pence,
        document_date=document.document_date,
        box_1_pence=effect.box_1_pence,
        box_6_pence=effect.box_6_pence,
        after_key=proposal.after_key,
        members_digest=proposal.members_digest,
        decided_at=now,
        updated_at=now,
    )


def _cancelled(
    operations: Operations, decisions: Sequence[Decision], company_id: str, publication_number: int
) -> Iterator[Step]:
    """What an earlier publication proposed and this one no longer does, if nothing was ever sent of it."""
    proposed = {decision.posting_key for decision in decisions}
    for intent in operations.intents.in_states(CANCELLABLE, company_id):
        if intent.posting_key in proposed or intent.remedy == REVERSE_POSTING:
            continue  # no publication proposes a reversal
        if publication_number > intent.publication_number:
            after = replace(intent, state=move(intent.state, "cancel", "poster"))
            yield Step("cancel", intent, after, MOVER, {"publication_number": publication_number})


def _batches(steps: list[Step]) -> Iterator[list[Step]]:
    for start in range(0, len(steps), STEPS_PER_TRANSACTION):
        yield steps[start : start + STEPS_PER_TRANSACTION]
