"""May we? Asked when a document is decided on, and again, of the store as it then is, just before it is sent.

Posting is off until somebody turns it on. Where nobody is named to post (`observe`) nothing is ever sent.
Where the incumbent connector posts, only what a person approved is sent: the approval is bound to the
payload digest and to what the connector's log claimed when it was given, and lapses with either. Where we
post, a missing document goes by itself and anything that undoes a document needs a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Protocol

from orchestration.operations import ApprovalGiven, Operations
from orchestration.posting.holds import Hold

ALL_STORES = "*"


class Candidate(Protocol):
    """What policy needs to know of a proposal or an intent."""

    @property
    def posting_key(self) -> str: ...
    @property
    def company_id(self) -> str: ...
    @property
    def store_id(self) -> str: ...
    @property
    def business_date(self) -> date | None: ...
    @property
    def writer(self) -> str: ...
    @property
    def sync_claim(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    @property
    def payload_digest(self) -> str: ...


@dataclass(frozen=True)
class PostingPolicy:
    """What goes without a person: pairs of writer of record and remedy."""

    by_itself: frozenset[tuple[str, str]] = field(
        default_factory=lambda: frozenset({("tillproof", "post_missing")})
    )


class Permits:
    """What the store allows at one moment; every fact is read once and kept, so keep no instance for long."""

    def __init__(self, operations: Operations, policy: PostingPolicy | None, posting_keys: Iterable[str]):
        self._policy = policy or PostingPolicy()
        self._approvals = operations.approvals(posting_keys)
        self._enabled = cache(operations.is_posting_enabled)
        self._stops = cache(operations.active_stops)
        self._cutover = cache(operations.cutover)
        self._writer = cache(operations.writer_of_record)

    def hold(self, candidate: Candidate) -> Hold | None:
        """The first reason it may not go; None when it may."""
        if not self._enabled(candidate.company_id):
            return Hold("posting_off")
        stops = self._stops(candidate.company_id)
        reasons = stops.get(ALL_STORES, ()) + stops.get(candidate.store_id, ())
        if reasons:
            return Hold("store_stopped", "; ".join(reasons))
        return self._hold_by_writer(candidate) or self._hold_by_approval(candidate)

    def _hold_by_writer(self, candidate: Candidate) -> Hold | None:
        """Who posts there, as the store says now and as the proposal believed."""
        if candidate.business_date is None:
            return Hold("observe", "it has no business date")
        cutover = self._cutover(candidate.company_id, candidate.store_id)
        if cutover and candidate.business_date < cutover:
            return Hold("before_cutover", f"{candidate.business_date} is before {cutover}")
        writer = self._writer(candidate.company_id, candidate.store_id, candidate.business_date)
        if writer == "observe":
            return Hold("observe")
        if writer != candidate.writer:
            return Hold("writer_changed", f"it was {candidate.writer}, now it is {writer}")
        return None

    def _hold_by_approval(self, candidate: Candidate) -> Hold | None:
        """A person's word on exactly this payload, where one is needed; a no counts everywhere."""
        given = self._approvals.get((candidate.posting_key, candidate.payload_digest))
        if given and given.decision == "rejected":
            return Hold("rejected", f"{given.approver}: {given.reason}")
        if (candidate.writer, candidate.remedy) in self._policy.by_itself:
            return None
        if given is None:
            return self._unapproved(candidate)
        if given.sync_claim != candidate.sync_claim:
            claims = f"the connector then claimed {given.sync_claim}, now {candidate.sync_claim}"
            return Hold("approval_lapsed", claims)
        return None

    def _unapproved(self, candidate: Candidate) -> Hold:
        """Never approved, or approved as something else."""
        others: list[ApprovalGiven] = [
            given for (key, _), given in self._approvals.items() if key == candidate.posting_key
        ]
        if any(given.decision == "approved" for given in others):
            return Hold("approval_lapsed", "the document has changed since it was approved")
        return Hold("needs_approval")
