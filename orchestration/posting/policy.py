"""May we? Asked when a document is decided on, and again, of the store as it then is, just before it is sent.

Posting is off until somebody turns it on. Where nobody is named to post (`observe`) nothing is ever sent.
Where the incumbent connector posts, only what a person approved is sent: the approval is bound to the
payload digest and to what the connector's log claimed when it was given, and lapses with either. Where we
post, a missing document goes by itself and anything that undoes a document needs a person. The company's
policy says the rest: which remedies at all, how much, when, and how many people. What corrects a VAT return that
is filed needs two people, whatever the policy says.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Protocol

from orchestration.ledgers.ledger import Document
from orchestration.operations import ApprovalGiven, GoesBy, Operations, PostingPolicy
from orchestration.operations.policies import REVERSE_DUPLICATE, REVERSE_POSTING
from orchestration.posting.documents import Payload
from orchestration.posting.holds import Hold, pounds
from orchestration.posting.vat import Returns

ALL_STORES = "*"
__all__ = ["Candidate", "Permits", "PostingPolicy", "pounds"]


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
    def event_id(self) -> str: ...
    @property
    def payload_digest(self) -> str: ...


class Permits:
    """What the store allows at one moment; every fact is read once and kept, so keep no instance for long."""

    def __init__(
        self,
        operations: Operations,
        policy: PostingPolicy | None,
        posting_keys: Iterable[str],
        returns: Returns | None = None,
    ):
        """`policy` and `returns` stand in for what is read of the store otherwise."""
        self._now = operations.now
        self._approvals = operations.approvals(posting_keys)
        self._policy_of = cache((lambda _company_id: policy) if policy else operations.posting_policy)
        self._enabled = cache(operations.is_posting_enabled)
        self._stops = cache(operations.active_stops)
        self._cutover = cache(operations.cutover)
        self._writer = cache(operations.writer_of_record)
        self._authors = cache(operations.mapping_authors)
        self._intents = operations.intents
        self._returns = returns or Returns(operations)

    def hold(self, candidate: Candidate, document: Document) -> Hold | None:
        """The first reason it may not go; None when it may."""
        policy = self._policy_of(candidate.company_id)
        return (
            self._hold_by_switch(candidate)
            or self._hold_by_writer(candidate)
            or _hold_by_limit(policy, candidate, document)
            or self._hold_by_approval(policy, candidate, document)
            or self._hold_by_clock(policy)
        )

    def hold_allocation(self, candidate: Candidate) -> Hold | None:
        """The same for an allocation, which moves no money: to allow the remedy is all that it asks of a person."""
        policy = self._policy_of(candidate.company_id)
        return (
            self._hold_by_switch(candidate)
            or _hold_by_remedy(policy, candidate)
            or self._hold_by_nobody(candidate)
            or self._hold_by_clock(policy)
        )

    def _hold_by_switch(self, candidate: Candidate) -> Hold | None:
        """Whether posting is off, or stopped for the store."""
        if not self._enabled(candidate.company_id):
            return Hold("posting_off")
        stops = self._stops(candidate.company_id)
        reasons = stops.get(ALL_STORES, ()) + stops.get(candidate.store_id, ())
        return Hold("store_stopped", "; ".join(reasons)) if reasons else None

    def _hold_by_nobody(self, candidate: Candidate) -> Hold | None:
        """Whether nobody is named to post there now."""
        company_id, store_id, day = candidate.company_id, candidate.store_id, candidate.business_date
        is_observed = day is None or self._writer(company_id, store_id, day) == "observe"
        return Hold("observe") if is_observed else None

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

    def _hold_by_approval(
        self, policy: PostingPolicy, candidate: Candidate, document: Document
    ) -> Hold | None:
        """The words of as many people as are needed on exactly this payload; a no counts everywhere."""
        given = self._approvals.get((candidate.posting_key, candidate.payload_digest))
        if given and given.decision == "rejected":
            return Hold("rejected", f"{given.approver}: {given.reason}")
        needed, why = people_needed(policy, candidate, document)
        if not needed and self._leaves_ours(candidate):
            needed = 1
        corrected = self._returns.corrected_by(document)
        if corrected:
            needed, why = (
                2,
                f"the VAT return of {corrected} was filed on {corrected.filed_on}, two people must",
            )
        if not needed:
            return None
        if given is None:
            return self._unapproved(candidate)
        if given.sync_claim != candidate.sync_claim:
            claims = f"the connector then claimed {given.sync_claim}, now {candidate.sync_claim}"
            return Hold("approval_lapsed", claims)
        people = {name_of(approver): approver for approver in given.approvers}
        if candidate.remedy in policy.four_eyes and candidate.remedy != REVERSE_POSTING:
            authors = {name_of(author) for author in self._authors(candidate.company_id, goes_by(document))}
            counted = {name for name in people if name not in authors}
            if not counted:
                return Hold("four_eyes", f"{_listed(people.values())} wrote a mapping that it goes by")
            people = {name: people[name] for name in sorted(counted)}
        if len(people) < needed:
            return Hold("needs_second_approval", f"{_listed(people.values())} approved it; {why}")
        return None

    def _leaves_ours(self, candidate: Candidate) -> bool:
        """Whether a copy would be undone beside a document of ours: somebody else believes that it is there."""
        if candidate.remedy != REVERSE_DUPLICATE:
            return False
        payload: Payload | None = getattr(candidate, "payload", None)
        if payload is None:
            payload = Payload.from_text(self._intents.payload(candidate.payload_digest))
        left = payload.survivor
        return left is not None and any(
            one.role == "P" for one in self._intents.by_urn(candidate.company_id, left.urn)
        )

    def _unapproved(self, candidate: Candidate) -> Hold:
        """Never approved, or approved as something else."""
        others: list[ApprovalGiven] = [
            given for (key, _), given in self._approvals.items() if key == candidate.posting_key
        ]
        if any(given.decision == "approved" for given in others):
            return Hold("approval_lapsed", "the document has changed since it was approved")
        return Hold("needs_approval")

    def _hold_by_clock(self, policy: PostingPolicy) -> Hold | None:
        """Whether the company wants quiet now; asked last, so that people can approve meanwhile."""
        window = policy.quiet_window(self._now())
        return Hold("quiet_window", f"nothing is sent {window} ({policy.quiet_zone})") if window else None


def _hold_by_remedy(policy: PostingPolicy, candidate: Candidate) -> Hold | None:
    if candidate.remedy in policy.remedies:
        return None
    return Hold("remedy_not_allowed", f"the policy does not allow {candidate.remedy}")


def _hold_by_limit(policy: PostingPolicy, candidate: Candidate, document: Document) -> Hold | None:
    """What the policy never lets out: a remedy it does not name, a document over its limit."""
    not_allowed = _hold_by_remedy(policy, candidate)
    if not_allowed:
        return not_allowed
    limit = policy.document_limit_pence
    if limit is not None and document.gross_pence > limit:
        return Hold("over_document_limit", f"{pounds(document.gross_pence)} is over {pounds(limit)}")
    return None


def people_needed(policy: PostingPolicy, candidate: Candidate, document: Document) -> tuple[int, str]:
    """How many people must approve it, and in words why more than one."""
    # of what two writers posted ours is undone by a person's word alone: a copy of another's goes by its URN
    is_ours_undone = candidate.remedy == REVERSE_DUPLICATE and not candidate.event_id.startswith("ledger:")
    goes_by_itself = (candidate.writer, candidate.remedy) in policy.by_itself and not is_ours_undone
    needed = 0 if goes_by_itself else 1
    four_eyes = candidate.remedy in policy.four_eyes
    if four_eyes and candidate.remedy == REVERSE_POSTING:
        return 2, "a reversal needs two people"
    above = policy.two_approvers_above_pence
    if above is not None and document.gross_pence > above:
        return 2, f"above {pounds(above)} two people must"
    return max(needed, int(four_eyes)), ""


def goes_by(document: Document) -> GoesBy:
    """The accounts and codes of a document that mappings lead to."""
    return GoesBy(
        document.customer_reference,
        frozenset(code for code in (document.bank_code, document.to_bank_code) if code),
        frozenset(line.nominal_code for line in document.nominal_lines),
        frozenset(line.tax_code for line in document.tax_lines),
        document.document_date,
    )


def name_of(person: str) -> str:
    """One person's name, however it was typed."""
    return " ".join(person.split()).casefold()


def _listed(people: Iterable[str]) -> str:
    return " and ".join(sorted(people))
