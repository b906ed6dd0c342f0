"""The checklist of a month, or of one store-day: what must be so before it is closed, whose it is, and by when.

What published tables can say is worked out from them; the rest a person ticks. Money is whole pence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from app.close_figures import Scope, postings_by_day
from app.money import counted, day, pounds
from app.published import Published, Row
from orchestration.close_settings import CloseSettings
from orchestration.operations import OperationsError, Tick

ZONE = ZoneInfo("Europe/London")
SATURDAY = 5
State = Literal["done", "open"]


@dataclass(frozen=True)
class Item:
    """One item as it stands: `seen` says what was found, or who ticked it; `due_on` is None for a store-day."""

    name: str
    title: str
    owner: str
    due_on: date | None
    state: State
    seen: str
    is_ticked: bool
    is_overdue: bool

    def as_dict(self) -> dict[str, object]:
        return {
            "item": self.name,
            "title": self.title,
            "owner": self.owner,
            "due_on": self.due_on.isoformat() if self.due_on else None,
            "state": self.state,
            "seen": self.seen,
            "by_a_person": self.is_ticked,
            "is_overdue": self.is_overdue,
        }


@dataclass(frozen=True)
class _Ask:
    """What an item says by itself; `look` is None where a person ticks it."""

    title: str
    owner: str
    due_day: int
    look: Callable[[Row, Scope, CloseSettings], tuple[bool, str]] | None = None
    is_of_a_day: bool = True


def _is_over(seen: Row, scope: Scope, _: CloseSettings) -> tuple[bool, str]:
    if not seen["is_over"]:
        return (
            False,
            f"These figures are of {day(seen['as_of'].date())}: {day(scope.date_to)} is not over in them",
        )
    pending = seen["pending_documents"]
    words = f"{counted(pending, 'document')} worth {pounds(seen['pending_pence'])} not yet due in Sage"
    return pending == 0, words if pending else "Nothing is still on its way to Sage"


def _is_checked(seen: Row, scope: Scope, _: CloseSettings) -> tuple[bool, str]:
    if not seen["store_days"]:
        return False, "No store-day is known"
    unsure = seen["store_days_not_checked"]
    days = counted(seen["store_days"], "store-day")
    words = f"{unsure:,} of {days}, {pounds(seen['not_checked_pence'])}, not checked"
    return unsure == 0, words if unsure else f"All {days} checked"


def _are_files_read(seen: Row, scope: Scope, _: CloseSettings) -> tuple[bool, str]:
    files = seen["files_not_read"]
    words = f"{counted(files, 'file')} not read, or only in part: of which days is not known"
    return files == 0, words if files else "Every file was read"


def _is_within_limit(seen: Row, scope: Scope, settings: CloseSettings) -> tuple[bool, str]:
    over, limit = seen["exceptions_over_limit"], settings.exception_limit_pence
    all_open = (
        f"{counted(seen['exceptions'], 'open exception')}, {pounds(seen['value_at_risk_pence'])} at risk"
    )
    told = f"{over:,} of them over {pounds(limit)}" if limit else "none may be open"
    return over == 0, f"{all_open}; {told}" if seen["exceptions"] else "No exception is open"


def _is_bridged(seen: Row, scope: Scope, _: CloseSettings) -> tuple[bool, str]:
    return seen["residual_pence"] == 0, f"{pounds(seen['residual_pence'])} left over"


def _are_closures_tied(seen: Row, scope: Scope, _: CloseSettings) -> tuple[bool, str]:
    if not seen["closures"]:
        return False, "No till delivered a closure"
    loose = seen["closures_not_tied"]
    closures = counted(seen["closures"], "closure")
    # a till's day may have several closures, or none
    words = f"On {counted(loose, 'till-day')} a closure is missing, unequal or not checked; {closures} in all"
    return loose == 0, words if loose else f"All {closures} agree with their receipts"


def _are_customers_zero(seen: Row, scope: Scope, _: CloseSettings) -> tuple[bool, str]:
    days = seen["customer_days_not_zero"]
    words = f"{counted(days, 'day')} of a till customer not at zero, {pounds(seen['customer_balance_pence'])} in all"
    return days == 0, words if days else "Every till customer comes to zero on every day"


def _are_takings_banked(seen: Row, scope: Scope, _: CloseSettings) -> tuple[bool, str]:
    apart = seen["till_takings_pence"] - seen["sage_takings_pence"]
    parts = []
    if seen["takings_open"]:
        found = counted(seen["takings_open"], "receipt or payment", "receipts and payments")
        parts.append(f"{found} missing, different or not checked")
    if apart:
        parts.append(f"tills took {pounds(abs(apart))} {'more' if apart > 0 else 'less'} than Sage holds")
    if seen["on_another_bank"]:
        parts.append(f"{counted(seen['on_another_bank'], 'document')} on another bank")
    words = "; ".join(parts)
    return not parts, words[:1].upper() + words[1:] or "All takings are on the clearing bank of their tender"


def _is_vat_there(seen: Row, scope: Scope, _: CloseSettings) -> tuple[bool, str]:
    found, vat = seen["vat_exceptions"], seen["vat_pence"]
    apart = f"{pounds(abs(vat))} {'less' if vat >= 0 else 'more'} in Sage than at the tills"
    words = f"{counted(found, 'open exception')} with VAT: {apart}"
    return found == 0, words if found else "No open exception has VAT in it"


def _are_postings_proven(seen: Row, scope: Scope, _: CloseSettings) -> tuple[bool, str]:
    mine, undated = seen["postings_not_proven"], seen["postings_undated"]
    if not mine and not undated:
        return True, f"{counted(seen['postings'], 'posting')}, all proven" if seen[
            "postings"
        ] else "Nothing was posted"
    words = f"{counted(mine, 'posting')} not proven"
    return False, words + (f", and {undated:,} of no known day" if undated else "")


ASKED: dict[str, _Ask] = {
    "nothing_pending": _Ask("The days are over and nothing is awaited", "integration", 1, _is_over),
    "store_days_checked": _Ask("Every store-day is checked", "operations", 1, _is_checked),
    "files_read": _Ask("Every till file was read", "operations", 2, _are_files_read, is_of_a_day=False),
    "closures_tied": _Ask("Till closures tie to their receipts", "operations", 2, _are_closures_tied),
    "bridge_zero": _Ask("The bridge leaves nothing over", "integration", 3, _is_bridged),
    "postings_proven": _Ask("Every posting is proven", "integration", 3, _are_postings_proven),
    "till_customers_zero": _Ask("Till customers come to zero", "finance", 3, _are_customers_zero),
    "takings_banked": _Ask("Takings are on their clearing banks", "finance", 3, _are_takings_banked),
    "vat_on_return": _Ask("No VAT is missing from the return", "finance", 4, _is_vat_there),
    "exceptions_within_limit": _Ask("No exception is open over the limit", "finance", 4, _is_within_limit),
    "bank_agreed": _Ask(
        "Clearing banks agree with the bank's and card acquirer's statements", "finance", 5, is_of_a_day=False
    ),
    "vat_agreed": _Ask("The VAT account agrees with the draft return", "finance", 5, is_of_a_day=False),
}
"""The items, in the order in which a month is closed; `due_day` is the working day after the month's end."""


def checklist(
    published: Published, scope: Scope, settings: CloseSettings, ticks: Mapping[str, Tick] | None = None
) -> list[Item]:
    """Every item of a scope as it stands. A store-day has no item that a person ticks, and no due days."""
    seen = _seen(published, scope, settings)
    told = ticks or {}
    found = []
    for name, ask in _asked(settings).items():
        if not ask.is_of_a_day and not scope.is_period:
            continue
        due_on = working_day(scope.date_to, ask.due_day) if scope.is_period else None
        if ask.look is not None:
            is_done, words = ask.look(seen, scope, settings)
        else:
            tick = told.get(name)
            is_done = tick is not None and tick.is_done
            words = _ticked(tick)
        is_overdue = not is_done and due_on is not None and due_on < published.as_of.date()
        state: State = "done" if is_done else "open"
        found.append(Item(name, ask.title, ask.owner, due_on, state, words, ask.look is None, is_overdue))
    return found


def _asked(settings: CloseSettings) -> dict[str, _Ask]:
    """What is asked here: the items of ASKED as the settings change them, then those that the settings add."""
    asked = dict(ASKED)
    for name, said in settings.items.items():
        was = ASKED.get(name, _Ask(name.replace("_", " ").capitalize(), "finance", 5, None, False))
        asked[name] = replace(
            was,
            title=said.title or was.title,
            owner=said.owner or was.owner,
            due_day=said.due_day or was.due_day,
        )
        if not said.is_needed:
            del asked[name]
    return asked


def must_be_ticked(settings: CloseSettings, name: str) -> None:
    """OperationsError unless the item is one that a person ticks."""
    asked = _asked(settings)
    by_hand = [each for each, ask in asked.items() if ask.look is None]
    if name not in asked:
        raise OperationsError(
            f"there is no item '{name}'; ticked by a person: {', '.join(by_hand) or 'none'}"
        )
    if name not in by_hand:
        raise OperationsError(
            f"'{asked[name].title}' is worked out from the figures: nobody can tick it. "
            f"Ticked by a person: {', '.join(by_hand) or 'none'}"
        )


def _ticked(tick: Tick | None) -> str:
    if tick is None:
        return "Nobody has ticked it"
    done = "Ticked" if tick.is_done else "Tick taken off"
    role = f" ({tick.role})" if tick.role else ""
    return f"{done} by {tick.author}{role} on {day(tick.at.date())}, publication {tick.publication_number}: {tick.note}"


def working_day(end: date, number: int) -> date:
    """The so-manieth working day after a day: Monday to Friday. Bank holidays are not known here."""
    found = end
    while number:
        found += timedelta(days=1)
        number -= found.weekday() < SATURDAY
    return found


def is_over(as_of: datetime, last: date) -> bool:
    """Whether a day was over, in the UK, at a moment (UTC without a zone)."""
    midnight = datetime.combine(last + timedelta(days=1), time(), ZONE)
    return as_of.replace(tzinfo=UTC) >= midnight


def _seen(published: Published, scope: Scope, settings: CloseSettings) -> Row:
    """Everything that the items ask, in one row."""
    within = """company_id = $company and business_date between $first and $last
        and ($store is null or store_id = $store)"""
    found = published.row(
        f"""
        with days as (
            select count(*) as store_days,
                count(*) filter (not_checked_pence > 0 or slot_verdict = 'not_checked') as store_days_not_checked,
                sum(not_checked_pence) as not_checked_pence, sum(residual_pence) as residual_pence,
                sum(till_takings_pence) as till_takings_pence, sum(sage_takings_pence) as sage_takings_pence
            from store_days where {within}
        ),
        documents as (
            select count(*) filter (verdict = 'pending') as pending_documents,
                sum(expected_gross_pence) filter (verdict = 'pending') as pending_pence,
                count(*) filter (is_open and is_money and not is_sales) as takings_open,
                count(*) filter (not is_sales and list_contains(string_split(drift_kinds, ','), 'bank'))
                as on_another_bank
            from document_verdicts where {within}
        ),
        blocking as (
            select count(*) as exceptions, sum(value_at_risk_pence) as value_at_risk_pence,
                count(*) filter (value_at_risk_pence > $limit or $limit = 0) as exceptions_over_limit,
                count(*) filter (vat_effect_pence <> 0) as vat_exceptions, sum(vat_effect_pence) as vat_pence
            from exceptions where blocks_close and {within}
        ),
        undated as (
            select count(*) as files_not_read from exceptions
            where company_id = $company and status = 'open' and business_date is null
                and ($store is null or store_id = $store)
        ),
        tied as (
            select sum(closure_count) as closures, count(*) filter (closure_verdict <> 'agrees') as closures_not_tied
            from till_closures where {within}
        ),
        customers as (
            select count(*) filter (balance_pence <> 0) as customer_days_not_zero,
                sum(abs(balance_pence)) as customer_balance_pence
            from till_customer_balances where {within.replace("business_date", "document_date")}
        )
        select * from days, documents, blocking, undated, tied, customers
        """,
        {**scope.parameters, "limit": settings.exception_limit_pence},
    )
    whole = {name: int(value or 0) for name, value in found.items()}
    whole |= _posted(published, scope)
    return {**whole, "as_of": published.as_of, "is_over": is_over(published.as_of, scope.date_to)}


def _posted(published: Published, scope: Scope) -> dict[str, int]:
    """Postings of the scope, those of them that are not proven, and those that are not and of no known day."""
    month = scope.date_from.replace(day=1)  # so that a store-day asks what its month did
    last = max(scope.date_to, (month + timedelta(days=32)).replace(day=1) - timedelta(days=1))
    found = postings_by_day(published, scope.company_id, month, last)
    mine = [row for row in found if scope.store_id in (None, row["store_id"])]
    dated = [row for row in mine if row["day"] and scope.date_from <= row["day"] <= scope.date_to]
    return {
        "postings": sum(row["postings"] for row in dated),
        "postings_not_proven": sum(row["not_settled"] for row in dated),
        "postings_undated": sum(row["not_settled"] for row in mine if row["day"] is None),
    }
