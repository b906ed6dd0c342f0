"""The import sheet: one page for the person at Sage's import screen. What to do first, which file, what to answer, and
how to know that it went in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from orchestration.ledgers.sage50_file import ImportRow, amount
from orchestration.ledgers.sage50_layout import COLUMNS, TYPES
from orchestration.ledgers.sage50_settings import Sage50Settings

WIDTH = 78
OLD_EXPORT_HOURS = 24


def totals(rows: Sequence[ImportRow]) -> list[tuple[str, str, int, int, int]]:
    """Type, tax code, rows, net and tax in pence, by type and tax code; what Sage must show after the import."""
    sums: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        entry = sums.setdefault((row.type, row.tax_code), [0, 0, 0])
        entry[0] += 1
        entry[1] += row.net_pence
        entry[2] += row.tax_pence
    return [(type_, f"T{code}", *entry) for (type_, code), entry in sorted(sums.items())]  # type: ignore[misc]


def sheet(
    *,
    name: str,
    file_name: str,
    file_digest: str,
    company_id: str,
    documents: int,
    rows: Sequence[ImportRow],
    written_at: datetime,
    exported_at: datetime,
    settings: Sage50Settings,
) -> str:
    """The page as plain text."""
    dates = sorted({row.date for row in rows})
    age = (written_at - exported_at).total_seconds() / 3600
    stale = (
        [f"   This export was {age:.0f} hours old: what was posted since is not known here."]
        if age > OLD_EXPORT_HOURS
        else []
    )
    header = "yes" if settings.has_header_row else "no"
    lines = [
        f"SAGE 50 IMPORT SHEET   batch {name}   company {company_id}",
        "=" * WIDTH,
        f"File      {file_name}",
        f"SHA-256   {file_digest}",
        f"Holds     {len(rows)} rows of {documents} documents, dated {dates[0]:%d/%m/%Y} to {dates[-1]:%d/%m/%Y}",
        f"Written   {written_at:%d/%m/%Y %H:%M} UTC, rehearsed against Sage's tables of"
        f" {exported_at:%d/%m/%Y %H:%M} UTC",
        *stale,
        "",
        "TOTALS",
        f"  {'type':<30}{'tax code':<10}{'rows':>7}{'net':>15}{'tax':>13}",
    ]
    for type_, code, count, net, tax in totals(rows):
        meaning = f"{type_} {TYPES[type_].meaning}"
        lines.append(f"  {meaning:<30}{code:<10}{count:>7}{amount(net):>15}{amount(tax):>13}")
    net, tax = sum(row.net_pence for row in rows), sum(row.tax_pence for row in rows)
    lines += [
        f"  {'all':<40}{len(rows):>7}{amount(net):>15}{amount(tax):>13}",
        "",
        "BEFORE",
        "  1. Make a backup: File > Back up. It is the only way back from a wrong import.",
        "  2. Have everybody else log out of Sage: the import needs the company to itself.",
        "  3. Do not open the file in Excel: it takes the leading noughts off nominal codes.",
        "  4. Note the last number of the audit trail:  ______________",
        "",
        "IMPORT",
        "  5. File > Import > Audit trail transactions; the plain one, not Grouped.",
        f"  6. Choose CSV and the file above. First row contains headings: {header}.",
        "  7. Map fields: they are in Sage's own order,",
        *_wrapped(", ".join(column.heading for column in COLUMNS)),
        f"  8. Sage must count {len(rows)} rows. If it counts others, cancel.",
        "  9. If Sage lists errors or warns of a date: cancel, keep the list, tell whoever runs Tillproof.",
        "     Import nothing of it by hand, and do not edit the file.",
        "",
        "AFTER",
        f" 10. The audit trail must be {len(rows)} numbers further than in 4. Each row of ours has its posting key",
        f"     in {'Extra Reference' if settings.key_column == 'extra_reference' else 'Reference'}, beginning with TP.",
        " 11. Never import this file a second time: Sage would take it. Put it away or delete it.",
        " 12. Export Sage's tables again and run:  tillproof sage50 verify",
        f"     It must say that {name} is imported: every row in Sage once, and right.",
        f"     If it was not imported: delete the file and run  tillproof sage50 release {name}",
        "",
        "Imported by ______________________   on ______________   numbers ________ to ________",
    ]
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> list[str]:
    lines, line = [], ""
    for word in text.split(", "):
        if len(line) + len(word) > WIDTH - 8:
            lines.append(f"     {line}")
            line = ""
        line += f"{word}, "
    return [*lines, f"     {line.removesuffix(', ')}"]
