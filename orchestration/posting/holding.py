"""Every reason not to send a document now: what people allow, what the run has done, and what Sage says of it.

Both are asked at the last moment. What Sage says is asked for documents that go by API and by import file alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from orchestration.ledgers.ledger import Ledger, PostedDocument
from orchestration.operations import ALLOCATES, Operations, PostingPolicy, Run, StoredIntent, VatReturn
from orchestration.operations.policies import REVERSE_AND_REPOST
from orchestration.posting.documents import Payload
from orchestration.posting.holds import Hold
from orchestration.posting.limits import over_run_limit
from orchestration.posting.live_gate import LiveGate
from orchestration.posting.looks import Looks
from orchestration.posting.policy import Candidate, Permits
from orchestration.posting.probes import (
    by_connector,
    hold_by_connector,
    hold_by_day,
    hold_by_likeness,
    hold_by_restored,
    hold_by_stem,
    hold_by_survivor,
    hold_by_target,
    names_by_connector,
)
from orchestration.posting.vat import Returns, hold_by_return


class SageHolds:
    """What Sage says against a document, by looks that are at most `max_age_s` old.

    `seen_urn` is the greatest URN the publication knew.
    """

    def __init__(self, ledger: Ledger, operations: Operations, max_age_s: float, seen_urn: int | None):
        self.looks = Looks(ledger, operations.now, max_age_s, seen_urn)
        self.gate = LiveGate(ledger, operations, operations.now, max_age_s)
        self._operations = operations
        self._seen_urn = seen_urn
        self._patterns_of = cache(operations.connector_patterns)
        self._day_patterns_of = cache(operations.connector_day_patterns)

    def names(self, intent: Candidate, payload: Payload) -> list[str]:
        """What the connector would have called the document."""
        return names_by_connector(intent, payload, self._patterns_of(intent.company_id))

    def by_connector(self, intent: Candidate, payload: Payload) -> PostedDocument | None:
        """The connector's own document of the receipt, if Sage has one."""
        return by_connector(intent, payload, self.looks, self._patterns_of(intent.company_id))

    def hold(
        self,
        intent: Candidate,
        payload: Payload,
        found: Sequence[PostedDocument],
        *,
        is_older: bool = False,
        is_whole: bool = False,
    ) -> Hold | None:
        """The first of them; `found` is what bears its stem, `is_older` whether an older publication than the newest
        proposed it. `is_whole`: what is asked is an export, in which nothing is on its way; a live Sage may book a
        document after others that took their URN later.
        """
        patterns = self._patterns_of(intent.company_id)
        # a receipt is proposed beside whatever the publication knew to stand for its day
        days_since = self._seen_urn if is_whole or not payload.members_digest else None
        return (
            hold_by_stem(payload, found)
            or self.gate.hold(payload)
            or hold_by_target(payload, self.looks, self._operations)
            or hold_by_survivor(payload, self.looks, self._operations)
            or hold_by_connector(intent, payload, self.looks, patterns)
            or hold_by_day(intent, payload, self.looks, patterns, self._day_patterns_of, days_since)
            or hold_by_likeness(payload, self.looks, patterns, self._seen_urn, is_older=is_older)
        )


class LeaveToSend:
    """What people allow now, what the run has left of its limits, and what must be proven first."""

    def __init__(
        self,
        operations: Operations,
        sage: SageHolds,
        payload_of: Callable[[StoredIntent], Payload],
        *,
        policy: PostingPolicy | None,
        run: Run | None,
    ):
        self._operations = operations
        self._sage = sage
        self._payload = payload_of
        self._policy = policy
        self._run = run
        self._proven_since_change: set[tuple[str, str]] = set()

    def hold(self, intent: StoredIntent, payload: Payload, returns: Returns) -> Hold | None:
        """The first reason not to send it: who, what, how much, when, and what must be proven first."""
        document, policy = payload.document, self.policy_of(intent.company_id)
        return (
            Permits(self._operations, policy, [intent.posting_key], returns).hold(intent, document)
            or self._hold_by_run(policy, intent, document.gross_pence)
            or self._hold_by_return(policy, intent, returns.corrected_by(document))
            or self._hold_by_canary(intent)
            or self._hold_by_case(intent)
        )

    def policy_of(self, company_id: str) -> PostingPolicy:
        """What is in force now."""
        return self._policy or self._operations.posting_policy(company_id)

    def is_older(self, intent: StoredIntent) -> bool:
        """Whether an older publication than the run's proposed it; of what is owed, its contra."""
        first = self._operations.intents.get(intent.after_key) if intent.after_key else intent
        return (
            self._run is not None
            and first is not None
            and first.publication_number < self._run.publication_number
        )

    def canary_out(self, intent: StoredIntent) -> str:
        """The key of a document that must be proven first; empty where there is none."""
        return self._canary_out(intent)[0]

    def _hold_by_run(self, policy: PostingPolicy, intent: StoredIntent, gross_pence: int) -> Hold | None:
        """Whether the run has sent as much as it may; what is owed always goes, and a contra needs room for both."""
        if self._run is None or intent.after_key:
            return None
        if policy.run_documents is None and policy.run_limit_pence is None:
            return None
        documents, pence = self._operations.runs.sent_in(self._run.run_number)
        if intent.truth_sent:  # it is among them
            documents, pence = documents - 1, pence - intent.gross_pence
        second = self._second_half(intent)
        gross = gross_pence + (second.gross_pence if second else 0)
        return over_run_limit(policy, documents, pence, 2 if second else 1, gross)

    def _hold_by_return(
        self, policy: PostingPolicy, intent: StoredIntent, corrected: VatReturn | None
    ) -> Hold | None:
        """Whether it would bring a filed VAT return over its limit; a repost that is owed always goes."""
        if corrected is None or intent.after_key:
            return None
        second = self._second_half(intent)
        more = intent.box_1_pence + (second.box_1_pence if second else 0)
        error = self._operations.net_error(intent.company_id, corrected, but_for=intent.posting_key)
        return hold_by_return(policy, corrected, error, more)

    def _hold_by_canary(self, intent: StoredIntent) -> Hold | None:
        """Whether another document must be proven first, because a mapping has changed."""
        key, state = self._canary_out(intent)
        return Hold("canary_first", f"{key} is {state}, not proven yet") if key else None

    def _canary_out(self, intent: StoredIntent) -> tuple[str, str]:
        """Key and state of a document of the same store and kind that was sent since a mapping changed, or is owed,
        and is not proven, while none is. A contra answers for its repost.
        """
        none = ("", "")
        if intent.role == ALLOCATES:
            return none
        second = self._second_half(intent)
        if intent.after_key or (intent.role == "X" and second is None):
            return none  # it is owed, and its contra was asked for it; or it goes by what is there, not by a mapping
        of = second or intent
        group = (of.store_id, of.document_kind)
        change = self._run.mapping_change if self._run else 0
        if not change or group in self._proven_since_change:
            return none
        if not self.policy_of(intent.company_id).canary:
            return none
        is_proven, out = self._operations.runs.canary(intent.company_id, change, *group)
        if is_proven:
            self._proven_since_change.add(group)
            return none
        mine = (of.posting_key, intent.posting_key)
        return next(((key, state) for key, state in out.items() if key not in mine), none)

    def _second_half(self, intent: StoredIntent) -> StoredIntent | None:
        """The repost that a contra is for."""
        if intent.role != "X" or intent.remedy != REVERSE_AND_REPOST:
            return None
        return self._operations.intents.following(intent.posting_key)

    def _hold_by_case(self, intent: StoredIntent) -> Hold | None:
        """A repost needs its contra proven; a contra needs a repost that nothing holds, asked live."""
        if intent.after_key:
            contra = self._operations.intents.get(intent.after_key)
            if contra is None or contra.state != "proven":
                return Hold(
                    "contra_first", f"{intent.after_key} is {contra.state if contra else 'not decided on'}"
                )
            found = self._sage.looks.find_by_reference(contra.posting_key)
            return hold_by_restored(self._payload(contra).document, found)
        if intent.role != "X" or intent.remedy != REVERSE_AND_REPOST:
            return None
        second = self._second_half(intent)
        if second is None or second.state != "decided":
            return Hold("case_held", f"its repost is {second.state if second else 'not decided on'}")
        payload = self._payload(second)
        permits = Permits(self._operations, self._policy, [second.posting_key])
        hold = permits.hold(second, payload.document) or self._sage.gate.hold(payload)
        return Hold("case_held", f"{second.posting_key}: {hold}") if hold else None
