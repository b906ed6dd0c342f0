"""A person's yes or no to exactly the documents a page showed: each is named by its digest, and lapses with it."""

from __future__ import annotations

from collections.abc import Mapping

from orchestration import posting_run
from orchestration.operations import Operations, OperationsError
from orchestration.operations.signing import check_signature
from orchestration.posting import WAITING, Decision
from orchestration.posting_run import dry_run
from orchestration.settings import Settings

MOST_AT_ONCE = 5000


def approve_shown(
    settings: Settings, operations: Operations, shown: Mapping[str, str], *, by: str, reason: str
) -> str:
    """Approve what was shown (posting key -> digest). OperationsError where one has changed since, or needs none."""
    chosen = _still_as_shown(settings, operations, shown, by, reason)
    documents = posting_run.approve_shown(settings, operations, chosen, by.strip(), reason.strip())
    return f"{_counted(documents)} approved. Nothing is sent yet: tillproof post --send, or the job post, sends them"


def reject_shown(
    settings: Settings, operations: Operations, shown: Mapping[str, str], *, by: str, reason: str
) -> str:
    """Say no to what was shown; it is not sent until somebody approves it."""
    chosen = _still_as_shown(settings, operations, shown, by, reason)
    documents = operations.approve(
        settings.company_id,
        {decision.posting_key: decision.payload_digest for decision in chosen},
        approver=by.strip(),
        reason=reason.strip(),
        sync_claims={decision.posting_key: decision.proposal.sync_claim for decision in chosen},
        decision="rejected",
    )
    return f"{_counted(documents)} rejected: they are not sent until somebody approves them"


def _still_as_shown(
    settings: Settings, operations: Operations, shown: Mapping[str, str], by: str, reason: str
) -> list[Decision]:
    """The decisions behind what was shown, each with the digest that was shown, each waiting for a person."""
    check_signature(by, reason)
    if not shown:
        raise OperationsError("choose at least one document")
    if len(shown) > MOST_AT_ONCE:
        raise OperationsError(f"{len(shown):,} documents are too many at once: at most {MOST_AT_ONCE:,}")
    now = {decision.posting_key: decision for decision in dry_run(settings, operations)}
    for key in sorted(shown):
        if key not in now:
            raise OperationsError(f"{key} is no longer proposed: nothing was written. Look again")
        if now[key].payload_digest != shown[key]:
            raise OperationsError(f"{key} has changed since it was shown: nothing was written. Look again")
        if now[key].proposal.company_id != settings.company_id:
            raise OperationsError(f"{key} is of another company")
        if now[key].code not in (*WAITING, "rejected"):
            raise OperationsError(
                f"{key} does not wait for a person: {now[key].reason or 'it goes by itself'}"
            )
    return [now[key] for key in sorted(shown)]


def _counted(documents: int) -> str:
    return "1 document" if documents == 1 else f"{documents:,} documents"
