"""What the demo came to: one report for programs, the same as tables for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestration.demo import Story

Report = dict[str, Any]
TRUTHS = ("sent", "acknowledged", "present", "in_nominal", "right")


def as_report(story: Story, folder: Path) -> Report:
    """Everything the summary shows. Money in whole pence, times in seconds, ratios as the judge gave them."""
    assert story.posting is not None
    return {
        "passed": story.exit_code == 0,
        "exported": {"receipts": story.receipts_exported, "lines": story.lines_exported},
        "before": story.before,
        "after": story.after,
        "approved": story.approved,
        "posting": story.posting.as_dict(),
        "second_writes": list(story.second_writes),
        "second_writes_are": story.second_writes_are,
        "judged": story.judged,
        "seconds_by_stage": {stage: round(taken, 1) for stage, taken in story.seconds.items()},
        "fixed_seconds_by_pass": [round(outcome.fixed_seconds, 1) for outcome in story.passes],
        "seconds_by_step": [
            {step: round(taken, 1) for step, taken in outcome.seconds.items()} for outcome in story.passes
        ],
        "look": {
            "app and Dagster": "tillproof up",
            "one receipt's life": f"tillproof trace {_a_fault(story)}",
            "published files": str(folder / "home" / "published"),
        },
    }


def _a_fault(story: Story) -> str:
    return story.look_at or (story.second_writes[0] if story.second_writes else "536365")


def render(report: Report, console: Console) -> None:
    """The demo's end, top to bottom: what was checked, before and after, what was posted, how well it was judged."""
    after = report["after"]
    money, nothing = after["receipts"]["money"], after["receipts"]["nothing_to_post"]
    console.rule("What was checked")
    console.print(
        f"{after['receipts']['checked']:,} receipts, {report['exported']['lines']:,} lines as the tills printed them\n"
        f"{money['receipts']:,} money receipts worth £{_pounds(money['value_pence'])}; apart from them "
        f"{nothing['receipts']:,} that rightly leave no trace",
        highlight=False,
    )
    console.print(_verdicts(report))
    console.print(_debt(report))
    console.rule("Postings, by the five truths")
    posting = report["posting"]
    steps = "  →  ".join(f"{truth.replace('_', ' ')} {posting[truth]:,}" for truth in TRUTHS)
    console.print(f"approved {report['approved']:,}  →  {steps}", highlight=False)
    held = sum(posting["held"].values())
    console.print(
        f"held back {held:,} ({', '.join(f'{code} {n}' for code, n in posting['held'].items()) or 'none'})"
    )
    if report["second_writes"]:
        console.print(
            f"the connector then posted {report['second_writes_are']} {', '.join(report['second_writes'])} again:"
            " found, store stopped",
            highlight=False,
        )
    console.print(_judgement(report))
    for stage, judged in report["judged"].items():
        for miss in [*judged["failures"], *judged["misses"][:10], *judged["closures"]["misses"][:10]]:
            console.print(f"[red]{stage}: {miss}[/red]", highlight=False)
    console.print(_times(report))
    console.rule("Where to look next")
    for what, where in report["look"].items():
        console.print(f"{what:<20} {where}", highlight=False)
    console.print(
        "[green]Every planted fault was found and nothing clean was accused.[/green]"
        if report["passed"]
        else "[red]The demo did not pass: see the lines above.[/red]"
    )


def _verdicts(report: Report) -> Table:
    table = Table(title="Verdicts on documents, before and after posting", title_justify="left")
    table.add_column("verdict")
    for heading in ("documents before", "£ before", "documents after", "£ after"):
        table.add_column(heading, justify="right")
    before = {row["verdict"]: row for row in report["before"]["verdicts"]}
    after = {row["verdict"]: row for row in report["after"]["verdicts"]}
    for verdict in sorted({*before, *after}):
        cells = [
            cell
            for row in (before.get(verdict), after.get(verdict))
            for cell in ((f"{row['documents']:,}", _pounds(row["value_pence"])) if row else ("0", "0.00"))
        ]
        table.add_row(verdict, *cells)
    return table


def _debt(report: Report) -> Table:
    table = Table(title="Reconciliation debt, before and after posting", title_justify="left")
    table.add_column("owner")
    for heading in ("open before", "£ at risk", "£-days", "open after", "£ at risk", "£-days"):
        table.add_column(heading, justify="right")
    sides = [{row["owner"]: row for row in report[side]["debt"]["by_owner"]} for side in ("before", "after")]
    for owner in sorted({*sides[0], *sides[1]}):
        table.add_row(owner, *[cell for side in sides for cell in _owed(side.get(owner))])
    table.add_row(
        "all", *[cell for side in ("before", "after") for cell in _owed(report[side]["debt"]["total"])]
    )
    return table


def _owed(row: Report | None) -> tuple[str, str, str]:
    if row is None:
        return "0", "0.00", "0.00"
    return f"{row['open_exceptions']:,}", _pounds(row["value_at_risk_pence"]), _pounds(row["debt_pence_days"])


def _judgement(report: Report) -> Table:
    table = Table(
        title="Judged against the planted truth, to the document and the till's day", title_justify="left"
    )
    table.add_column("verdict")
    for heading in ("truth before", "precision", "recall", "truth after", "precision", "recall"):
        table.add_column(heading, justify="right")
    judged = [report["judged"][stage] for stage in ("before", "after")]
    stages = [
        {
            **stage["verdicts"],
            **{f"till closure: {word}": row for word, row in stage["closures"]["words"].items()},
            "rounding named": stage["roundings"],
        }
        for stage in judged
    ]
    for verdict in sorted({*stages[0], *stages[1]}):
        cells = [cell for stage in stages for cell in _judged(stage.get(verdict))]
        table.add_row(verdict, *cells)
    return table


def _judged(row: Report | None) -> tuple[str, str, str]:
    if row is None:
        return "0", "", ""
    return f"{row['truth']:,}", _ratio(row["precision"]), _ratio(row["recall"])


def _ratio(value: Any) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def _times(report: Report) -> Table:
    table = Table(title="Time by stage, seconds", title_justify="left")
    table.add_column("stage")
    table.add_column("took", justify="right")
    for stage, taken in report["seconds_by_stage"].items():
        table.add_row(stage, f"{taken:.1f}")
    passes = zip(report["fixed_seconds_by_pass"], report["seconds_by_step"], strict=True)
    for number, (fixed, steps) in enumerate(passes, start=1):
        table.add_row(f"  pass {number}: fixed cost, whatever is new", f"{fixed:.1f}")
        longest = sorted(steps.items(), key=lambda step: -step[1])[:4]
        table.add_row(
            f"  pass {number}: longest steps", ", ".join(f"{step} {taken:.1f}" for step, taken in longest)
        )
    return table


def _pounds(pence: int) -> str:
    sign = "-" if pence < 0 else ""
    return f"{sign}{abs(pence) // 100:,}.{abs(pence) % 100:02d}"
