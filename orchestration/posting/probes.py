"""What the poster looks for just before it sends, beside its own key.

Sage takes the same document twice without a word. So everything that could mean "this is already there, or
no longer wanted" is looked for at the last moment: another revision, a contra, the target of a contra, the
connector's own name for the receipt, and a document exactly alike that the publication cannot have known
of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from orchestration.ledgers.ledger import OPPOSITE_KIND, Document, PostedDocument
from orchestration.operations import Operations
from orchestration.posting.allocations import hold_by_allocation
from orchestration.posting.connector import connector_references
from orchestration.posting.documents import Payload
from orchestration.posting.holds import Hold
from orchestration.posting.key import is_ours, parse_key, receipt_no_of
from orchestration.posting.looks import URN_SEQUENCE, Looks
from orchestration.posting.policy import Candidate
from orchestration.posting.states import LIVE


def hold_by_stem(payload: Payload, found: Sequence[PostedDocument]) -> Hold | None:
    """Whether another revision or role of the same document forbids this one (domain.md §2).

    A revision is reversed where its contra stands: a person may have undone that, under the contra's own reference.
    """
    document = payload.document
    mine = parse_key(document.posting_key)
    if mine.role == "X":
        return hold_by_opposite(payload, found)
    live: list[int] = []
    contras_standing: Counter[int] = Counter()
    for posted in found:
        if posted.reference == document.posting_key or not is_ours(posted.reference):
            continue
        other = parse_key(posted.reference)
        if other.role == "X":
            contras_standing[other.revision] += -1 if _goes_the_way_of(posted, document) else 1
        else:
            live.append(other.revision)
    if contras_standing[mine.revision] > 0:
        return Hold("already_reversed", f"revision {mine.revision} of it was reversed")
    live = [revision for revision in live if contras_standing[revision] <= 0]
    return Hold("revision_live", f"revision {live[0]} of it is in Sage") if live else None


def hold_by_opposite(payload: Payload, found: Sequence[PostedDocument]) -> Hold | None:
    """Whether what a contra would undo was undone already, by us or by a person who kept our reference."""
    contra = payload.document
    undone = contra.posting_key[:-1] + "P"
    for posted in found:
        is_opposite = _goes_the_way_of(posted, contra) and posted.gross_pence == contra.gross_pence
        # another revision of ours was undone by its own contra
        if is_opposite and (posted.reference == undone or not is_ours(posted.reference)):
            return Hold("already_reversed", f"URN {posted.urn} ({posted.reference}) undoes it already")
    return None


def hold_by_restored(contra: Document, found: Sequence[PostedDocument]) -> Hold | None:
    """Whether a person has undone a contra that was proven, under its own reference: what it undid stands again."""
    named = [posted for posted in found if posted.reference == contra.posting_key]
    against = [posted.urn for posted in named if not _goes_the_way_of(posted, contra)]
    if not against or len(against) < len(named) - len(against):
        return None
    return Hold(
        "contra_first", f"URN {max(against)} undoes {contra.posting_key}: what that undid stands again"
    )


def _goes_the_way_of(posted: PostedDocument, document: Document) -> bool:
    """Whether it is of the document's kind; which way tells a transfer from its opposite."""
    is_same_way = document.document_kind != "transfer" or posted.to_bank_code == document.to_bank_code
    return posted.document_kind == document.document_kind and is_same_way


def hold_by_target(payload: Payload, looks: Looks, operations: Operations) -> Hold | None:
    """Whether what a contra would reverse is still there, still the same, and untouched by any person."""
    if payload.role != "X" or payload.target_urn is None:
        return None
    contra = payload.document
    for other in operations.intents.undoing(contra.company_id, [payload.target_urn]):
        if other.state in LIVE and other.posting_key != contra.posting_key:
            return Hold("already_reversed", f"{other.posting_key} undoes URN {payload.target_urn} already")
    targets = [
        posted
        for posted in looks.find_by_urn(payload.target_urn)
        if posted.document_kind == OPPOSITE_KIND[contra.document_kind]
    ]
    if len(targets) != 1:
        return Hold("target_changed", f"Sage has {len(targets)} such documents of URN {payload.target_urn}")
    return hold_by_difference(contra, targets[0], operations)


def hold_by_difference(contra: Document, target: PostedDocument, operations: Operations) -> Hold | None:
    """A contra undoes exactly what is there, or nothing."""
    seen = f"URN {target.urn}"
    if (target.gross_pence, target.tax_pence) != (contra.gross_pence, contra.tax_pence):
        return Hold("target_changed", f"{seen} is over {target.gross_pence} pence, not {contra.gross_pence}")
    if target.customer_reference != contra.customer_reference:
        return Hold("target_changed", f"{seen} is on customer {target.customer_reference}")
    banks = (contra.to_bank_code or contra.bank_code, contra.to_bank_code and contra.bank_code)
    if contra.bank_code and (target.bank_code, target.to_bank_code) != banks:
        into = f" into {target.to_bank_code}" if target.to_bank_code else ""
        return Hold("target_changed", f"{seen} is in bank {target.bank_code}{into}")
    if target.is_bank_reconciled:
        return Hold("target_changed", f"{seen} is reconciled with the bank")
    return hold_by_allocation(
        operations, contra.company_id, target.urn, target.reference, target.allocated_pence
    )


def hold_by_survivor(payload: Payload, looks: Looks, operations: Operations) -> Hold | None:
    """Whether what a copy's contra leaves in Sage is there, as it was published, and stands.

    Two documents under one reference cannot be told apart by who undid which: then each needs to be there once more
    than it was undone.
    """
    left = payload.survivor
    if left is None:
        return None
    contra = payload.document
    there = [one for one in looks.find_by_urn(left.urn) if one.document_kind == left.document_kind]
    if len(there) != 1:
        return Hold(
            "survivor_gone", f"Sage has {len(there)} such documents of URN {left.urn}, which is to stay"
        )
    survivor = there[0]
    if survivor.gross_pence != left.gross_pence:
        seen = f"is over {survivor.gross_pence} pence, not {left.gross_pence}"
        return Hold("survivor_gone", f"URN {left.urn}, which is to stay, {seen}")
    named = looks.find_by_reference(survivor.reference) if survivor.reference.strip() else [survivor]
    # receipt numbers wrap: an old namesake, and what undid that, are another sale's
    alike = {survivor.urn} | {
        one.urn
        for one in named
        if _books(one) == _books(survivor)
        and (one.document_date == survivor.document_date or one.urn == payload.target_urn)
    }
    since = min(urn % URN_SEQUENCE for urn in alike)
    by_us = {
        intent.target_urn: intent.posting_key
        for intent in operations.intents.undoing(contra.company_id, alike)
        if intent.state in LIVE and intent.posting_key != contra.posting_key
    }
    if survivor.urn in by_us:
        return Hold("survivor_gone", f"URN {left.urn}, which is to stay, is undone by {by_us[survivor.urn]}")
    by_others = sorted(one.urn for one in named if _undoes(one, survivor) and one.urn % URN_SEQUENCE > since)
    needed = 2 if payload.target_urn in alike else 1
    if len(alike) - len(by_us) - len(by_others) < needed:
        undone = f"URN {', '.join(map(str, by_others))} undoes it, or its copy"
        return Hold("survivor_gone", f"URN {left.urn} ({survivor.reference}) is to stay; {undone}")
    return None


def _undoes(one: PostedDocument, other: PostedDocument) -> bool:
    """Whether it books the opposite on the same accounts, under the same reference."""
    back = other.document_kind == "transfer"
    banks = (other.to_bank_code, other.bank_code) if back else (other.bank_code, other.to_bank_code)
    return _books(one) == (OPPOSITE_KIND[other.document_kind], *_books(other)[1:4], *banks)


def _books(one: PostedDocument) -> tuple[object, ...]:
    values = (one.document_kind, one.gross_pence, one.tax_pence, one.customer_reference)
    return (*values, one.bank_code, one.to_bank_code)


def names_by_connector(intent: Candidate, payload: Payload, patterns: list[str]) -> list[str]:
    """What the connector would have called the document; a contra is never its work."""
    if payload.role == "X":
        return []
    return connector_references(patterns, payload, intent.store_id, receipt_no_of(intent.event_id))


def hold_by_connector(intent: Candidate, payload: Payload, looks: Looks, patterns: list[str]) -> Hold | None:
    """Whether the connector has posted the receipt by its own name since the publication."""
    theirs = by_connector(intent, payload, looks, patterns)
    if theirs is None:
        return None
    return Hold("connector_was_first", f"URN {theirs.urn} has reference {theirs.reference}")


def by_connector(
    intent: Candidate, payload: Payload, looks: Looks, patterns: list[str]
) -> PostedDocument | None:
    """The connector's own document of the receipt, if Sage has one."""
    document = payload.document
    for reference in names_by_connector(intent, payload, patterns):
        for posted in looks.find_by_reference(reference):
            if posted.urn == payload.target_urn or (posted.order and posted.order.is_cancelled):
                continue  # what a repost replaces is undone
            same_kind = posted.document_kind == document.document_kind
            # receipt numbers wrap: an old namesake has neither the date nor the amount
            same_sale = (
                posted.document_date == document.document_date or posted.gross_pence == document.gross_pence
            )
            if same_kind and same_sale:
                return posted
    return None


def hold_by_day(
    intent: Candidate,
    payload: Payload,
    looks: Looks,
    patterns: list[str],
    day_patterns: Callable[[str], Sequence[str]],
    seen_urn: int | None = None,
) -> Hold | None:
    """Whether the connector has posted the day of a document since the publication, or any receipt of a summary's.

    `day_patterns` gives a company's patterns of whole days; with `seen_urn` only what has a greater URN counts.
    """
    if payload.role == "X":
        return None
    of_receipts = patterns if payload.members_digest else []
    for posted in looks.newcomers(payload.document.document_date):
        if posted.urn % URN_SEQUENCE <= (seen_urn or 0) % URN_SEQUENCE:
            continue
        named = [
            found.group(1) for pattern in of_receipts if (found := re.fullmatch(pattern, posted.reference))
        ]
        named += [
            found.group(1)
            for pattern in day_patterns(intent.company_id)
            if (found := re.fullmatch(pattern, posted.reference))
            and _is_one_till(found.group(3), intent.event_id)
        ]
        if intent.store_id in named:
            return Hold("connector_was_first", f"URN {posted.urn} ({posted.reference}) is of the same day")
    return None


def _is_one_till(till_id: str | None, event_id: str) -> bool:
    """Whether a day's document can be of the till of a summary or a receipt, which comes third in its event id."""
    ours = [*event_id.split(":"), "", "", ""][2]
    return not till_id or not ours or till_id == ours


def hold_by_likeness(
    payload: Payload, looks: Looks, patterns: list[str], seen_urn: int | None, *, is_older: bool = False
) -> Hold | None:
    """Whether a document exactly alike is newer than any the publication knew.

    Of what an older publication proposed (`is_older`) every document counts: the newest may know it for this very
    sale.
    One that is ours, or that the connector named for a receipt (its own was looked for by name), is another
    sale of the same amount.
    """
    if payload.role == "X" or (seen_urn is None and not is_older):
        return None
    for posted in looks.find_alike(payload.document, ever=is_older):
        is_newer = is_older or seen_urn is None or posted.urn % URN_SEQUENCE > seen_urn % URN_SEQUENCE
        is_named = any(re.fullmatch(pattern, posted.reference) for pattern in patterns)
        is_replaced = posted.urn == payload.target_urn
        if is_newer and not is_named and not is_replaced and not is_ours(posted.reference):
            return Hold("alike_in_ledger", f"URN {posted.urn} ({posted.reference}) is exactly like it")
    return None
