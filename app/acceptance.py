"""How each day of an acceptance window came out, measure by measure, against the limits that were agreed.

A measure of a day is passed, failed, or had nothing to measure; the last is never counted as passed. Figures are whole
numbers: pence, hours, counts; a share is held against its limit without a division.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.close_checklist import is_over
from app.close_figures import postings_by_day
from app.money import NONE, counted, whole_pounds
from app.published import Published, Row
from orchestration.acceptance_settings import MEASURES, AcceptanceSettings, AcceptanceWindow, Measure
from orchestration.operations import WHOLE_COMPANY, CloseFigures

Outcome = Literal["passed", "failed", "nothing"]
HUNDRED, WHOLE_IN_BASIS_POINTS = 100, 10_000

FIGURES: dict[str, str] = {
    "value_pence": "Value that Sage should hold",
    "checked_pence": "Value checked",
    "judged_pence": "Value expected or found",
    "agreed_pence": "Value that agrees or is explained",
    "open_debt_pence_days": "Debt at the day's end, pence times days",
    "delayed": "Exceptions of the day",
    "delay_hours": "Longest time to detect one, hours",
    "files_refused": "Files refused or read in part",
    "postings": "Postings of the day",
    "postings_settled": "Postings proven or undone",
}
"""Each figure that a sign-off of the acceptance binds to, by day, and what it is called."""
LIMITS = tuple(f"limit_{measure}" for measure in MEASURES)
LIMITS_ROW = "limits"


def percent(basis_points: int) -> str:
    """98.40% from 9840."""
    return f"{basis_points // HUNDRED}.{basis_points % HUNDRED:02d}%"


@dataclass(frozen=True)
class Asked:
    """A measure in words; `at_least` tells whether its limit is a floor. A share has two figures, part and whole."""

    title: str
    meaning: str
    at_least: bool
    figures: tuple[str, ...]
    written: Callable[[int], str]


ASKED: dict[Measure, Asked] = {
    "value_checked": Asked(
        "Value checked",
        "Share of the value of the day's tills that was held against Sage and has a verdict.",
        True,
        ("checked_pence", "value_pence"),
        percent,
    ),
    "value_matched": Asked(
        "Value matched",
        "Share of the value of the day's documents that agrees with Sage, or differs by a named reason.",
        True,
        ("agreed_pence", "judged_pence"),
        percent,
    ),
    "open_debt": Asked(
        "Unexplained debt",
        "Value of exceptions open at the day's end, times the days that each had been open.",
        False,
        ("open_debt_pence_days",),
        lambda hundredths: f"{whole_pounds(hundredths)}-days",
    ),
    "detection_delay": Asked(
        "Time to detect",
        "Hours from the end of the day to when the last of its exceptions was first seen.",
        False,
        ("delay_hours", "delayed"),
        lambda hundredths: counted(hundredths // HUNDRED, "hour"),
    ),
    "refused_files": Asked(
        "Files refused",
        "Files refused, or read only in part, that were first told on the day.",
        False,
        ("files_refused",),
        lambda hundredths: counted(hundredths // HUNDRED, "file"),
    ),
    "postings_proven": Asked(
        "Postings proven",
        "Share of the day's postings that hold all five truths, or were undone.",
        True,
        ("postings_settled", "postings"),
        percent,
    ),
}


@dataclass(frozen=True)
class Result:
    """One measure of one day. `hundredths` is its figure in hundredths of its unit, rounded down; None: nothing to
    measure."""

    measure: Measure
    hundredths: int | None
    outcome: Outcome

    @property
    def told(self) -> str:
        return NONE if self.hundredths is None else ASKED[self.measure].written(self.hundredths)


@dataclass(frozen=True)
class Day:
    """One day, its figures, and a result for each measure that has a limit."""

    day: date
    figures: Row
    results: tuple[Result, ...]

    @property
    def outcome(self) -> Outcome:
        """Failed where any measure is; passed where none is and the day had sales or postings at all."""
        if any(each.outcome == "failed" for each in self.results):
            return "failed"
        traded = self.figures["value_pence"] or self.figures["judged_pence"] or self.figures["postings"]
        return "passed" if traded and self.results else "nothing"


def limit_told(settings: AcceptanceSettings, measure: Measure) -> str:
    """A limit in words: at least 99.00%."""
    asked = ASKED[measure]
    return f"{'at least' if asked.at_least else 'at most'} {asked.written(settings.hundredths(measure))}"


def days_of(
    published: Published, settings: AcceptanceSettings, window: AcceptanceWindow, company_id: str
) -> list[Day]:
    """Each day of a window that is over in these figures, oldest first."""
    found = []
    for row in _figures(published, window, company_id):
        if is_over(published.as_of, row["day"]):
            results = tuple(
                _result(row, settings, measure) for measure in MEASURES if measure in settings.limits
            )
            found.append(Day(row["day"], row, results))
    return found


def _result(row: Row, settings: AcceptanceSettings, measure: Measure) -> Result:
    asked, limit = ASKED[measure], settings.hundredths(measure)
    if asked.at_least:
        part, whole = (row[name] for name in asked.figures)
        if not whole:
            return Result(measure, None, "nothing")
        holds = part * WHOLE_IN_BASIS_POINTS >= limit * whole
        return Result(measure, part * WHOLE_IN_BASIS_POINTS // whole, "passed" if holds else "failed")
    if measure == "detection_delay" and not row["delayed"]:
        return Result(measure, None, "nothing")
    figure = row[asked.figures[0]] * (1 if measure == "open_debt" else HUNDRED)
    return Result(measure, figure, "passed" if figure <= limit else "failed")


def bound(days: Sequence[Day], settings: AcceptanceSettings, window: AcceptanceWindow) -> CloseFigures:
    """The figures that a sign-off binds to: those of each day, and the limits as they were agreed."""
    columns = (*FIGURES, *LIMITS)
    limits = [settings.hundredths(name) if name in settings.limits else 0 for name in MEASURES]
    slots = {
        (WHOLE_COMPANY, each.day.isoformat()): (
            *(each.figures[name] for name in FIGURES),
            *(0 for _ in LIMITS),
        )
        for each in days
    }
    slots[LIMITS_ROW, window.first_day.isoformat()] = (*(0 for _ in FIGURES), *limits)
    return CloseFigures(columns, slots)


def figure_called(name: str) -> str:
    """What a bound figure is called."""
    if name in LIMITS:
        return f"Limit of {ASKED[MEASURES[LIMITS.index(name)]].title.lower()}, in hundredths"
    return FIGURES.get(name, name)


def _figures(published: Published, window: AcceptanceWindow, company_id: str) -> list[Row]:
    """One row of whole numbers for each day of a window, whatever is known of it."""
    known = [name for name in FIGURES if name not in ("postings", "postings_settled")]
    found = published.rows(
        f"""
        with days as (
            select cast(day as date) as day from generate_series($first, $last, interval 1 day) as days (day)
        ),
        checked as (
            select business_date as day, sum(value_pence) as value_pence, sum(checked_pence) as checked_pence
            from coverage where company_id = $company and business_date between $first and $last group by all
        ),
        judged as (
            select business_date as day, sum(matched_pence + explained_pence) as agreed_pence,
                sum(matched_pence + explained_pence + open_pence + not_checked_pence) as judged_pence
            from store_days where company_id = $company and business_date between $first and $last group by all
        ),
        raised as (
            select *, cast(first_seen_at as date) as first_seen_on, cast(resolved_at as date) as resolved_on
            from exceptions
            where company_id = $company and cast(first_seen_at as date) <= $last
                and (resolved_at is null or cast(resolved_at as date) >= $first)
        ),
        debts as (
            select days.day,
                sum(value_at_risk_pence * date_diff('day', first_seen_on, days.day)) as open_debt_pence_days
            from days
            inner join raised on first_seen_on <= days.day and (resolved_on is null or resolved_on > days.day)
            group by all
        ),
        detected as (
            select business_date as day, count(*) as delayed,
                max(greatest(0, date_diff('hour', cast(business_date + 1 as timestamp), first_seen_at)))
                as delay_hours
            from exceptions
            where company_id = $company and business_date between $first and $last group by all
        ),
        refused as (
            select cast(first_seen_at as date) as day, count(*) as files_refused
            from exceptions
            where company_id = $company and document_kind = 'delivery'
                and cast(first_seen_at as date) between $first and $last
            group by all
        )
        select day, {", ".join(f"cast(coalesce({name}, 0) as bigint) as {name}" for name in known)}
        from days
        left join checked using (day) left join judged using (day) left join debts using (day)
        left join detected using (day) left join refused using (day)
        order by day
        """,
        {"company": company_id, "first": window.first_day, "last": window.last_day},
    )
    posted = postings_by_day(published, company_id, window.first_day, window.last_day)
    for row in found:
        mine = [each for each in posted if each["day"] == row["day"]]
        row["postings"] = sum(each["postings"] for each in mine)
        row["postings_settled"] = row["postings"] - sum(each["not_settled"] for each in mine)
    return found
