"""What faults have in common: a document that goes well, one that is missing, one that differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sandbox.scenario.actions import Action, Claim
from sandbox.scenario.connector_documents import Draft, Part
from sandbox.scenario.planting import Candidate

PLANTED = "planted"


def clean(candidate: Candidate) -> list[Action]:
    """Posted as it should be."""
    return [Action(draft, draft) for draft in candidate.drafts]


def as_missing(candidate: Candidate, claims: Sequence[Claim], verdict_after: str, note: str) -> list[Action]:
    return [
        Action(draft, None, "missing_in_ledger", verdict_after, part=PLANTED, note=note, claims=tuple(claims))
        for draft in candidate.drafts
    ]


def as_drifted(
    expected: Draft, sent: Draft, kinds: str, note: str = "", delay: timedelta = timedelta(0)
) -> Action:
    return Action(expected, sent, "drifted", drift_kinds=kinds, part=PLANTED, note=note, delay=delay)


def with_part(draft: Draft, old: Part, new: Part) -> Draft:
    return replace(draft, parts=tuple(new if part == old else part for part in draft.parts))


def with_tax(draft: Draft, tax_pence: int) -> Draft:
    """The same goods with another total of tax; the part with most tax takes the difference."""
    largest = max(draft.parts, key=lambda part: part.tax_pence)
    change = tax_pence - draft.tax_pence
    return with_part(draft, largest, largest._replace(tax_pence=largest.tax_pence + change))
