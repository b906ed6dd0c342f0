"""Documents sent twice, sent for nothing, sent where nobody looks, or sent without their name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from sandbox.scenario.actions import ACCEPTED, SILENCE, Action, Claim
from sandbox.scenario.connector_documents import Draft
from sandbox.scenario.deeds import PLANTED, as_drifted, as_missing, clean, with_part
from sandbox.scenario.drifts import at_old_rate, kinds_between
from sandbox.scenario.planting import Candidate

JUNK_REFERENCES = ("", "TILL SALE", "MISC", "ONLINE ORDER")
FUTURE = (2011, 10)  # a Future period of the demo's company
LOST_REPLY = Claim("unknown", 504, "Gateway Timeout")
AGAIN = timedelta(minutes=5)


def _again(drafts: Sequence[Draft]) -> list[Action]:
    """The same documents once more, after a lost reply."""
    return [
        Action(
            None,
            draft,
            "duplicate_in_ledger",
            "reversed",
            part=PLANTED,
            note="sent again after a lost reply",
            claims=ACCEPTED,
            delay=AGAIN,
            gets_our_contra=True,
        )
        for draft in drafts
    ]


def posted_twice(candidate: Candidate) -> list[Action]:
    first = [Action(draft, draft, claims=(LOST_REPLY,)) for draft in candidate.drafts]
    return first + _again(candidate.drafts)


def tender_posted_twice(candidate: Candidate) -> list[Action]:
    *there, last = candidate.drafts
    first = [Action(draft, draft) for draft in there] + [Action(last, last, claims=(LOST_REPLY,))]
    return first + _again([last])


def drifted_and_twice(candidate: Candidate) -> list[Action]:
    """Both copies of the invoice have the old VAT code: one is a drift, the other a copy of it."""
    goods, *money = candidate.drafts
    wrong = at_old_rate(goods)
    first = replace(
        as_drifted(goods, wrong, kinds_between(goods, wrong), "and sent again"), claims=(LOST_REPLY,)
    )
    return [first, *(Action(draft, draft) for draft in money), *_again([wrong])]


def refund_as_sale(candidate: Candidate) -> list[Action]:
    """A refund posted the wrong way round: an invoice and a receipt under its number."""
    note = "a refund posted as a sale"
    missing = [replace(action, note=note) for action in as_missing(candidate, SILENCE, "matched", note)]
    return missing + [
        Action(None, draft.opposite(), "missing_in_pos", part=PLANTED, note=note)
        for draft in candidate.drafts
    ]


def posted_twice_reversed(candidate: Candidate) -> list[Action]:
    first = [Action(draft, draft, claims=(LOST_REPLY,)) for draft in candidate.drafts]
    reversal = {"verdict": "reversed", "part": PLANTED, "is_strict": False}
    note = "put right by a person"
    again = [
        Action(None, draft, note=note, delay=AGAIN, is_twin=True, **reversal)  # type: ignore[arg-type]
        for draft in candidate.drafts
    ]
    contras = [
        Action(
            None,
            draft.opposite(),
            note=note,
            claims=SILENCE,
            user_name="JSMITH",
            delay=timedelta(hours=30),
            **reversal,  # type: ignore[arg-type]
        )
        for draft in candidate.drafts
    ]
    return first + again + contras


def never_sold(candidate: Candidate) -> list[Action]:
    """The receipt itself is clean; beside it stands one, a little dearer, that no till ever printed."""
    number = f"7{candidate.receipt.receipt_no[1:]}"
    goods, money = candidate.drafts
    largest = max(goods.parts, key=lambda part: part.net_pence)
    dearer = with_part(goods, largest, largest._replace(net_pence=largest.net_pence + 7_001))
    phantoms = [
        replace(
            draft, receipt_no=number, reference=draft.reference.replace(candidate.receipt.receipt_no, number)
        )
        for draft in (dearer, replace(money, value_pence=money.value_pence + 7_001))
    ]
    note = "no till printed this receipt"
    return clean(candidate) + [
        Action(None, draft, "missing_in_pos", part=PLANTED, note=note) for draft in phantoms
    ]


def to_suspense(candidate: Candidate) -> list[Action]:
    action = Action(candidate.goods, candidate.goods, "in_suspense", part=PLANTED, is_to_suspense=True)
    return [action, *(Action(draft, draft) for draft in candidate.tenders)]


def deferred(candidate: Candidate) -> list[Action]:
    day = date(*FUTURE, min(candidate.day.day, 28))
    action = Action(
        candidate.goods,
        replace(candidate.goods, document_date=day),
        "deferred",
        part=PLANTED,
        note=f"dated {day}",
    )
    return [action, *(Action(draft, draft) for draft in candidate.tenders)]


def reference_lost(candidate: Candidate) -> list[Action]:
    junk = JUNK_REFERENCES[len(candidate.receipt.lines) % len(JUNK_REFERENCES)]
    return [
        Action(
            draft,
            replace(draft, reference=junk, second_reference=""),
            part=PLANTED,
            note=f"reference {junk!r}",
            is_strict=False,
        )
        for draft in candidate.drafts
    ]


def reference_lost_late(candidate: Candidate) -> list[Action]:
    """Named by nothing, and a day or two late: only what is near can find it."""
    late = timedelta(days=1 + len(candidate.receipt.lines) % 2)
    note = f"no reference, {late.days} days late"
    return [
        replace(
            as_drifted(
                draft,
                replace(draft, document_date=draft.document_date + late, reference="", second_reference=""),
                "date",
                note,
                late,
            ),
            is_strict=False,
        )
        for draft in candidate.drafts
    ]
