"""Proof anew: every posting that was once confirmed, held against what Sage says of it now.

A confirmed posting was read back and all five truths held. Somebody may have changed, moved or copied the
document since, and the record here cannot know. Nothing is changed: what no longer agrees is told, and the
next pass judges it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.ledgers.ledger import Ledger, PostedDocument
from orchestration.operations import Operations, StoredIntent
from orchestration.posting.documents import Payload
from orchestration.posting.key import receipt_no_of
from orchestration.posting.verification import truths_of, under_their_keys

# what was proven; what was undone since must still be there too, beside its contra
CONFIRMED = ("proven", "reversed")
AT_ONCE = 30


@dataclass(frozen=True)
class Proof:
    """One confirmed posting and in what it no longer agrees; `differences` is empty where it does."""

    posting_key: str
    state: str
    store_id: str
    receipt_no: str
    business_date: date | None
    document_kind: str
    gross_pence: int
    urn: int | None
    is_there: bool
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether Sage still holds exactly what was proven."""
        return not self.differences


def prove_again(ledger: Ledger, operations: Operations, company_id: str) -> Iterator[Proof]:
    """Every confirmed posting of a company by key, each with a fresh read-back; thirty are asked for together.

    Raises LedgerUnavailableError when Sage does not answer.
    """
    for page in operations.intents.pages(CONFIRMED, company_id):
        for start in range(0, len(page), AT_ONCE):
            part = page[start : start + AT_ONCE]
            found = ledger.find_many([], names_of(part))
            yield from proofs_of(operations, part, found)


def names_of(intents: Iterable[StoredIntent]) -> list[str]:
    """What these documents are called in Sage: our keys, and what a person showed instead."""
    return [one.reference_in_sage or one.posting_key for one in intents]


def proofs_of(
    operations: Operations, intents: Sequence[StoredIntent], found: Sequence[PostedDocument]
) -> Iterator[Proof]:
    """The proofs of a few intents of one company, in their order, from what one look into Sage found."""
    found = under_their_keys(intents, found)
    payloads = operations.intents.payloads(intent.payload_digest for intent in intents)
    suspense_account = operations.suspense_account(intents[0].company_id) if intents else ""
    for intent in intents:
        payload = Payload.from_text(payloads[intent.payload_digest])
        truths = truths_of(payload, found, suspense_account)
        differences = list(truths.differences)
        if intent.state == "reversed" and intent.urn is None:
            # an order that was cancelled before it was an invoice: there is nothing to be there
            differences = ["it was cancelled, and is in Sage again"] if truths.is_present else []
        elif not truths.is_present:
            differences = ["it is not there"]
        elif not truths.is_in_nominal:
            differences.append("it is not in the nominal ledger")
        if truths.is_present and truths.urn != intent.urn and intent.urn is not None:
            differences.append(f"its URN is {truths.urn}, not {intent.urn}")
        yield Proof(
            posting_key=intent.posting_key,
            state=intent.state,
            store_id=intent.store_id,
            receipt_no=receipt_no_of(intent.event_id),
            business_date=intent.business_date,
            document_kind=intent.document_kind,
            gross_pence=payload.document.gross_pence,
            urn=intent.urn,
            is_there=truths.is_present or not differences,
            differences=tuple(differences),
        )
