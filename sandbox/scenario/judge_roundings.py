"""The judge's third half: whether the rounding lens names the rounding that was planted, and no other document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sandbox.scenario.manifest import Truth
from sandbox.scenario.sales import LINE_BASIS_STORES

Name = tuple[str, str, str]
"""Store, receipt number, document kind."""


class Lens(NamedTuple):
    """What `tax_roundings` says of a document: the policy it names, HMRC's word on it, and all that fit."""

    policy: str | None
    allowed_by_hmrc: str | None
    policies: frozenset[str]


def planted_policy(truth: Truth) -> tuple[str, str] | None:
    """The policy by which a planted document's VAT was rounded, and HMRC's word on it; None for any other."""
    if truth.part != "planted" or truth.document_kind not in ("invoice", "credit_note"):
        return None
    match truth.fault:
        case "tax_truncated":
            return "tax_rounded_truncate_by_line", "no"
        case "store_by_line":
            return "tax_rounded_half_up_by_line", "yes"
        case "other_basis":
            basis = "receipt" if truth.store_id in LINE_BASIS_STORES else "line"
            return f"tax_rounded_half_up_by_{basis}", "yes"
    return None


def judge_roundings(truths: Iterable[Truth], said: Mapping[Name, Lens]) -> dict[str, Any]:
    """Counts, and `failures` where a planted rounding was not named or another document's was."""
    planted = {
        (truth.store_id, truth.receipt_no, truth.document_kind): policy
        for truth in truths
        if truth.scope == "expected" and (policy := planted_policy(truth))
    }
    named = {name: lens for name, lens in said.items() if lens.policy}
    right = {
        name
        for name, (policy, allowed) in planted.items()
        if name in named and policy in named[name].policies and named[name].allowed_by_hmrc == allowed
    }
    unfound: Sequence[Name] = sorted(planted.keys() - right)
    accused: Sequence[Name] = sorted(named.keys() - planted.keys())
    failures = []
    if unfound:
        failures.append(
            f"{len(unfound)} planted roundings were not named: {', '.join(map('/'.join, unfound[:5]))}"
        )
    if accused:
        failures.append(
            f"{len(accused)} documents were told a rounding: {', '.join(map('/'.join, accused[:5]))}"
        )
    return {
        "truth": len(planted),
        "said": len(named),
        "right": len(right),
        "precision": round(len(right) / len(named), 6) if named else None,
        "recall": round(len(right) / len(planted), 6) if planted else None,
        "failures": failures,
    }
