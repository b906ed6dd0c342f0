"""What may be done about open exceptions of a publication: assign, note, snooze, wake. Checked here, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from app.money import counted, day
from app.published import Published
from app.workbench import not_open
from orchestration.operations import Operations, OperationsError
from orchestration.operations.signing import check_name, check_signature

MOST_AT_ONCE = 500
LONGEST_SNOOZE = timedelta(days=92)
LONGEST_TEXT = 2000


def assign(
    published: Published,
    operations: Operations,
    company_id: str,
    exception_ids: Sequence[str],
    *,
    assignee: str,
    by: str,
    reason: str,
) -> str:
    """Give open exceptions to somebody (empty: to nobody); what was done, in words."""
    check_name(assignee)
    whose = assignee.strip()

    def write(ids: list[str]) -> int:
        return operations.assign(company_id, ids, assignee=whose, author=by.strip(), reason=reason.strip())

    cases = _written(published, company_id, exception_ids, by, reason, write)
    return f"{cases} assigned to {whose}." if whose else f"{cases} assigned to nobody."


def note(
    published: Published,
    operations: Operations,
    company_id: str,
    exception_ids: Sequence[str],
    *,
    by: str,
    text: str,
) -> str:
    """Keep a remark on open exceptions."""

    def write(ids: list[str]) -> int:
        return operations.note(company_id, ids, text=text.strip(), author=by.strip())

    return f"Note kept on {_written(published, company_id, exception_ids, by, text, write)}."


def snooze(
    published: Published,
    operations: Operations,
    company_id: str,
    exception_ids: Sequence[str],
    *,
    wakes_on: date,
    by: str,
    reason: str,
) -> str:
    """Let open exceptions wait until a day after the publication's own, at most LONGEST_SNOOZE ahead."""
    today = published.as_of.date()
    if not today < wakes_on <= today + LONGEST_SNOOZE:
        raise OperationsError(
            f"{day(wakes_on)} is no day to wait for: choose one after {day(today)}, the day of these figures, "
            f"and no later than {day(today + LONGEST_SNOOZE)}"
        )

    def write(ids: list[str]) -> int:
        return operations.snooze(company_id, ids, wakes_on=wakes_on, author=by.strip(), reason=reason.strip())

    cases = _written(published, company_id, exception_ids, by, reason, write)
    return f"{cases} snoozed until {day(wakes_on)}: still open, still counted."


def wake(
    published: Published,
    operations: Operations,
    company_id: str,
    exception_ids: Sequence[str],
    *,
    by: str,
    reason: str,
) -> str:
    """Let nothing wait any longer."""

    def write(ids: list[str]) -> int:
        return operations.snooze(company_id, ids, wakes_on=None, author=by.strip(), reason=reason.strip())

    return f"{_written(published, company_id, exception_ids, by, reason, write)} woken."


def _written(
    published: Published,
    company_id: str,
    exception_ids: Sequence[str],
    by: str,
    reason: str,
    write: Callable[[list[str]], int],
) -> str:
    """Check, write all or nothing, and say of how many. Raises OperationsError; then nothing was written."""
    check_signature(by, reason)
    if len(reason) > LONGEST_TEXT:
        raise OperationsError(f"the text is longer than {LONGEST_TEXT:,} characters")
    ids = sorted(set(exception_ids))
    if not ids:
        raise OperationsError("choose at least one exception")
    if len(ids) > MOST_AT_ONCE:
        raise OperationsError(f"{len(ids):,} exceptions are too many at once: at most {MOST_AT_ONCE}")
    strangers = not_open(published, company_id, ids)
    if strangers:
        raise OperationsError(
            f"{', '.join(strangers[:3])} {'is' if len(strangers) == 1 else 'are'} not open in publication "
            f"{published.number}: nothing was written. Look at the newest figures and choose again"
        )
    return counted(write(ids), "exception")
