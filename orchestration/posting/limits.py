"""How much goes in one run, and which document goes first after a mapping has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestration.operations import Operations, PostingPolicy
from orchestration.operations.runs import RunKind
from orchestration.posting.decision import Decision
from orchestration.posting.holds import Hold
from orchestration.posting.policy import pounds
from orchestration.posting.states import LIVE


def within_run(
    operations: Operations,
    decisions: Sequence[Decision],
    kind: RunKind,
    publication_number: int,
    policy: PostingPolicy | None,
) -> list[Decision]:
    """The same decisions, those held that are more than the policy allows a run, in the order of their keys.

    What a run of this publication that never ended has sent already is taken off. Both halves of a correction go
    or neither; a repost that is owed always goes.
    """
    held: dict[str, Hold] = {}
    for company_id in sorted({decision.proposal.company_id for decision in decisions}):
        mine = [one for one in decisions if one.proposal.company_id == company_id]
        rules = policy or operations.posting_policy(company_id)
        if rules.run_documents is None and rules.run_limit_pence is None:
            continue
        going = operations.runs.going(company_id, kind, publication_number)
        sent = operations.runs.sent_in(going.run_number) if going else (0, 0)
        held |= _over(rules, mine, *sent)
    return [
        replace(one, hold=held[one.posting_key]) if one.goes and one.posting_key in held else one
        for one in decisions
    ]


def _over(
    policy: PostingPolicy, decisions: Sequence[Decision], documents: int, pence: int
) -> dict[str, Hold]:
    """The holds of what is too much after so many documents and so many pence."""
    goes = [decision for decision in decisions if decision.goes]
    contras_sent = {one.posting_key for one in decisions if one.state in LIVE}
    units: dict[str, list[Decision]] = {}
    for decision in goes:
        units.setdefault(decision.proposal.after_key or decision.posting_key, []).append(decision)
    held: dict[str, Hold] = {}
    for lead, unit in sorted(units.items(), key=lambda item: (item[0] not in contras_sent, item[0])):
        gross = sum(decision.document.gross_pence for decision in unit)
        hold = None if lead in contras_sent else over_run_limit(policy, documents, pence, len(unit), gross)
        if hold:
            held |= {decision.posting_key: hold for decision in unit}
        else:
            documents, pence = documents + len(unit), pence + gross
    return held


def over_run_limit(policy: PostingPolicy, documents: int, pence: int, more: int, gross: int) -> Hold | None:
    """Whether so many more documents over so many pence are too much for a run that has sent some."""
    if policy.run_documents is not None and documents + more > policy.run_documents:
        return Hold("over_run_limit", f"a run sends {policy.run_documents} documents at most")
    if policy.run_limit_pence is not None and pence + gross > policy.run_limit_pence:
        return Hold("over_run_limit", f"a run sends {pounds(policy.run_limit_pence)} at most")
    return None
