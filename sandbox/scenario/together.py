"""What one journal or one document carries for several receipts, a day of them or two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from sandbox.scenario.actions import CONNECTOR, SILENCE, Action
from sandbox.scenario.connector_documents import Draft, Part
from sandbox.scenario.deeds import PLANTED, as_missing
from sandbox.scenario.journals import journal_for
from sandbox.scenario.planting import Candidate, Day

NEXT_DAY = timedelta(hours=30)


def _carried(drafts: Sequence[Draft], key: str, note: str) -> list[Action]:
    """Missing as themselves, and carried by the journal of that key."""
    return [
        Action(draft, None, "covered_by_journal", part=PLANTED, note=note, claims=SILENCE, partner=key)
        for draft in drafts
    ]


def journalled(has_vat: bool, note: str) -> Callable[[Candidate], list[Action]]:
    def act_it(candidate: Candidate) -> list[Action]:
        journal = journal_for(candidate.drafts, day=candidate.day, has_vat=has_vat)
        return [
            *_carried(candidate.drafts, journal.key, note),
            Action(None, None, journal=journal, delay=NEXT_DAY),
        ]

    return act_it


def journalled_tender(candidate: Candidate) -> list[Action]:
    *there, gone = candidate.drafts
    journal = journal_for([gone], day=candidate.day + timedelta(days=3))
    return [
        *(Action(draft, draft) for draft in there),
        *_carried([gone], journal.key, "against the debtors, three days later"),
        Action(None, None, journal=journal, delay=timedelta(days=3)),
    ]


def journalled_in_part(candidate: Candidate) -> list[Action]:
    journal = journal_for(candidate.drafts, day=candidate.day, charge_pence=100)
    doubtful = [
        replace(action, verdict="ambiguous", is_strict=False)
        for action in _carried(candidate.drafts, journal.key, "sales lack a bank charge")
    ]
    return [*doubtful, Action(None, None, journal=journal, delay=NEXT_DAY)]


def journal_reversed(candidate: Candidate) -> list[Action]:
    journal = journal_for(candidate.drafts, day=candidate.day)
    return [
        *as_missing(candidate, SILENCE, "matched", "journalled, and the journal reversed"),
        Action(None, None, journal=journal, delay=NEXT_DAY),
        Action(None, None, journal=journal.reversed(candidate.day), delay=2 * NEXT_DAY),
    ]


def journalled_day(candidate: Candidate, day: Day) -> list[Action]:
    """One journal for all that the day lacks; it is entered with the last of its receipts."""
    drafts = [draft for member in day.members for draft in member.drafts]
    journal = journal_for(drafts, day=candidate.day)
    actions = _carried(candidate.drafts, journal.key, f"one journal for {len(drafts)} documents")
    if day.is_last(candidate):
        actions.append(Action(None, None, journal=journal, delay=NEXT_DAY))
    return actions


def _slot_of(draft: Draft) -> str:
    measure = "takings:" + draft.bank if draft.bank else "sales:"
    return f"{draft.store_id}:{draft.document_date}::{measure}"


def _summaries(drafts: Sequence[Draft]) -> dict[str, Draft]:
    """One document per kind and bank, with the parts and the money of all; the key that carries -> document."""
    first = drafts[0]
    reference = f"DAY-{first.store_id}-{first.document_date:%Y%m%d}"
    summed: dict[str, Draft] = {}
    for draft in drafts:
        key = f"{_slot_of(draft)} {draft.kind}"
        known = summed.get(key)
        sums: dict[tuple[str, int], list[int]] = {}
        for part in (*(known.parts if known else ()), *draft.parts):
            totals = sums.setdefault((part.nominal_code, part.tax_code), [0, 0])
            totals[0] += part.net_pence
            totals[1] += part.tax_pence
        summed[key] = replace(
            known or draft,
            reference=reference,
            second_reference="DAY",
            parts=tuple(Part(*account, *totals) for account, totals in sorted(sums.items())),
            value_pence=draft.value_pence + (known.value_pence if known else 0),
        )
    return summed


def _in_a_day(candidate: Candidate, note: str, key: str = "") -> list[Action]:
    """Right, and no document of its own: the day's carries it."""
    return [
        Action(
            draft,
            None,
            part=PLANTED,
            note=note,
            claims=SILENCE,
            partner=key or f"{_slot_of(draft)} {draft.kind}",
        )
        for draft in candidate.drafts
    ]


def summarised_day(is_short: bool) -> Callable[[Candidate, Day], list[Action]]:
    def act_it(candidate: Candidate, day: Day) -> list[Action]:
        actions = _in_a_day(candidate, f"one of {len(day.members)} of the day")
        if not day.is_last(candidate):
            return actions
        forgotten = (
            next((m.goods for m in day.members if m.goods.kind == "invoice"), None) if is_short else None
        )
        posted = [draft for member in day.members for draft in member.drafts if draft is not forgotten]
        told: set[str] = set()
        for key, draft in _summaries(posted).items():
            slot = _slot_of(draft)
            is_drifted = forgotten is not None and slot == _slot_of(forgotten)
            actions.append(
                Action(
                    None,
                    draft,
                    "drifted" if is_drifted else "matched",
                    drift_kinds=_kinds_of(forgotten) if forgotten and is_drifted else "",
                    part=PLANTED,
                    note="a whole day",
                    carries=key,
                    summary="" if slot in told else slot,
                    delay=timedelta(minutes=20),
                )
            )
            told.add(slot)
        return actions

    return act_it


def _kinds_of(forgotten: Draft) -> str:
    return "amount,tax_amount" if forgotten.tax_pence else "amount"


def summarised_day_journal(candidate: Candidate, day: Day) -> list[Action]:
    """The connector's own journal for the day: it names the day, and so is no person's."""
    drafts = [draft for member in day.members for draft in member.drafts]
    journal = journal_for(drafts, day=candidate.day)
    actions = _in_a_day(candidate, "in the connector's journal of the day", journal.key)
    if day.is_last(candidate):
        reference = f"DAY-{candidate.receipt.store_id}-{candidate.day:%Y%m%d}"
        named = replace(journal, reference=reference, user_name=CONNECTOR)
        groups = {_slot_of(draft): draft for draft in drafts}
        actions += [
            Action(
                None,
                None,
                part=PLANTED,
                note="a whole day",
                claims=SILENCE,
                partner=journal.key,
                summary=slot,
                about=draft,
            )
            for slot, draft in groups.items()
        ]
        actions.append(Action(None, None, journal=named, delay=NEXT_DAY))
    return actions


def summed_receipts(candidate: Candidate, day: Day) -> list[Action]:
    """Two receipts in one nameless document of each kind; a third of the day never arrived."""
    if day.is_last(candidate):
        return as_missing(candidate, SILENCE, "matched", "beside two that were summed")
    actions = _in_a_day(candidate, "one of two in a document without a name")
    if candidate.receipt.receipt_no == day.members[1].receipt.receipt_no:
        posted = [draft for member in day.members[:2] for draft in member.drafts]
        actions += [
            Action(
                None,
                replace(draft, reference="", second_reference=""),
                part=PLANTED,
                note="two receipts",
                carries=key,
                summary=_slot_of(draft),
                claims=SILENCE,
            )
            for key, draft in _summaries(posted).items()
        ]
    return actions
