"""One step at a time: what the poster does with an intent in each state.

Every step is recorded before the next is taken, and any of them may be the last this process does: whoever
comes after reads the state and walks on. Only `sending` must not be walked again, because a POST may have
left: found in that state, an intent is `unknown`, and unknown is looked for with patience before anything
is sent again. Nothing is ever sent without a look by its key first.
"""

from __future__ import annotations

import os
import platform
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from orchestration.ledgers.ledger import (
    AccountEntry,
    AllocatingLedger,
    Allocation,
    Document,
    Ledger,
    LedgerUnavailableError,
    PostedDocument,
    Reply,
    can_allocate,
    orders_of,
)
from orchestration.operations import ALLOCATES, Operations, PostingPolicy, Run, Step, StoredIntent
from orchestration.posting import allocations
from orchestration.posting.documents import Payload
from orchestration.posting.holding import LeaveToSend, SageHolds
from orchestration.posting.holds import Hold
from orchestration.posting.orders import is_order_in_sage
from orchestration.posting.pace import Pace
from orchestration.posting.states import LEADS, LOOKING, move
from orchestration.posting.vat import Returns
from orchestration.posting.verification import Truths, truths_of, under_their_keys

Changes = dict[str, Any]
PAYLOADS_KEPT = 256
TO_SEND = ("decided", "locked", "claimed")


class HeldElsewhereError(Exception):
    """Another worker has the intent and its lease runs still."""


class OrdersUnseenError(Exception):
    """What may be a sales order in Sage cannot be looked for: the installation no longer says how they are numbered."""


class Poster:
    """A worker: one ledger, one store, one name.

    `alone` is the caller's word that no other worker lives (it holds the installation's posting lock): then
    what a dead one left claimed is taken over at once, not when its lease has run out. `seen_urn` is the
    greatest URN the publication knew. `may_send` may be switched off while working: then all is only settled.
    """

    def __init__(
        self,
        ledger: Ledger,
        operations: Operations,
        *,
        worker: str | None = None,
        policy: PostingPolicy | None = None,
        pace: Pace | None = None,
        alone: bool = False,
        seen_urn: int | None = None,
        run: Run | None = None,
        rng: random.Random | None = None,
    ):
        self.pace = pace or Pace()
        self.may_send = True
        self.sends = 0
        self._operations = operations
        self._asked = ledger
        self._sage = SageHolds(ledger, operations, self.pace.live_facts_s, seen_urn)
        self._ledger = self._sage.looks
        self.leave = LeaveToSend(operations, self._sage, self._payload, policy=policy, run=run)
        self._worker = worker or worker_name()
        self._policy = policy
        self._alone = alone
        self._run = run
        self._rng = rng or random.Random(0)  # noqa: S311  spreads waits, guards nothing
        self._suspense_of = cache(operations.suspense_account)
        self._payloads: dict[str, Payload] = {}
        self._locks: Counter[str] = Counter()

    def advance(self, intent: StoredIntent) -> StoredIntent:
        """Move an intent one step; the same intent back means it rests, or waits until `next_attempt_at`.

        Raises LedgerUnavailableError when Sage could not be asked (nothing was changed), HeldElsewhereError,
        and FenceLostError when another worker was faster.
        """
        now = self._operations.now()
        # further ahead than any wait of ours: the clock was set back since
        if intent.next_attempt_at and now < intent.next_attempt_at <= now + self._longest_wait():
            return intent
        if intent.state in ("decided", "locked"):
            return self._claim(intent) if self.may_send else intent
        if intent.state == "claimed":
            return self._send(intent) if self.may_send and self._is_mine(intent) else self._release(intent)
        if intent.state == "sending":
            return self._doubt(intent)
        return self._look(intent) if intent.state in LOOKING else intent

    # looking ahead

    def look_ahead(self, intents: Iterable[StoredIntent]) -> None:
        """Ask Sage at once for what the next step of each will want to know; those that wait are left out.

        Raises LedgerUnavailableError. What cannot be asked together is asked one by one when its turn comes.
        """
        now = self._operations.now()
        coming = [
            intent
            for intent in intents
            if (intent.state in TO_SEND and self.may_send) or intent.state in (*LOOKING, "sending")
            if intent.next_attempt_at is None or intent.next_attempt_at <= now
            if intent.role != ALLOCATES  # it has no key in Sage
            if not self.has_looked_for(intent)
        ]
        to_send = [intent for intent in coming if intent.state in TO_SEND]
        try:
            # what was sent is read back beside whatever the connector may have called it
            asked = [*to_send, *(intent for intent in coming if intent.state in ("acknowledged", "unknown"))]
            names = [name for intent in asked for name in self._sage.names(intent, self._payload(intent))]
            self._ledger.ahead([intent.key_stem for intent in coming], names, newcomers=bool(to_send))
        except (LedgerUnavailableError, SQLAlchemyError):
            raise
        except Exception:
            return

    def has_looked_for(self, intent: StoredIntent) -> bool:
        """Whether its next look is already taken."""
        return self._ledger.has(intent.key_stem)

    # claiming

    def _claim(self, intent: StoredIntent) -> StoredIntent:
        """Take the intent for this worker alone; whoever had it before can record nothing more."""
        fresh = {"next_attempt_at": None, "probe_count": 0, "hold_reason": ""}
        taken = {"run_number": self._run.run_number if self._run else 0, "fence": intent.fence + 1}
        # told before the limit is asked: of two workers each then knows of the other's
        corrected = {"corrects_return": Returns(self._operations).key_of(intent)}
        return self._step(intent, "claim", {**self._lease(), **fresh, **taken, **corrected})

    def _release(self, intent: StoredIntent) -> StoredIntent:
        """Nothing was sent under this claim: give it back."""
        taken = self._taken_over(intent)
        return self._step(intent, "release", {"fence": intent.fence + 1}, detail=taken)

    def _doubt(self, intent: StoredIntent) -> StoredIntent:
        """Whoever was sending is gone, and nobody knows whether it left."""
        taken = self._taken_over(intent)
        # its POST may be on its way still: it is not believed absent before it must have come
        lease = {"worker": self._worker, "lease_until": self._come_by(intent)}
        fresh = {"probe_count": 0, "fence": intent.fence + 1}
        return self._step(intent, "silence", {**lease, **fresh}, detail=taken)

    def _lease(self) -> Changes:
        until = self._operations.now() + timedelta(seconds=self.pace.lease_s)
        return {"worker": self._worker, "lease_until": until}

    def _is_mine(self, intent: StoredIntent) -> bool:
        """Mine, and not so old that another may already have taken it for dead."""
        return intent.worker == self._worker and not self._has_run_out(intent)

    def _has_run_out(self, intent: StoredIntent) -> bool:
        return intent.lease_until is None or self._operations.now() >= intent.lease_until

    def _taken_over(self, intent: StoredIntent) -> dict[str, Any]:
        """Why it may be taken from the worker that had it; HeldElsewhereError when it may not."""
        if not (self._alone or self._has_run_out(intent) or intent.worker == self._worker):
            raise HeldElsewhereError(
                f"{intent.posting_key} is with {intent.worker} until {intent.lease_until}"
            )
        return {"taken_over_from": intent.worker}

    # sending

    def _send(self, intent: StoredIntent) -> StoredIntent:
        """Probe, ask once more whether it may go, then send once and record what came back."""
        if intent.role == ALLOCATES:
            return self._send_allocation(intent)
        payload = self._payload(intent)
        found = self._ledger.find(intent.key_stem)
        truths = self._truths(payload, found)
        if truths.is_present:
            return self._seen(intent, truths)
        returns = Returns(self._operations)
        hold = (
            Hold("order_cancelled")
            if truths.is_cancelled
            else self.leave.hold(intent, payload, returns)
            or self._sage.hold(intent, payload, found, is_older=self.leave.is_older(intent))
        )
        if hold:
            return self._step(intent, "hold", {"hold_reason": str(hold)}, detail={"hold": str(hold)})
        corrected = returns.key_of(intent)
        told = {"corrects_return": corrected.isoformat()} if corrected else {}
        changes = {"corrects_return": corrected}
        return self._send_once(intent, changes, told, lambda: self._post(payload.document))

    def _send_allocation(self, intent: StoredIntent) -> StoredIntent:
        """The same for an allocation. Found before it could be ours, it is somebody else's, and given up."""
        allocation = self._allocation(intent)
        entries = self._entries(allocation)
        truths = allocations.truths_of_allocation(allocation, entries)
        if truths.is_present and intent.attempts > intent.lock_count:
            return self._seen(intent, truths)
        hold = (
            Hold("allocated_already")
            if truths.is_present
            else allocations.hold_of(self._operations, self._policy, intent, allocation, entries)
        )
        if hold:
            event = "cancel" if hold.code in allocations.FINAL else "hold"
            return self._step(intent, event, {"hold_reason": str(hold)}, detail={"hold": str(hold)})
        return self._send_once(intent, {}, {}, lambda: self._allocate(allocation, entries))

    def _send_once(
        self, intent: StoredIntent, changes: Changes, told: Mapping[str, Any], send: Callable[[], Reply]
    ) -> StoredIntent:
        """Say on disk that it is being sent, send it, and record what came back."""
        sent = {**self._lease(), "attempts": intent.attempts + 1, "truth_sent": True, **changes}
        sending = self._step(intent, "send", sent, detail=told, durable=True)
        if self._has_run_out(sending):  # this process slept: another may have sent it meanwhile
            return self._step(sending, "silence", {"next_attempt_at": self._later(1)})
        self.sends += 1
        return self._replied(sending, send())

    def _post(self, document: Document) -> Reply:
        """Send once. A ledger that breaks while sending has told us nothing."""
        try:
            return self._ledger.post(document)
        except Exception as broken:
            return Reply("unknown", None, None, f"the send broke: {type(broken).__name__}")

    def _allocate(self, allocation: Allocation, entries: list[AccountEntry]) -> Reply:
        """The same for an allocation."""
        try:
            return self._allocating.allocate(allocation, entries)
        except Exception as broken:
            return Reply("unknown", None, None, f"the send broke: {type(broken).__name__}")

    def _entries(self, allocation: Allocation) -> list[AccountEntry]:
        return allocations.look(self._allocating, allocation)

    @property
    def _allocating(self) -> AllocatingLedger:
        """The ledger, where it can allocate: for any other no allocation is ever decided."""
        if not can_allocate(self._asked):
            raise LedgerUnavailableError("this Sage takes no allocation")
        return self._asked

    def _replied(self, sending: StoredIntent, reply: Reply) -> StoredIntent:
        """Record the reply for what it proves, which is little unless it is a refusal."""
        detail = {"status": reply.status, "urn": reply.urn, "message": reply.message}
        changes: Changes = {"refusal": reply.message, "lease_until": None}
        if reply.kind == "accepted":
            # the number Sage gives an allocation is no document's
            urn = None if sending.role == ALLOCATES else reply.urn
            changes |= {"urn": urn, "truth_acknowledged": True, "refusal": ""}
            return self._step(sending, "acknowledge", changes, detail=detail)
        if reply.kind == "refused":
            return self._step(sending, "refuse", changes, detail=detail)
        if reply.kind == "locked":
            self._locks[sending.posting_key] += 1
            changes["lock_count"] = sending.lock_count + 1
            changes["next_attempt_at"] = self._later(self._locks[sending.posting_key], reply.retry_after_s)
            return self._step(sending, "lock", changes, detail=detail)
        # a gateway may give up long before Sage does
        changes |= {"lease_until": self._come_by(sending), "next_attempt_at": self._later(1)}
        return self._step(sending, "silence", changes, detail=detail)

    def _come_by(self, sending: StoredIntent) -> datetime:
        """When a POST that left must have come, heard or not: it is not believed absent before."""
        return sending.updated_at + timedelta(seconds=self.pace.longest_post_s + self.pace.longest_wait_s)

    def _longest_wait(self) -> timedelta:
        return timedelta(seconds=self.pace.lease_s)

    def _later(self, tries: int, asked_s: float | None = None) -> datetime:
        wait = timedelta(seconds=self.pace.wait_s(tries, self._rng, asked_s))
        return self._operations.now() + min(wait, self._longest_wait())

    # looking

    def _look(self, intent: StoredIntent) -> StoredIntent:
        """Look for the document; what is not there is looked for again before that is believed."""
        if intent.state == "refused" and intent.probe_count:
            return intent
        truths = self._look_for(intent)
        if truths.is_present:
            return self._seen(intent, truths)
        if truths.is_cancelled and (intent.state, "reverse") in LEADS:
            detail = {"order": "cancelled in Sage"}
            return self._step(intent, "reverse", {"next_attempt_at": None}, detail=detail)
        looks = intent.probe_count + 1
        if intent.state == "refused":
            return self._step(intent, "look", {"probe_count": looks})
        if is_order_in_sage(intent):
            gone = {"refusal": "its order was in Sage, and is there no more", "truth_present": False}
            return self._step(intent, "give_up", gone)
        if intent.state not in ("unknown", "acknowledged"):
            return intent
        is_on_its_way = intent.state == "unknown" and not self._has_run_out(intent)
        if looks < self.pace.looks or is_on_its_way:
            return self._step(
                intent, "look", {"probe_count": looks, "next_attempt_at": self._later(looks + 1)}
            )
        return self._believed_absent(intent)

    def withdraw(self, intent: StoredIntent, publication_number: int) -> StoredIntent:
        """Sage refused it and nobody proposes it any more: cancel it, unless Sage took it all the same.

        An error may come with a document that is seen only later; the publication saw it, and so must we.
        """
        truths = self._look_for(intent)
        if truths.is_present:
            return self._seen(intent, truths)
        return self._step(intent, "cancel", {}, detail={"publication_number": publication_number})

    def _believed_absent(self, intent: StoredIntent) -> StoredIntent:
        """Patience is spent: a success that left nothing becomes unknown; an unknown may be sent again."""
        fresh: Changes = {"probe_count": 0, "next_attempt_at": None}
        if intent.state == "acknowledged":
            ghost = {"urn_that_is_not_there": intent.urn}
            changes = {**fresh, "urn": None, "truth_acknowledged": False, "next_attempt_at": self._later(1)}
            return self._step(intent, "vanish", changes, detail=ghost)
        if intent.attempts >= self.pace.max_sends:
            words = f"sent {intent.attempts} times and not there"
            return self._step(intent, "give_up", {**fresh, "refusal": words})
        return self._step(intent, "absent", {**fresh, **self._lease(), "fence": intent.fence + 1})

    def _look_for(self, intent: StoredIntent) -> Truths:
        if intent.role == ALLOCATES:
            allocation = self._allocation(intent)
            return allocations.truths_of_allocation(allocation, self._entries(allocation))
        payload = self._payload(intent)
        if payload.document.is_order and orders_of(self._asked) is None:
            raise OrdersUnseenError("it went as a sales order: set sage200.sop_order_numbers, to look for it")
        found = self._ledger.find(intent.key_stem)
        if intent.reference_in_sage:
            found = [*found, *self._ledger.find_by_reference(intent.reference_in_sage)]
        return self._truths(payload, under_their_keys([intent], found))

    def _truths(self, payload: Payload, found: Sequence[PostedDocument]) -> Truths:
        return truths_of(payload, found, self._suspense_of(payload.document.company_id))

    def _seen(self, intent: StoredIntent, truths: Truths) -> StoredIntent:
        """It is there. Record how far the five truths hold."""
        if truths.is_right:
            event = "prove"
        elif truths.differences:
            event = "differ"
        else:
            event = "defer"
        known = {
            "urn": truths.urn,
            "truth_sent": True,
            "truth_acknowledged": True,
            "truth_present": True,
            "truth_in_nominal": truths.is_in_nominal,
            "truth_right": truths.is_right,
            "refusal": "; ".join(truths.differences),
        }
        if truths.copies > 1:
            reason = f"{intent.posting_key} is in Sage {truths.copies} times"
            self._operations.stop_store(intent.company_id, intent.store_id or "*", reason)
        if (intent.state, event) in (("deferred", "defer"), ("wrong", "differ")):
            return intent
        self._mind_a_second_writer(intent, truths)
        detail = {**known, "copies": truths.copies}
        seen = self._step(intent, event, {**known, "next_attempt_at": None}, detail=detail)
        if seen.state == "proven" and seen.role == "X":
            mark_reversed(self._operations, seen)
        return seen

    def _mind_a_second_writer(self, intent: StoredIntent, truths: Truths) -> None:
        """Stop the store where the connector posted the same receipt between the probe and our send."""
        if intent.role == ALLOCATES or not intent.attempts:
            return
        theirs = self._sage.by_connector(intent, self._payload(intent))
        if theirs:
            reason = f"URN {theirs.urn} ({theirs.reference}) and ours, URN {truths.urn}, are one receipt: two writers"
            self._operations.stop_store(intent.company_id, intent.store_id or "*", reason)

    # recording

    def _allocation(self, intent: StoredIntent) -> Allocation:
        return allocations.allocation_from(self._operations.intents.payload(intent.payload_digest))

    def _payload(self, intent: StoredIntent) -> Payload:
        kept = self._payloads.get(intent.payload_digest)
        if kept is None:
            if len(self._payloads) >= PAYLOADS_KEPT:
                self._payloads.clear()
            kept = Payload.from_text(self._operations.intents.payload(intent.payload_digest))
            self._payloads[intent.payload_digest] = kept
        return kept

    def _step(
        self,
        intent: StoredIntent,
        event: str,
        changes: Changes,
        *,
        detail: Mapping[str, Any] | None = None,
        durable: bool = False,
    ) -> StoredIntent:
        after = replace(intent, state=move(intent.state, event, "poster"), **changes)
        step = Step(event, intent, after, self._worker, detail or {})
        return self._operations.intents.record(step, durable)


def worker_name() -> str:
    """A name no other process has: two workers must never be taken for one."""
    return f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def mark_reversed(operations: Operations, contra: StoredIntent) -> None:
    """What a proven contra undid is reversed, if it was one of ours."""
    if contra.target_urn is None:
        return
    for target in operations.intents.by_urn(contra.company_id, contra.target_urn):
        if target.state in ("proven", "deferred", "wrong") and target.posting_key != contra.posting_key:
            after = replace(target, state=move(target.state, "reverse", "poster"))
            detail = {"contra": contra.posting_key, "contra_urn": contra.urn}
            operations.intents.record(Step("reverse", target, after, contra.worker, detail), durable=False)
            allocations.mark_undone(operations, target, contra.worker, contra.posting_key)
