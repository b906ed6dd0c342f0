"""The reports of `app.reports` as tables for a terminal of 100 columns. Words and layout only; no figure
is made here."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app import shop_clock, words
from app.money import counted, day, moment, month, pounds, share
from app.reports import Report

COLOURS = {"green": "green", "blue": "blue", "red": "red", "gray": "bright_black"}


def status(report: Report) -> RenderableType:
    """What `tillproof status` shows."""
    return Group(
        stamp_line(report),
        _close(report),
        _checked(report),
        _verdicts(report),
        _debt(report),
        _postings(report),
    )


def exported(report: Report) -> RenderableType:
    """What `tillproof export` shows."""
    told = f"{counted(report['rows'], 'row')} of {report['table']} written to {report['file']}"
    return Group(stamp_line(report), Text(told))


def exceptions(report: Report) -> RenderableType:
    """What `tillproof exceptions` shows."""
    if not report["exceptions"]:
        asked = report["asked"]
        is_all_open = asked["status"] == "open" and not asked["owner"] and not asked["store"]
        told = (
            "No exception is open: every till agrees with the ledger."
            if is_all_open
            else "None answers to that."
        )
        return Group(stamp_line(report), Text(told))
    table = table_of("Exception", "Receipt", "Store", "Day", "What is wrong", "Owner", ">At risk", ">Days")
    for row in report["listed"]:
        add(
            table,
            row["exception_id"],
            row["receipt_no"] or words.kind(row["document_kind"]),
            row["store_id"],
            day(read_day(row["business_date"])),
            _what(row),
            words.owner(row["owner"]),
            pounds(row["value_at_risk_pence"]),
            f"{row['days_open']:,}",
        )
    listed = len(report["listed"])
    told = counted(report["exceptions"], f"{report['asked']['status'] or ''} exception".strip())
    told += f", {pounds(report['value_at_risk_pence'])} at risk"
    told += f"; the worst {listed:,} are listed" if listed < report["exceptions"] else ""
    return Group(
        stamp_line(report), Text(told, style="bold"), table, Text("Whole life of one: tillproof trace ID")
    )


def fixes(report: Report) -> RenderableType:
    """What `tillproof fixes` shows."""
    parts: list[RenderableType] = [stamp_line(report)]
    if report["fixes"]:
        table = table_of(">", "What to mend", "Whose", ">Documents", ">At risk", ">Freed by then")
        for row in report["fixes"]:
            add(
                table,
                f"{row['fix_rank']:,}",
                f"{row['to_mend']}: {row['title']} ({row['rule_id']})",
                words.owner(row["owner"]),
                f"{row['documents_touched']:,}",
                pounds(row["value_touched_pence"]),
                pounds(row["value_freed_so_far_pence"]),
            )
        parts += [Text("What stops missing documents, the most freed first", style="bold"), table]
    else:
        parts.append(Text("Nothing stops a missing document from being posted."))
    if report["closed_ahead"]:
        ahead = table_of("Store", "What is sold", "Leads to", "In Sage", "Last sold", ">In 90 days")
        for row in report["closed_ahead"]:
            add(
                ahead,
                "all" if row["store_id"] == "*" else row["store_id"],
                f"{row['cell']} {row['tried_key']}",
                row["leads_to"] or "nothing",
                row["status"].replace("_", " "),
                day(read_day(row["last_seen_on"])) if row["last_seen_on"] else "not lately",
                pounds(row["lately_pence"]),
            )
        parts += [Text("What Sage would refuse as it is now", style="bold"), ahead]
    elif report["combinations_tried"]:
        parts.append(Text("Every combination that is configured or lately sold is open in Sage."))
    else:
        parts.append(
            Text("No combination could be tried in Sage: nothing is mapped yet, and nothing was sold lately.")
        )
    return Group(*parts)


def stamp_line(report: Report) -> RenderableType:
    shop_clock.keep_to(report.get("zone"))
    return Text(
        f"Figures as of {moment(read_moment(report['as_of']))} · publication {report['publication']} · "
        f"pass {report['pass_number']}",
        style="bright_black",
    )


def _close(report: Report) -> RenderableType:
    table = table_of(
        "Company", "Period", "Can I close?", ">Open", ">At risk", "What blocks it, most value first"
    )
    for row in report["can_i_close"]:
        ready = row["close_verdict"] == "ready"
        add(
            table,
            row["company_id"],
            month(read_day(row["period"])),
            Text("✓ ready" if ready else "✗ blocked", style="green" if ready else "red"),
            f"{row['open_exceptions']:,}",
            pounds(row["value_at_risk_pence"]),
            ", ".join(words.cause(each["exception_class"]) for each in row["blockers"][:2])
            or _why_blocked(row),
        )
    return titled("Can I close?", table)


def _why_blocked(row: Report) -> str:
    if row["not_checked_pence"]:
        return f"{pounds(row['not_checked_pence'])} not checked"
    return f"bridge leaves {pounds(row['residual_pence'])}" if row["residual_pence"] else ""


def _checked(report: Report) -> RenderableType:
    receipts, documents = report["receipts"], report["documents"]
    table = table_of("Checked", ">Receipts", ">Value")
    money, nothing = receipts["money"], receipts["nothing_to_post"]
    add(table, "Money receipts", f"{money['receipts']:,}", pounds(money["value_pence"]))
    add(table, "Nothing to post (counted apart)", f"{nothing['receipts']:,}", pounds(nothing["value_pence"]))
    held = table_of("", ">Tills", ">Sage", ">Tills less Sage")
    for label, side in (("Sales", "sales"), ("Takings", "takings")):
        tills, sage = documents[f"till_{side}_pence"], documents[f"sage_{side}_pence"]
        add(held, label, pounds(tills), pounds(sage), pounds(tills - sage))
    return titled("What was checked", table, held)


def _verdicts(report: Report) -> RenderableType:
    table = table_of("Verdict", ">Documents", ">Value", ">Share of value")
    money = [row for row in report["verdicts"] if row["is_money"]]
    whole = sum(row["value_pence"] for row in money)
    for row in money:
        add(
            table,
            verdict_text(row["verdict"]),
            f"{row['documents']:,}",
            pounds(row["value_pence"]),
            share(row["value_pence"], whole),
        )
    return titled("Verdicts on documents (a sale and the money taken for it are two)", table)


def _debt(report: Report) -> RenderableType:
    table = table_of("Owner", ">Open", ">Value at risk", ">Debt (£-days)", "Open since", "Clear by")
    for row in report["debt"]["by_owner"]:
        add(
            table,
            words.owner(row["owner"]),
            f"{row['open_exceptions']:,}",
            pounds(row["value_at_risk_pence"]),
            pounds(row["debt_pence_days"]),
            moment(read_moment(row["oldest_first_seen_at"])),
            day(read_day(row["forecast_clear_date"])) if row["forecast_clear_date"] else "",
        )
    if not report["debt"]["by_owner"]:
        return titled("Debt", Text("Nothing is open."))
    return titled("Debt by owner (value at risk times days open)", table)


def _postings(report: Report) -> RenderableType:
    postings = report["postings"]
    if not postings["decided"]:
        return titled("Postings", Text("Nothing has been posted by Tillproof."))
    table = table_of("How far the postings came", ">Documents")
    for truth, word in words.TRUTHS.items():
        add(table, word, f"{postings[truth]:,}")
    for state in ("refused", "unknown", "held"):
        if postings[state]:
            add(table, Text(f"of these {state}", style="red"), f"{postings[state]:,}")
    return titled("Postings", table)


def titled(title: str, *parts: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold"), *parts)


def table_of(*headings: str) -> Table:
    """A light table; a heading that begins with > stands over figures, right-aligned."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for heading in headings:
        figures = heading.startswith(">")
        told = heading.removeprefix(">")
        is_whole = figures or told in _WHOLE
        # a word that is longer than its column goes on below; only what means nothing in part is never broken
        overflow: Literal["ellipsis", "fold"] = "ellipsis" if is_whole else "fold"
        table.add_column(told, justify="right" if figures else "left", no_wrap=is_whole, overflow=overflow)
    return table


_WHOLE = {
    "Nominal",
    "Exception",
    "Posting key",
    "URN",
    "Date",
    "Day",
    "Reference",
    "Receipt",
    "Can I close?",
    "Since",
    "Ledger document",
}
"""Columns whose values mean nothing in part."""


def add(table: Table, *cells: str | Text) -> None:
    """A row whose texts are shown as they are: a description may hold what Rich would take for markup."""
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))


def panel(title: str, *parts: RenderableType) -> RenderableType:
    return Panel(Group(*parts), title=title, title_align="left", box=box.ROUNDED)


def verdict_text(code: str | None) -> Text:
    return Text(words.verdict(code), style=COLOURS[words.tone(code)])


def _what(row: dict[str, Any]) -> str:
    """The cause in words; for a drift everything that differs, for a till's own fault which till and both values."""
    if row["document_kind"] in words.IN_THEMSELVES:
        detail = f": {row['cause_detail']}" if row["cause_detail"] else ""
        return words.cause(row["exception_class"]) + detail
    if row["verdict"] == "drifted":
        return f"Differs: {words.drifts(row['cause_detail'])}"
    return words.cause(row["exception_class"])


def read_day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def read_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.removesuffix("Z")) if text else None
