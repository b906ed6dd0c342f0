"""Summaries: one document for many receipts of a store's day, or a till's.

A summary is a tranche of its day: what it was decided with is written down before its intents, and never changed once
any of its documents was sent. Publications follow what was decided only from the next pass on; so a plan asks the store
what was sent of a day, and lets nothing go that would post a receipt in two ways.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from orchestration.operations import Operations, StoredIntent
from orchestration.posting.cases import as_proposed
from orchestration.posting.decision import Decision
from orchestration.posting.documents import Payload, Proposal
from orchestration.posting.holds import Hold
from orchestration.posting.states import LIVE

UNSENT = ("decided", "held", "refused")
Day = tuple[str, str, date]


class Members(Protocol):
    """Where what summaries stand for is kept."""

    def freeze(self, digests: Mapping[str, str]) -> None:
        """Keep the members of summaries, by posting key and digest, before their intents are written."""


def with_begun_tranches(
    operations: Operations, proposals: Sequence[Proposal], publication_number: int | None
) -> tuple[list[Proposal], dict[str, Hold]]:
    """The proposals as what was sent of their days allows, and the holds of those that may not go.

    What a begun summary still owes stands in for what is proposed on its key: it goes as it was decided. Held is what
    the publication worked out without knowing all that was sent of the day, as one document or as many.
    """
    dates = {proposal.business_date for proposal in proposals}
    summaries = operations.intents.summaries(dates)
    beyond = {intent.business_date for intent in summaries if intent.business_date} - dates
    if beyond:  # what waits has others beside it
        summaries = operations.intents.summaries(dates | beyond)
    if not summaries and not any(proposal.members_digest for proposal in proposals):
        return list(proposals), {}
    begun = {_event(intent) for intent in summaries if intent.state in LIVE}
    owed = {
        intent.posting_key: intent
        for intent in summaries
        if intent.state in UNSENT and _event(intent) in begun
    }
    sent_of = _sent_of(operations, proposals, summaries, publication_number)
    holds: dict[str, Hold] = {}
    kept = {intent.posting_key for intent in summaries}
    for proposal in proposals:
        if proposal.posting_key in owed or proposal.role != "P" or proposal.after_key:
            continue  # a repost takes the place of what was there
        if proposal.members_digest and (proposal.company_id, proposal.event_id) in begun:
            if proposal.posting_key not in kept:
                holds[proposal.posting_key] = Hold("summary_begun", f"{proposal.event_id} went without it")
            continue
        unknown = sorted(sent_of[_day(proposal)] - set(proposal.known_postings))
        if unknown:
            holds[proposal.posting_key] = Hold(
                "summary_begun", f"{unknown[0]} was sent since the publication"
            )
    texts = operations.intents.payloads(intent.payload_digest for intent in owed.values())
    proposed = {proposal.posting_key: proposal for proposal in proposals}
    again = []
    for key, intent in owed.items():
        stands = as_proposed(operations, intent, Payload.from_text(texts[intent.payload_digest]), None)
        now = proposed.get(key)
        again.append(
            replace(stands, receipt_no="", exception_id=now.exception_id if now else intent.exception_id)
        )
    others = [proposal for proposal in proposals if proposal.posting_key not in owed]
    return sorted([*others, *again], key=lambda one: (one.posting_key, one.payload_digest)), holds


def _sent_of(
    operations: Operations,
    proposals: Sequence[Proposal],
    summaries: Sequence[StoredIntent],
    publication_number: int | None,
) -> dict[tuple[Day, bool], set[str]]:
    """What was sent of each day: every summary, for a receipt; and whatever there is, for a summary.

    What this publication itself proposed is left out: its proposals share no receipt.
    """
    days = {_day(proposal)[0] for proposal in proposals if proposal.members_digest}
    others = operations.intents.of_days({day for _, _, day in days}) if days else []
    sent: dict[tuple[Day, bool], set[str]] = defaultdict(set)
    for is_summary, intents in ((False, summaries), (True, others)):
        for intent in intents:
            if (
                intent.state in LIVE
                and intent.business_date
                and intent.publication_number != publication_number
            ):
                day = (intent.company_id, intent.store_id, intent.business_date)
                sent[day, is_summary].add(intent.posting_key)
    return sent


def _day(proposal: Proposal) -> tuple[Day, bool]:
    return (proposal.company_id, proposal.store_id, proposal.business_date), bool(proposal.members_digest)


def _event(intent: StoredIntent) -> tuple[str, str]:
    return intent.company_id, intent.event_id


def to_freeze(decisions: Sequence[Decision], intents: Mapping[str, StoredIntent]) -> dict[str, str]:
    """The summaries that must be written down before these decisions are, by posting key and digest: every document
    of a summary of which any goes, but for what was written down before.
    """
    going = {
        (decision.proposal.company_id, decision.proposal.event_id)
        for decision in decisions
        if decision.goes and decision.proposal.members_digest
    }
    return {
        decision.posting_key: decision.proposal.members_digest
        for decision in decisions
        if decision.proposal.members_digest
        and (decision.proposal.company_id, decision.proposal.event_id) in going
        and decision.code not in ("key_taken", "summary_begun")
        and not _is_kept(decision, intents.get(decision.posting_key))
    }


def _is_kept(decision: Decision, intent: StoredIntent | None) -> bool:
    """Whether it was decided with the same members before."""
    return intent is not None and intent.members_digest == decision.proposal.members_digest
