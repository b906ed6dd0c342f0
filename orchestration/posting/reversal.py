"""The reversal pack: for each posting of ours the document that undoes it, exactly.

A contra carries the date, accounts, tax codes and amounts of what it undoes, which is what was proven and what
Sage still holds: both are asked anew. It goes the way of every other document: an approval bound to its payload,
one intent, one send, read back. Its key is that of the posting with the role X, so one look finds both.

A pack is asked for and sent by the command, or handed in on a page: then it waits for its approval, and the next run of
posting sends it (`asked_for`, `plan_asked`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from orchestration.ledgers.ledger import OPPOSITE_KIND, Document, Ledger, LedgerType, PostedDocument
from orchestration.operations import Operations, OperationsError, ReversalInForce, StoredIntent
from orchestration.operations.policies import REVERSE_POSTING
from orchestration.posting.decision import Decision
from orchestration.posting.decisions import hold_by_intent, hold_by_refusal
from orchestration.posting.documents import CUSTOMER_KINDS, Payload, Proposal
from orchestration.posting.holds import Hold
from orchestration.posting.key import receipt_no_of
from orchestration.posting.limits import within_returns, within_run
from orchestration.posting.orders import CANCEL_IT, is_order_in_sage
from orchestration.posting.policy import Permits, PostingPolicy
from orchestration.posting.probes import hold_by_difference, hold_by_opposite
from orchestration.posting.proof import AT_ONCE, Proof, proofs_of
from orchestration.posting.states import LIVE

MONTHS_LOOKED_AHEAD = 24
NOT_SAID_SO = "its effect in Sage is not proven"


@dataclass(frozen=True)
class Wanted:
    """Which postings to undo: by key, by store and business date, by run; all that are given must fit."""

    posting_keys: tuple[str, ...] = ()
    store_id: str = ""
    business_date: date | None = None
    run_number: int | None = None


def chosen(operations: Operations, company_id: str, wanted: Wanted) -> list[StoredIntent]:
    """The postings asked for, by key; contras and what was never sent are left out unless named by key.

    Raises OperationsError for a selection that is none, a key or a run nobody knows, and a contra by key.
    """
    if not wanted.posting_keys and wanted.run_number is None and not wanted.store_id:
        raise OperationsError("say what to reverse: posting keys, --store and --day, or --run")
    if bool(wanted.store_id) != (wanted.business_date is not None):
        raise OperationsError("--store and --day go together: one store's postings of one business date")
    if wanted.run_number is not None and operations.runs.get(wanted.run_number) is None:
        raise OperationsError(f"there is no run {wanted.run_number}: tillproof posting runs lists them")
    if wanted.posting_keys:
        intents = operations.intents.by_keys(wanted.posting_keys)
        for key in wanted.posting_keys:
            if key not in intents or intents[key].company_id != company_id:
                raise OperationsError(f"{key} is not the key of a posting of {company_id}")
            if intents[key].role == "X":
                raise OperationsError(f"{key} is itself a reversal: post again what it undid")
        candidates = [intents[key] for key in sorted(set(wanted.posting_keys))]
    else:
        candidates = [
            intent
            for page in operations.intents.pages(LIVE, company_id)
            for intent in page
            if intent.role == "P"
        ]
    return [intent for intent in candidates if _fits(intent, wanted)]


def _fits(intent: StoredIntent, wanted: Wanted) -> bool:
    return (
        (not wanted.store_id or intent.store_id == wanted.store_id)
        and (wanted.business_date is None or intent.business_date == wanted.business_date)
        and (wanted.run_number is None or intent.run_number == wanted.run_number)
    )


def plan_reversal(
    ledger: Ledger,
    operations: Operations,
    intents: Sequence[StoredIntent],
    *,
    publication_number: int,
    policy: PostingPolicy | None = None,
) -> list[Decision]:
    """The contra of each posting, and whether it may go or why not. Asks Sage, changes nothing.

    Raises LedgerUnavailableError.
    """
    payloads = _payloads(operations, intents)
    seen = _seen_in_sage(ledger, operations, intents)
    period = _PeriodAsked(ledger, operations)

    def by_sage(intent: StoredIntent) -> Hold | None:
        return _hold_by_sage(operations, intent, payloads[intent.posting_key], seen.get(intent.posting_key))

    def period_of(intent: StoredIntent) -> tuple[date | None, str]:
        document = payloads[intent.posting_key].document
        starts = period.start_of(document)
        return starts, "" if starts else period.words_of(document)

    planned = _planned(
        operations,
        intents,
        payloads,
        by_sage,
        period_of,
        publication_number=publication_number,
        policy=policy,
    )
    whole = within_returns(operations, planned, policy)
    return within_run(operations, whole, "reverse", publication_number, policy)


def asked_for(operations: Operations, company_id: str) -> dict[str, ReversalInForce]:
    """What people asked to have undone and is not undone yet, by the key of the posting."""
    asked = {one.posting_key: one for one in operations.reversals_asked(company_id)}
    done = {key for key, intent in operations.intents.by_keys(asked).items() if intent.state == "reversed"}
    return {key: one for key, one in asked.items() if key not in done}


def plan_asked(
    operations: Operations,
    company_id: str,
    *,
    publication_number: int,
    policy: PostingPolicy | None = None,
) -> list[Decision]:
    """The contra of each posting that a person asked to have undone, as it was shown, and whether it may go.

    The dry run: what Sage itself may object to is only asked at the moment of sending. Changes nothing.
    """
    asked = asked_for(operations, company_id)
    found = operations.intents.by_keys(asked)
    intents = [found[key] for key in sorted(found)]
    return _planned(
        operations,
        intents,
        _payloads(operations, intents),
        lambda _intent: None,
        lambda intent: (asked[intent.posting_key].period_start, ""),
        publication_number=publication_number,
        policy=policy,
    )


def _payloads(operations: Operations, intents: Sequence[StoredIntent]) -> dict[str, Payload]:
    texts = operations.intents.payloads(intent.payload_digest for intent in intents)
    return {intent.posting_key: Payload.from_text(texts[intent.payload_digest]) for intent in intents}


def _planned(
    operations: Operations,
    intents: Sequence[StoredIntent],
    payloads: Mapping[str, Payload],
    by_sage: Callable[[StoredIntent], Hold | None],
    period_of: Callable[[StoredIntent], tuple[date | None, str]],
    *,
    publication_number: int,
    policy: PostingPolicy | None,
) -> list[Decision]:
    """The contra of each posting, and what our own record, Sage, its period or the policy say against it."""
    contras = operations.intents.by_keys(contra_key(intent) for intent in intents)
    undone_by = {contra.target_urn: contra for contra in _proven_contras(operations, intents)}
    permits = Permits(operations, policy, [contra_key(intent) for intent in intents])
    decisions = []
    for intent in intents:
        payload, earlier = payloads[intent.posting_key], contras.get(contra_key(intent))
        hold = _hold_by_state(intent, earlier, undone_by) or by_sage(intent)
        starts, why_not = (None, "") if hold else period_of(intent)
        contra = contra_of(intent, payload, _writer_of(operations, intent), starts)
        hold = (
            hold
            or hold_by_intent(contra, earlier)
            or (Hold("unsound", contra.unsound) if contra.unsound else None)
            or (None if starts else Hold("period_not_open", why_not))
            or permits.hold(contra, contra.payload.document)
            or hold_by_refusal(contra, earlier, publication_number)
        )
        decisions.append(Decision(contra, hold, earlier.state if earlier else ""))
    return decisions


def contra_key(intent: StoredIntent) -> str:
    """The key of what undoes a posting: its own, with the role X."""
    return intent.posting_key[:-1] + "X"


def contra_of(intent: StoredIntent, payload: Payload, writer: str, period_start: date | None) -> Proposal:
    """The equal and opposite of a posting, as a proposal."""
    was = payload.document
    narrative = f"Reversal of URN {intent.urn}, {was.narrative}"
    if was.document_kind == "transfer":
        was = replace(was, bank_code=was.to_bank_code, to_bank_code=was.bank_code)
    document = replace(
        was,
        posting_key=contra_key(intent),
        document_kind=OPPOSITE_KIND[was.document_kind],
        order_lines=(),  # what an order became is undone in the ledger; its goods come back by hand
        narrative=narrative,
        nominal_lines=tuple(replace(line, narrative=narrative) for line in was.nominal_lines),
    )
    return Proposal(
        posting_key=document.posting_key,
        company_id=intent.company_id,
        store_id=intent.store_id,
        event_id=intent.event_id,
        receipt_no=receipt_no_of(intent.event_id),
        business_date=intent.business_date or was.document_date,
        document_kind=document.document_kind,
        ordinal=intent.ordinal,
        revision=intent.revision,
        role="X",
        remedy=REVERSE_POSTING,
        gate_status="passed",
        blocked_by="",
        writer=writer,
        sync_claim="none",
        may_post=True,
        hold_reason="",
        exception_id=intent.exception_id,
        payload=Payload(document, REVERSE_POSTING, "X", intent.urn, period_start),
    )


def _writer_of(operations: Operations, intent: StoredIntent) -> str:
    """Who posts there now."""
    if intent.business_date is None:
        return "observe"
    return operations.writer_of_record(intent.company_id, intent.store_id, intent.business_date)


def _proven_contras(operations: Operations, intents: Sequence[StoredIntent]) -> Iterable[StoredIntent]:
    """Contras of these under whatever key: a copy may have been undone as a copy."""
    reversed_ = [intent for intent in intents if intent.state == "reversed"]
    if not reversed_:
        return []
    return operations.intents.in_states(["proven"], reversed_[0].company_id, role="X")


def _hold_by_state(
    intent: StoredIntent, earlier: StoredIntent | None, undone_by: Mapping[int | None, StoredIntent]
) -> Hold | None:
    """What our own record says against undoing it."""
    if intent.state == "reversed":
        by = undone_by.get(intent.urn) or earlier
        return Hold(
            "already_reversed", f"URN {intent.urn} was reversed" + (f" by URN {by.urn}" if by else "")
        )
    if is_order_in_sage(intent):
        return Hold("order_not_invoiced", CANCEL_IT)
    if intent.state != "proven":
        words = f": {intent.refusal}" if intent.refusal else ""
        return Hold("not_proven", f"it is {intent.state}, {NOT_SAID_SO}{words}")
    return None


def _seen_in_sage(
    ledger: Ledger, operations: Operations, intents: Sequence[StoredIntent]
) -> dict[str, tuple[Proof, list[PostedDocument]]]:
    """A fresh proof of each proven posting, with all that Sage holds under its stem."""
    proven = [intent for intent in intents if intent.state == "proven"]
    seen = {}
    for start in range(0, len(proven), AT_ONCE):
        part = proven[start : start + AT_ONCE]
        shown = [intent.reference_in_sage for intent in part if intent.reference_in_sage]
        found = ledger.find_many([intent.key_stem for intent in part], shown)
        for intent, proof in zip(part, proofs_of(operations, part, found), strict=True):
            names = (intent.key_stem, intent.reference_in_sage or intent.key_stem)
            mine = [posted for posted in found if posted.reference.startswith(names)]
            seen[intent.posting_key] = (proof, mine)
    return seen


def _hold_by_sage(
    operations: Operations,
    intent: StoredIntent,
    payload: Payload,
    seen: tuple[Proof, list[PostedDocument]] | None,
) -> Hold | None:
    """What Sage says against undoing it: it is undone already, no longer as proven, or relied on by a person."""
    if seen is None:
        return Hold("not_proven", NOT_SAID_SO)
    proof, found = seen
    contra = contra_of(intent, payload, "", None).payload
    undone = hold_by_opposite(contra, found)
    if undone:
        return undone
    if not proof.agrees:
        return Hold(
            "not_proven", f"Sage no longer agrees with what was proven: {'; '.join(proof.differences)}"
        )
    target = next(posted for posted in found if posted.urn == proof.urn)
    return hold_by_difference(contra.document, target, operations)


class _PeriodAsked:
    """Where a contra of a date would go, as Sage says now: its own month, or by policy the next open one."""

    def __init__(self, ledger: Ledger, operations: Operations):
        self._state_of = cache(ledger.period_state)
        self._late_policy_of = cache(operations.late_policy)

    def start_of(self, document: Document) -> date | None:
        """The first day of the period, periods being calendar months; None where it may not go."""
        month = document.document_date.replace(day=1)
        state = self._state_of(document.document_date, _ledger_of(document))
        if state == "open":
            return month
        if state != "closed" or self._late_policy_of(document.company_id) != "original_date":
            return None
        for _ in range(MONTHS_LOOKED_AHEAD):
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
            if self._state_of(month, _ledger_of(document)) == "open":
                return month
        return None

    def words_of(self, document: Document) -> str:
        """Why it may not go, in words."""
        state = self._state_of(document.document_date, _ledger_of(document))
        policy = " and the company's late policy is to hold" if state == "closed" else ""
        return f"the period of {document.document_date} is {state}{policy}"


def _ledger_of(document: Document) -> LedgerType:
    return "LedgerSales" if document.document_kind in CUSTOMER_KINDS else "LedgerCashBook"
