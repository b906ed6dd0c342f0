"""Accepting an installation: how its window of days came out, who has signed it, and the hands that sign and take back.

Whoever agreed to a limit signs. A sign-off binds to the figures of the days and to the limits, as that of a month binds
to its figures: it is suspended, by nobody's hand, while any of them is another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app import acceptance as days_judged
from app.acceptance import ASKED, Day, Outcome
from app.close_checklist import is_over
from app.close_figures import Moved, Scope
from app.money import counted, day
from app.published import Published
from orchestration import closing
from orchestration.acceptance_settings import MEASURES, AcceptanceSettings, AcceptanceWindow, Measure
from orchestration.closing import SignOff
from orchestration.operations import WHOLE_COMPANY, CloseFigures, Operations, OperationsError
from orchestration.operations.sign_offs import ACCEPTANCE

State = Literal["not_begun", "running", "to_sign", "accepted", "suspended"]


@dataclass(frozen=True)
class Tally:
    """One measure over the window: `worst` is the day that keeps its limit least."""

    measure: Measure
    limit: str
    agreed_by: str
    passed: int
    failed: int
    nothing: int
    worst: Day | None

    @property
    def worst_told(self) -> str:
        """97.20% on 3 Aug 2011; empty where nothing was measured."""
        if self.worst is None:
            return ""
        result = next(each for each in self.worst.results if each.measure == self.measure)
        return f"{result.told} on {day(self.worst.day)}"


@dataclass(frozen=True)
class Standing:
    """A window as it stands in one publication; `signed` is the newest word of each named person, None without one."""

    name: str
    title: str
    window: AcceptanceWindow
    state: State
    days: tuple[Day, ...]
    tallies: tuple[Tally, ...]
    signed: dict[str, SignOff | None]
    history: tuple[SignOff, ...]
    figures: CloseFigures

    def counted(self, outcome: Outcome) -> int:
        """Days with an outcome."""
        return sum(each.outcome == outcome for each in self.days)

    @property
    def is_over(self) -> bool:
        return len(self.days) == self.window.days


def window_of(settings: AcceptanceSettings, name: str = "") -> tuple[str, AcceptanceWindow]:
    """A window by name, or the only one there is. OperationsError where there is none, or several and no name."""
    known = ", ".join(settings.windows)
    if not settings.windows:
        raise OperationsError(
            "no window is set: write [acceptance.windows.first_30_days] with its first_day, and "
            "[acceptance.limits] into tillproof.toml (docs/acceptance.md)"
        )
    if not name and len(settings.windows) > 1:
        raise OperationsError(f"say which window: {known}")
    chosen = name or known
    if chosen not in settings.windows:
        raise OperationsError(f"there is no window '{chosen}'; there is: {known}")
    return chosen, settings.windows[chosen]


def title_of(name: str, window: AcceptanceWindow) -> str:
    """What people call a window."""
    return window.title or name.replace("_", " ").capitalize()


def standing(
    published: Published,
    operations: Operations,
    settings: AcceptanceSettings,
    company_id: str,
    name: str = "",
) -> Standing:
    """How a window stands. OperationsError where there is no such window."""
    name, window = window_of(settings, name)
    days = days_judged.days_of(published, settings, window, company_id)
    figures = days_judged.bound(days, settings, window)
    history = _history(published, operations, company_id, name, window, figures)
    signed = {
        person: next((each for each in history if _same(each.author, person) and each.is_in_force), None)
        for person in settings.people
    }
    return Standing(
        name=name,
        title=title_of(name, window),
        window=window,
        state=_state(window, days, tuple(signed.values())),
        days=tuple(days),
        tallies=tuple(_tally(days, settings, measure) for measure in MEASURES if measure in settings.limits),
        signed=signed,
        history=history,
        figures=figures,
    )


def _state(window: AcceptanceWindow, days: Sequence[Day], signed: Sequence[SignOff | None]) -> State:
    if not days:
        return "not_begun"
    if any(each is not None and each.state == "suspended" for each in signed):
        return "suspended"
    if len(days) < window.days:
        return "running"
    return "accepted" if signed and all(signed) else "to_sign"


def _tally(days: Sequence[Day], settings: AcceptanceSettings, measure: Measure) -> Tally:
    results = [(each, result) for each in days for result in each.results if result.measure == measure]
    measured = [(each, result.hundredths) for each, result in results if result.hundredths is not None]
    sign = 1 if ASKED[measure].at_least else -1
    worst = min(measured, key=lambda pair: sign * pair[1], default=None)
    count = [result.outcome for _, result in results].count
    return Tally(
        measure=measure,
        limit=days_judged.limit_told(settings, measure),
        agreed_by=settings.limits[measure].agreed_by,
        passed=count("passed"),
        failed=count("failed"),
        nothing=count("nothing"),
        worst=worst[0] if worst else None,
    )


def _history(
    published: Published,
    operations: Operations,
    company_id: str,
    name: str,
    window: AcceptanceWindow,
    now: CloseFigures,
) -> tuple[SignOff, ...]:
    """Every sign-off of these days, the newest first; a later one of the same person renews the one before."""
    scope = Scope(company_id, window.first_day, window.last_day)
    found, taken = [], set()
    for row in reversed(operations.sign_offs(company_id, kind=ACCEPTANCE + name)):
        if (row["date_from"], row["date_to"]) != (scope.date_from, scope.date_to):
            continue  # the window had other days then
        moved: tuple[Moved, ...] = ()
        state: closing.State = "stands"
        if row["withdrawn_by"] is not None:
            state = "withdrawn"
        elif row["author"].casefold() in taken:
            state = "renewed"
        else:
            taken.add(row["author"].casefold())
            moved = closing.moved_since(published, operations, row, scope, now)
            state = "suspended" if moved else "stands"
        found.append(closing.sign_off_of(row, scope, state, moved))
    return tuple(found)


def sign(
    published: Published,
    operations: Operations,
    settings: AcceptanceSettings,
    company_id: str,
    name: str = "",
    *,
    by: str,
    note: str,
    with_failed_days: bool = False,
) -> str:
    """Sign a window as one of those who agreed to its limits, or renew what is suspended; what was done, in words.

    Raises OperationsError where the window is not over, the figures are not the newest, no limit was agreed, the signer
    agreed to none, a day failed and nobody said to sign all the same, or their sign-off stands already.
    """
    closing.must_be_signed(by, note)
    operations.must_be_allowed(by, "sign off an acceptance")
    closing.must_be_newest(published)
    found = standing(published, operations, settings, company_id, name)
    if not settings.people:
        raise OperationsError("no limit was agreed: write [acceptance.limits] into tillproof.toml first")
    person = next((each for each in settings.people if _same(each, by)), None)
    if person is None:
        raise OperationsError(
            f"{by.strip()} agreed to no limit: whoever did signs ({', '.join(settings.people)})"
        )
    if not is_over(published.as_of, found.window.last_day):
        raise OperationsError(
            f"{found.title} runs to {day(found.window.last_day)}, and these figures are of "
            f"{day(published.as_of.date())}: sign after the next pass that is later"
        )
    failed = found.counted("failed")
    if failed and not with_failed_days:
        told = "; ".join(
            f"{ASKED[each.measure].title} on {counted(each.failed, 'day')}"
            for each in found.tallies
            if each.failed
        )
        raise OperationsError(
            f"{counted(failed, 'day')} of {found.title} failed: {told}. Mend what can be, or sign with failed days "
            "and say why"
        )
    if not failed and not found.counted("passed"):
        raise OperationsError(f"nothing was sold on any day of {found.title}: there is nothing to accept")
    before = found.signed[person]
    if before is not None and before.state == "stands":
        raise OperationsError(f"{person} has signed {found.title} already: nothing has moved")
    number = operations.sign_off(
        company_id,
        WHOLE_COMPANY,
        date_from=found.window.first_day,
        date_to=found.window.last_day,
        publication_number=published.number,
        author=by.strip(),
        reason=note.strip(),
        figures=found.figures,
        checklist=json.dumps([_item(each) for each in found.tallies]),
        kind=ACCEPTANCE + found.name,
    )
    waiting = [each for each, word in found.signed.items() if each != person and word is None]
    left = f". Still to sign: {', '.join(waiting)}" if waiting else ""
    bad = f", with {counted(failed, 'failed day')}" if failed else ""
    did = "Renewed" if before else "Accepted"
    return f"{did}: {found.title}, as sign-off {number} on publication {published.number}{bad}{left}"


def withdraw(
    published: Published,
    operations: Operations,
    settings: AcceptanceSettings,
    company_id: str,
    name: str = "",
    *,
    by: str,
    note: str,
) -> str:
    """Take one's own sign-off of a window back. OperationsError where none of theirs is in force."""
    closing.must_be_signed(by, note)
    found = standing(published, operations, settings, company_id, name)
    mine = next((each for each in found.history if _same(each.author, by) and each.is_in_force), None)
    if mine is None:
        raise OperationsError(f"{by.strip()} has not signed {found.title}: there is nothing to take back")
    operations.withdraw_sign_off(company_id, mine.sign_off_id, author=by.strip(), reason=note.strip())
    return f"Taken back: sign-off {mine.sign_off_id} of {found.title}"


def _item(tally: Tally) -> dict[str, object]:
    """A measure as it stood, the way a checklist's item is kept."""
    title = ASKED[tally.measure].title
    return {
        "item": tally.measure,
        "title": f"{title}, {tally.limit}: failed on {counted(tally.failed, 'day')}",
        "owner": tally.agreed_by,
        "state": "open" if tally.failed else "done",
        "seen": f"{tally.passed} passed, {tally.failed} failed, {tally.nothing} with nothing to measure",
    }


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def as_report(published: Published, company_id: str, found: Standing) -> dict[str, Any]:
    """A window for JSON."""
    return {
        "publication": published.number,
        "as_of": published.as_of.isoformat() + "Z",
        "company_id": company_id,
        "window": found.name,
        "title": found.title,
        "first_day": found.window.first_day.isoformat(),
        "last_day": found.window.last_day.isoformat(),
        "state": found.state,
        "days_judged": len(found.days),
        "days_passed": found.counted("passed"),
        "days_failed": found.counted("failed"),
        "days_with_nothing": found.counted("nothing"),
        "measures": [
            {
                "measure": each.measure,
                "title": ASKED[each.measure].title,
                "limit": each.limit,
                "agreed_by": each.agreed_by,
                "passed": each.passed,
                "failed": each.failed,
                "nothing": each.nothing,
                "worst": each.worst_told,
            }
            for each in found.tallies
        ],
        "days": [
            {
                "day": each.day.isoformat(),
                "outcome": each.outcome,
                "measures": {
                    result.measure: {"outcome": result.outcome, "told": result.told}
                    for result in each.results
                },
                "figures": {name: each.figures[name] for name in days_judged.FIGURES},
            }
            for each in found.days
        ],
        "signed": {
            person: None if word is None else signed_report(found, word)
            for person, word in found.signed.items()
        },
        "sign_offs": [signed_report(found, each) for each in found.history],
    }


def signed_report(found: Standing, signed: SignOff) -> dict[str, Any]:
    """A sign-off for JSON, under the window's own title and figures' names."""
    report = closing.as_report(signed)
    report["of"] = found.title
    for moved in report["moved"]:
        moved["called"] = days_judged.figure_called(moved["figure"])
    return report
