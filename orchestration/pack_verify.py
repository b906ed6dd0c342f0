"""`tillproof close verify PACK`: an evidence pack held against itself, its publication and the chain of postings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from app import close_figures
from app.published import NothingPublishedError, PublicationIncompleteError, Published
from orchestration import closing
from orchestration.evidence_pack import (
    FORM,
    MANIFEST,
    MOST_BYTES,
    digest_of_manifest,
    from_publication,
    listing_digest,
    sheet_digest,
    sheets_as_read,
)
from orchestration.files import digest_of
from orchestration.operations import ChainBrokenError, ChainEnd, Operations, OperationsError
from orchestration.spreadsheets import WorkbookError, read_workbook

Rows = Sequence[Sequence[str]]
Sheets = Mapping[str, Rows]
_REFERENCE = r"(?:'([^']+)'!|([A-Za-z]+)!)?\$?([A-Z]{1,3})\$?([0-9]+)"
_TERM = re.compile(rf"([+-]?)(?:SUM\({_REFERENCE}:\$?([A-Z]{{1,3}})\$?([0-9]+)\)|{_REFERENCE})")


def verify(content: bytes, published_root: Path, operations: Operations) -> dict[str, Any]:
    """Every check with whether it holds and what was found. Raises OperationsError for what is no pack."""
    try:
        sheets = read_workbook(content, most_bytes=MOST_BYTES, formulas=True)
    except WorkbookError as error:
        raise OperationsError(str(error)) from error
    rows = [[*row, *[""] * (4 - len(row))] for row in sheets.get(MANIFEST, [])[1:]]
    told = {row[0]: row[1] for row in rows if row[0] not in ("Sheet", "File")}
    if told.get("Form") != FORM:
        raise OperationsError("this workbook is no evidence pack of Tillproof: it has no such manifest")
    checks = [
        _sheets_as_made(rows, sheets),
        _totals_recompute(sheets),
        _is_on_record(rows, told, operations),
    ]
    try:
        published = Published(published_root, int(told["Publication"]))
        checks += _publication(published, rows, told, sheets)
    except (NothingPublishedError, PublicationIncompleteError, KeyError, ValueError) as error:
        # a pack of a month that nobody signed outlives its publication, and says so
        checks.append(_check("publication", None, f"publication {told.get('Publication')}: {error}"))
    checks += [_chain(told, operations), _signed(told, operations)]
    return {
        "company_id": told.get("Company", ""),
        "period": told.get("Period", ""),
        "publication": told.get("Publication", ""),
        "state_when_made": told.get("State", ""),
        "checks": checks,
        "holds": all(check["holds"] is not False for check in checks),
        "complete": all(check["holds"] for check in checks),
    }


def _check(what: str, holds: bool | None, words: str) -> dict[str, Any]:
    """One answer; `holds` is None where it could not be asked."""
    return {"check": what, "holds": holds, "found": words}


def _sheets_as_made(rows: Rows, sheets: Sheets) -> dict[str, Any]:
    """Whether each sheet has the cells that its digest in the manifest is of."""
    named = {row[1]: row[2] for row in rows if row[0] == "Sheet"}
    wrong = [name for name, digest in named.items() if sheet_digest(sheets.get(name, [])) != digest]
    wrong += [f"{name} (added)" for name in sheets if name not in named and name != MANIFEST]
    words = (
        f"changed since it was made: {', '.join(wrong)}"
        if wrong
        else f"{len(named)} sheets as they were made"
    )
    return _check("sheets", bool(named) and not wrong, words)


def _totals_recompute(sheets: Sheets) -> dict[str, Any]:
    """Whether every formula, worked out anew from the cells, gives the result that the pack shows."""
    wrong, formulas = [], 0
    for name, rows in sheets.items():
        for place, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if not cell.startswith("="):
                    continue
                formulas += 1
                if _value(sheets, cell, name) != _number(cell.partition("\t")[2]):
                    wrong.append(f"{name} row {place} column {column + 1}")
    words = f"{formulas} formulas recompute"
    return _check("totals", not wrong, f"do not recompute: {', '.join(wrong[:5])}" if wrong else words)


def _is_on_record(rows: Rows, told: Mapping[str, str], operations: Operations) -> dict[str, Any]:
    """Whether the manifest has its digest, and a pack of that digest was made here."""
    digest = digest_of_manifest([row for row in rows if row[0] != "Digest of this manifest"])
    if digest != told.get("Digest of this manifest"):
        return _check("manifest", False, "the manifest was changed since it was made")
    made = operations.pack_made(digest)
    if made is None:
        return _check("manifest", False, "no pack of this manifest was made by this installation")
    return _check("manifest", True, f"made by {made['author']}, {made['recorded_at']:%d/%m/%Y %H:%M} UTC")


def _publication(
    published: Published, rows: Rows, told: Mapping[str, str], sheets: Sheets
) -> list[dict[str, Any]]:
    """Whether the publication is the one, its files have their digests, and it gives the same sheets again."""
    is_same = listing_digest(published) == told["Listing of the publication"]
    words = (
        f"publication {published.number} is the one"
        if is_same
        else (f"publication {published.number} is another than the pack is of: its folder was made anew")
    )
    if not is_same:
        return [_check("publication", False, words)]
    wrong = []
    for row in rows:
        if row[0] == "File":
            place = published.root / row[1]
            if not place.exists() or digest_of(place) != row[2]:
                wrong.append(row[1])
    files = sum(row[0] == "File" for row in rows)
    answers = [_check("publication", True, words)]
    if wrong or not files:
        told_files = f"changed or gone: {', '.join(wrong[:3])}" if wrong else "the manifest names no file"
        return [
            *answers,
            _check("files", False, told_files),
            _check("rows", None, "not asked of changed files"),
        ]
    scope = closing.period_of(told["Company"], told["Period"])
    again = sheets_as_read(from_publication(published, scope))
    named = {row[1] for row in rows if row[0] == "Sheet"}  # a pack of an older Tillproof has fewer
    differing = [name for name in again if name in named and list(again[name]) != list(sheets.get(name, []))]
    figures = close_figures.figures(published, scope).digest == told["Figures of the period"]
    return [
        *answers,
        _check("files", True, f"{files} files have their digests"),
        _check(
            "rows",
            not differing and figures,
            f"not what the publication says: {', '.join(differing) or 'the figures'}"
            if differing or not figures
            else "every row is what the publication says",
        ),
    ]


def _chain(told: Mapping[str, str], operations: Operations) -> dict[str, Any]:
    """Whether the chain of postings still has the head that the pack names, and is whole."""
    try:
        end = ChainEnd(int(told["Chain of postings, events"]), told["Chain of postings, head"])
        now = operations.intents.verify_chain(end)
    except (ChainBrokenError, KeyError, ValueError) as broken:
        return _check("chain", False, str(broken))
    later = now.event_number - end.event_number
    return _check("chain", True, f"holds, {end.event_number:,} events to the pack, {later:,} since")


def _signed(told: Mapping[str, str], operations: Operations) -> dict[str, Any]:
    """Whether the sign-off that the pack names is on record, over these figures, and not taken back."""
    if not told.get("Sign-off"):
        return _check("sign-off", None, "the month was not signed off when the pack was made")
    found = [row for row in operations.sign_offs(told["Company"]) if str(row["id"]) == told["Sign-off"]]
    if not found:
        return _check("sign-off", False, f"sign-off {told['Sign-off']} is not on record")
    row = found[0]
    if row["withdrawn_by"]:
        return _check("sign-off", False, f"taken back by {row['withdrawn_by']}: {row['withdrawn_because']}")
    if told["State"] == "stands" and row["figures_digest"] != told["Figures of the period"]:
        return _check("sign-off", False, "was signed over other figures")
    return _check("sign-off", True, f"signed by {row['author']} ({row['role'] or 'no role'})")


# -- working formulas out: sums, references, plus and minus


def _value(sheets: Sheets, cell: str, here: str) -> Decimal:
    """What a cell comes to, worked out from the cells it names; a text counts for nothing."""
    if not cell.startswith("="):
        return _number(cell)
    formula = cell.partition("\t")[0][1:].replace(" ", "")
    total, at = Decimal(0), 0
    while at < len(formula):
        match = _TERM.match(formula, at)
        if match is None:
            raise OperationsError(f"a formula of the pack cannot be worked out: ={formula}")
        sign, *parts = match.groups()
        first, last = parts[:4], parts[4:6]
        alone = parts[6:]
        if first[2] is not None:
            amount = _sum(sheets, first[0] or first[1] or here, first[2:], last)
        else:
            amount = _sum(sheets, alone[0] or alone[1] or here, alone[2:], alone[2:])
        total += -amount if sign == "-" else amount
        at = match.end()
    return total


def _sum(sheets: Sheets, sheet: str, first: Sequence[str], last: Sequence[str]) -> Decimal:
    rows = sheets.get(sheet, [])
    total = Decimal(0)
    for place in range(int(first[1]), int(last[1]) + 1):
        for column in range(_place(first[0]), _place(last[0]) + 1):
            if 0 < place <= len(rows) and column < len(rows[place - 1]):
                total += _value(sheets, rows[place - 1][column], sheet)
    return total


def _place(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)
