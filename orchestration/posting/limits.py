"""How much goes in one run, or into one filed VAT return, and which document goes first after a mapping has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache

from orchestration.operations import Operations, PostingPolicy
from orchestration.operations.runs import RunKind
from orchestration.posting.decision import Decision
from orchestration.posting.holds import Hold
from orchestration.posting.policy import pounds
from orchestration.posting.states import LIVE
from orchestration.posting.vat import Returns, hold_by_return

# a canary in one of these will not be proven by going on
STUCK = ("deferred", "wrong", "unsettled")


def behind_canaries(
    operations: Operations, decisions: Sequence[Decision], policy: PostingPolicy | None
) -> list[Decision]:
    """The same decisions, those held whose store and kind have a document that went wrong since a mapping changed,
    and none that was proven.
    """
    stuck: dict[tuple[str, str, str], Hold | None] = {}
    change_of = cache(operations.runs.mapping_change)
    policy_of = cache((lambda _company_id: policy) if policy else operations.posting_policy)
    kept = []
    for decision in decisions:
        proposal = decision.proposal
        group = (proposal.company_id, proposal.store_id, proposal.document_kind)
        is_concerned = decision.goes and proposal.role == "P" and not proposal.after_key
        if is_concerned and policy_of(proposal.company_id).canary and group not in stuck:
            change = change_of(proposal.company_id)
            is_proven, out = operations.runs.canary(group[0], change, *group[1:])
            first = next(((key, state) for key, state in out.items() if state in STUCK), None)
            words = f"{first[0]} is {first[1]}, not proven yet" if first else ""
            stuck[group] = Hold("canary_first", words) if first and not is_proven else None
        hold = stuck.get(group) if is_concerned else None
        kept.append(replace(decision, hold=hold) if hold else decision)
    return kept


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


def within_returns(
    operations: Operations, decisions: Sequence[Decision], policy: PostingPolicy | None
) -> list[Decision]:
    """The same decisions, those held that would bring a filed return over its limit, in the order of their keys.

    Both halves of a correction go or neither, by what they come to together; a repost that is owed always goes.
    """
    returns = Returns(operations)
    policy_of = cache((lambda _company_id: policy) if policy else operations.posting_policy)
    error_of = cache(operations.net_error)
    second_of = {one.proposal.after_key: one for one in decisions if one.goes and one.proposal.after_key}
    contras_sent = {one.posting_key for one in decisions if one.state in LIVE}
    also: dict[tuple[str, date], int] = {}
    held: dict[str, Hold] = {}
    for decision in sorted((one for one in decisions if one.goes), key=lambda one: one.posting_key):
        proposal = decision.proposal
        of = returns.corrected_by(decision.document)
        if of is None or proposal.after_key or decision.posting_key in contras_sent:
            continue
        second = second_of.get(decision.posting_key)
        more = returns.effect(decision.document).box_1_pence
        more += returns.effect(second.document).box_1_pence if second else 0
        at = (proposal.company_id, of.valid_from)
        hold = hold_by_return(
            policy_of(proposal.company_id), of, error_of(proposal.company_id, of), more, also.get(at, 0)
        )
        if hold:
            held |= dict.fromkeys([decision.posting_key, *([second.posting_key] if second else [])], hold)
        else:
            also[at] = also.get(at, 0) + more
    return [
        replace(one, hold=held[one.posting_key]) if one.goes and one.posting_key in held else one
        for one in decisions
    ]
