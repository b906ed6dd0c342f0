"""Closing: what stands signed off, what has moved since, and the hands that tick, sign and take back.

A sign-off binds to the figures of its own store-days in one publication, and to the head of the chain of postings. It
is suspended, by nobody's hand, while a later publication has another figure there: that is asked of the figures each
time, and stored nowhere.
"""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from app import close_figures
from app.close_checklist import Item, checklist, is_over, must_be_ticked
from app.close_figures import FIGURES, Moved, Scope
from app.money import counted, day, month
from app.published import NothingPublishedError, Published, newest
from orchestration.close_settings import CloseSettings
from orchestration.operations import WHOLE_COMPANY, CloseFigures, Operations, OperationsError
from orchestration.operations.sign_offs import CLOSE
from orchestration.operations.signing import check_signature

State = Literal["stands", "suspended", "renewed", "withdrawn"]
LONGEST_NOTE = 2000


@dataclass(frozen=True)
class SignOff:
    """One sign-off as it stands in a publication; `moved` is what suspends it."""

    sign_off_id: int
    scope: Scope
    state: State
    author: str
    role: str
    at: datetime
    note: str
    publication_number: int
    figures_digest: str
    chain_event_number: int
    chain_head_hash: str
    open_items: tuple[str, ...]
    withdrawn_by: str
    withdrawn_because: str
    moved: tuple[Moved, ...]

    @property
    def is_in_force(self) -> bool:
        """Whether it is the last word on what it closes: it stands, or would if nothing had moved."""
        return self.state in ("stands", "suspended")


def period_of(company_id: str, text: str | date) -> Scope:
    """The scope of a calendar month, given as YYYY-MM or any day in it. OperationsError for what is no month."""
    if isinstance(text, date):
        first = text.replace(day=1)
    else:
        try:
            first = date.fromisoformat(f"{text.strip()}-01")
        except ValueError:
            raise OperationsError(f"'{text}' is no month: write it YYYY-MM") from None
    return Scope(company_id, first, first.replace(day=monthrange(first.year, first.month)[1]))


def store_day_of(company_id: str, store_id: str, business_date: date) -> Scope:
    """The scope of one store-day."""
    return Scope(company_id, business_date, business_date, store_id)


def named(scope: Scope) -> str:
    """August 2011; store S01, 3 Aug 2011."""
    return month(scope.date_from) if scope.is_period else f"store {scope.store_id}, {day(scope.date_from)}"


def sign_offs(
    published: Published,
    operations: Operations,
    company_id: str,
    period: Scope,
    now: CloseFigures | None = None,
) -> list[SignOff]:
    """Every sign-off of a period and of its store-days, the newest first. `now` are the period's figures."""
    rows = [
        row
        for row in operations.sign_offs(company_id, kind=CLOSE)
        if row["date_from"] >= period.date_from and row["date_to"] <= period.date_to
    ]
    figures = now if now is not None else close_figures.figures(published, period)
    found, taken = [], set()
    for row in reversed(rows):
        scope = Scope(
            company_id,
            row["date_from"],
            row["date_to"],
            None if row["store_id"] == WHOLE_COMPANY else row["store_id"],
        )
        moved: tuple[Moved, ...] = ()
        state: State = "stands"
        if row["withdrawn_by"] is not None:
            state = "withdrawn"
        elif scope in taken:
            state = "renewed"
        else:
            taken.add(scope)
            moved = moved_since(published, operations, row, scope, figures)
            state = "suspended" if moved else "stands"
        found.append(sign_off_of(row, scope, state, moved))
    return found


def moved_since(
    published: Published, operations: Operations, row: Mapping[str, Any], scope: Scope, now: CloseFigures
) -> tuple[Moved, ...]:
    """What is not as it was signed; nothing where the reader still looks at figures of before it."""
    if published.number < row["publication_number"] and published.number != newest(published.root):
        return ()
    mine = now if scope.is_period else close_figures.of_store_day(now, scope.store_id or "", scope.date_from)
    if mine.digest == row["figures_digest"]:
        return ()
    signed = operations.signed_figures(row["figures_digest"])
    if signed is None:
        return (
            Moved(scope.store_id or WHOLE_COMPANY, scope.date_from.isoformat(), "no_figures", None, None),
        )
    return tuple(close_figures.differences(signed, mine))


def sign_off_of(row: Mapping[str, Any], scope: Scope, state: State, moved: tuple[Moved, ...]) -> SignOff:
    """A row of the store as a sign-off, with what it was found to be."""
    items = json.loads(row["checklist"]) if row["checklist"] else []
    return SignOff(
        sign_off_id=row["id"],
        scope=scope,
        state=state,
        author=row["author"],
        role=row["role"],
        at=row["recorded_at"],
        note=row["reason"],
        publication_number=row["publication_number"],
        figures_digest=row["figures_digest"],
        chain_event_number=row["chain_event_number"],
        chain_head_hash=row["chain_head_hash"],
        open_items=tuple(item["title"] for item in items if item["state"] == "open"),
        withdrawn_by=row["withdrawn_by"] or "",
        withdrawn_because=row["withdrawn_because"] or "",
        moved=moved,
    )


def items_of(
    published: Published, operations: Operations, settings: CloseSettings, scope: Scope
) -> list[Item]:
    """The checklist of a period with what people ticked, or of a store-day."""
    ticks = operations.ticks(scope.company_id, scope.date_from) if scope.is_period else {}
    return checklist(published, scope, settings, ticks)


def sign(
    published: Published,
    operations: Operations,
    settings: CloseSettings,
    scope: Scope,
    *,
    by: str,
    note: str,
    with_open_items: bool = False,
) -> str:
    """Sign a period or store-day off, or renew what is suspended; what was done, in words.

    Raises OperationsError where the days are not over, an item is open and nobody said to sign all the same, the
    figures are not the newest, or a sign-off stands already; then nothing was written.
    """
    must_be_signed(by, note)
    operations.must_be_allowed(by, "sign off a period" if scope.is_period else "sign off a store-day")
    must_be_newest(published)
    figures = close_figures.figures(published, scope)
    if not any(row[0] or row[1] for row in figures.slots.values()):
        raise OperationsError(f"nothing is known of {named(scope)}: there is nothing to sign")
    if not is_over(published.as_of, scope.date_to):
        raise OperationsError(
            f"{day(scope.date_to)} is not over in these figures, which are of {day(published.as_of.date())}: "
            "sign after the next pass"
        )
    items = items_of(published, operations, settings, scope)
    still_open = [item.title for item in items if item.state == "open"]
    if still_open and not with_open_items:
        raise OperationsError(
            f"{counted(len(still_open), 'item')} of the checklist of {named(scope)} not done: "
            f"{'; '.join(still_open)}. Close them, or sign with open items and say why"
        )
    before = _in_force(published, operations, scope)
    if before is not None and before.state == "stands":
        raise OperationsError(
            f"{named(scope)} is signed off already, by {before.author} on {day(before.at.date())}: nothing has moved"
        )
    number = operations.sign_off(
        scope.company_id,
        scope.store_id or WHOLE_COMPANY,
        date_from=scope.date_from,
        date_to=scope.date_to,
        publication_number=published.number,
        author=by.strip(),
        reason=note.strip(),
        figures=figures,
        checklist=json.dumps([item.as_dict() for item in items]),
    )
    did = "Renewed" if before else "Signed off"
    left = f", with {counted(len(still_open), 'open item')}" if still_open else ""
    return (
        f"{did}: {named(scope)}, as sign-off {number} on publication {published.number}{left}. "
        f"Figures {figures.digest[:12]}"
    )


def withdraw(published: Published, operations: Operations, scope: Scope, *, by: str, note: str) -> str:
    """Take the sign-off of a period or store-day back. OperationsError where none is in force."""
    must_be_signed(by, note)
    found = _in_force(published, operations, scope)
    if found is None:
        raise OperationsError(f"{named(scope)} is not signed off: there is nothing to take back")
    operations.withdraw_sign_off(scope.company_id, found.sign_off_id, author=by.strip(), reason=note.strip())
    return f"Taken back: sign-off {found.sign_off_id} of {named(scope)}, which {found.author} had signed"


def tick(
    published: Published,
    operations: Operations,
    settings: CloseSettings,
    scope: Scope,
    name: str,
    *,
    is_done: bool,
    by: str,
    note: str,
) -> str:
    """Tick an item of a period's checklist, or take the tick off. OperationsError for one that is worked out."""
    must_be_signed(by, note)
    operations.must_be_allowed(by, "tick the checklist")
    must_be_ticked(settings, name)
    operations.tick(
        scope.company_id,
        scope.date_from,
        name,
        is_done=is_done,
        publication_number=published.number,
        author=by.strip(),
        reason=note.strip(),
    )
    return f"{'Ticked' if is_done else 'Tick taken off'}: {name} of {named(scope)}"


def status(
    published: Published, operations: Operations, settings: CloseSettings, scope: Scope
) -> dict[str, Any]:
    """A period as one report: the checklist, its figures, and every sign-off of it and its store-days."""
    now = close_figures.figures(published, scope)
    signed = sign_offs(published, operations, scope.company_id, scope, now)
    items = items_of(published, operations, settings, scope)
    whole = next((each for each in signed if each.scope == scope and each.is_in_force), None)
    return {
        "publication": published.number,
        "as_of": published.as_of.isoformat() + "Z",
        "company_id": scope.company_id,
        "period": scope.date_from.strftime("%Y-%m"),
        "state": whole.state if whole else "not_signed_off",
        "checklist": [item.as_dict() for item in items],
        "open_items": sum(item.state == "open" for item in items),
        "figures": close_figures.totals(now),
        "figures_digest": now.digest,
        "sign_offs": [as_report(each) for each in signed],
    }


def as_report(signed: SignOff) -> dict[str, Any]:
    """A sign-off for JSON."""
    return {
        "sign_off": signed.sign_off_id,
        "of": named(signed.scope),
        "store_id": signed.scope.store_id,
        "date_from": signed.scope.date_from.isoformat(),
        "date_to": signed.scope.date_to.isoformat(),
        "state": signed.state,
        "by": signed.author,
        "role": signed.role,
        "at": signed.at.isoformat() + "Z",
        "note": signed.note,
        "publication": signed.publication_number,
        "figures_digest": signed.figures_digest,
        "chain_event": signed.chain_event_number,
        "chain_head": signed.chain_head_hash,
        "open_items": list(signed.open_items),
        "withdrawn_by": signed.withdrawn_by,
        "withdrawn_because": signed.withdrawn_because,
        "moved": [
            {
                "store_id": each.store_id,
                "day": each.day,
                "figure": each.figure,
                "called": FIGURES.get(each.figure, each.figure),
                "signed": each.signed,
                "now": each.now,
            }
            for each in signed.moved
        ],
    }


def _in_force(published: Published, operations: Operations, scope: Scope) -> SignOff | None:
    period = period_of(scope.company_id, scope.date_from)
    found = sign_offs(published, operations, scope.company_id, period)
    return next((each for each in found if each.scope == scope and each.is_in_force), None)


def must_be_signed(by: str, note: str) -> None:
    """OperationsError unless a person says who they are and why, in few enough words."""
    check_signature(by, note)
    if len(note) > LONGEST_NOTE:
        raise OperationsError(f"the note is longer than {LONGEST_NOTE:,} characters")


def must_be_newest(published: Published) -> None:
    """OperationsError for figures that are not the newest: nobody signs what has moved on."""
    try:
        latest = newest(published.root)
    except NothingPublishedError as nothing:
        raise OperationsError(str(nothing)) from nothing
    if published.number != latest:
        raise OperationsError(
            f"these figures are of publication {published.number} and the newest is {latest}: look at those first"
        )
