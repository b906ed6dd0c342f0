"""A reversal handed in on a page: the exact contras as a dry run, a person's wish to have them sent, taken back.

Nothing is sent here. What was handed in waits for its approval like every other document, and the next run of posting
sends it (`tillproof post --send`, or the job post).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from app.money import counted
from orchestration.ledgers.ledger import LedgerUnavailableError
from orchestration.operations import Operations, OperationsError, ReversalInForce, Step, StoredIntent
from orchestration.operations.reversals_asked import ASK
from orchestration.operations.signing import check_signature
from orchestration.posting import WAITING, Decision, Wanted, asked_for, chosen, plan_reversal
from orchestration.posting.reversal import contra_key
from orchestration.posting.states import move
from orchestration.posting_run import PostingInProgressError, alone
from orchestration.posting_settling import AskSage, sage_of
from orchestration.settings import Settings

MOST_AT_ONCE = 50
CAN_BE_HANDED_IN = (*WAITING, "rejected", "goes")
NOT_SENT = ("decided", "held", "refused", "cancelled")


def contras(
    settings: Settings,
    operations: Operations,
    posting_keys: Sequence[str],
    *,
    publication_number: int,
    sage: AskSage | None = None,
) -> list[Decision]:
    """The dry run: the exact opposite of each posting, held against Sage as it is now. Changes nothing.

    Raises OperationsError, in words, for whatever stands against it, a Sage that does not answer included.
    """
    if operations.ledger_kind(settings.company_id) == "sage50":
        raise OperationsError("Sage 50 takes files: what was imported is reversed in Sage itself")
    if not 0 < len(posting_keys) <= MOST_AT_ONCE:
        raise OperationsError(f"choose at least one posting, and at most {MOST_AT_ONCE} at once")
    intents = chosen(operations, settings.company_id, Wanted(tuple(posting_keys)))
    try:
        with alone(settings.home), (sage or sage_of)(settings) as ledger:
            return plan_reversal(ledger, operations, intents, publication_number=publication_number)
    except PostingInProgressError as busy:
        raise OperationsError(f"{busy}: wait until it has ended") from busy
    except LedgerUnavailableError as silent:
        raise OperationsError(
            f"Sage could not be asked, so nothing can be shown or handed in: {silent}"
        ) from silent


def hand_in(
    settings: Settings,
    operations: Operations,
    shown: Mapping[str, str],
    *,
    by: str,
    reason: str,
    publication_number: int,
    sage: AskSage | None = None,
) -> str:
    """Ask that postings are undone (posting key -> digest of the contra that was shown); what was done, in words.

    Raises OperationsError where a contra is another by now, or could not be approved either.
    """
    check_signature(by, reason)
    operations.must_be_allowed(by, ASK)
    already = asked_for(operations, settings.company_id)
    for key in sorted(already.keys() & shown.keys()):
        raise OperationsError(f"{already[key].author} handed in before that {key} is undone")
    now = {
        decision.posting_key: decision
        for decision in contras(
            settings, operations, sorted(shown), publication_number=publication_number, sage=sage
        )
    }
    asked = {}
    for key in sorted(shown):
        decision = now[contra_key_of(key)]
        if decision.code not in CAN_BE_HANDED_IN:
            raise OperationsError(f"{key} cannot be undone: {decision.reason}")
        if decision.payload_digest != shown[key] or decision.proposal.payload.expected_period_start is None:
            raise OperationsError(
                f"what would undo {key} has changed since it was shown: nothing was written. Look again"
            )
        asked[key] = (decision.payload_digest, decision.proposal.payload.expected_period_start)
    operations.ask_reversals(settings.company_id, asked, author=by.strip(), reason=reason.strip())
    return (
        f"{counted(len(asked), 'reversal')} handed in. It waits for approval in the dry run; nothing is sent "
        "before, and it can be taken back until it is"
    )


def waiting(
    operations: Operations, company_id: str
) -> list[tuple[ReversalInForce, StoredIntent, StoredIntent | None]]:
    """What was handed in and is not undone yet: the wish, the posting, and its contra where one was decided on."""
    asked = asked_for(operations, company_id)
    postings = operations.intents.by_keys(asked)
    begun = operations.intents.by_keys(contra_key(one) for one in postings.values())
    return [(asked[key], postings[key], begun.get(contra_key(postings[key]))) for key in sorted(postings)]


def take_back(settings: Settings, operations: Operations, posting_key: str, *, by: str, reason: str) -> str:
    """Take the wish back, while nothing of its contra was sent; what was done, in words. Raises OperationsError."""
    check_signature(by, reason)
    signed = {"author": by.strip(), "reason": reason.strip()}
    with _nobody_posting(settings):
        contra = operations.intents.get(contra_key_of(posting_key))
        if contra is not None and contra.state not in NOT_SENT:
            raise OperationsError(f"{posting_key} is on its way to be undone: its contra is {contra.state}")
        # first the wish: should this die in between, no run sends what nobody asks for
        operations.withdraw_reversal(settings.company_id, posting_key, **signed)
        # one that Sage refused is looked for before the next run cancels it: it may be there all the same
        if contra is not None and contra.state in ("decided", "held"):
            after = replace(contra, state=move(contra.state, "cancel", "person"))
            step = Step("cancel", contra, after, by.strip(), {"reason": reason.strip()})
            operations.record_signed([step], **signed, duty=ASK, action="withdraw a reversal")
    return f"{posting_key} is not undone: what was handed in is taken back"


def contra_key_of(posting_key: str) -> str:
    """The key of what undoes a posting, from the key alone."""
    return posting_key[:-1] + "X"


@contextmanager
def _nobody_posting(settings: Settings) -> Iterator[None]:
    try:
        with alone(settings.home):
            yield
    except PostingInProgressError as busy:
        raise OperationsError(f"{busy}: wait until it has ended") from busy
