"""`tillproof decide`: what is ambiguous with its candidates, and a person's word on which of them it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from app import ambiguities, words
from app.money import counted, day, jsonable, pounds
from app.published import Published
from app.render import add, read_day, read_moment, stamp_line, table_of
from app.reports import stamp
from orchestration.operations import Operations, OperationsError
from orchestration.operations.match_decisions import NONE_OF_THEM, already_decided

Report = dict[str, Any]

SUMS_FIT = "several_sums_fit"
"""Why a receipt is ambiguous that may be one of several in one Sage document."""

LAPSED = {
    "receipt_gone": "the receipt is no longer there",
    "receipt_matched": "a reference in Sage names the receipt",
    "new_candidate": "Sage has a candidate that was not there then",
    "document_gone": "the Sage document is gone or reversed",
    "document_claimed": "the Sage document's reference names a receipt",
    "document_decided_twice": "two decisions name the Sage document",
}


def listing(published: Published, operations: Operations, company_id: str, posting_key: str = "") -> Report:
    """Every ambiguous document, or one, with its candidates; and what was decided and is not used, or not yet.

    Raises OperationsError where the one is not ambiguous.
    """
    found = ambiguities.ambiguous(published, company_id)
    decided = list(_decisions(published, operations, company_id))
    if posting_key:
        _must_be_ambiguous(published, operations, company_id, posting_key)
        found = [document for document in found if document["posting_key"] == posting_key]
        decided = [decision for decision in decided if decision["posting_key"] == posting_key]
    return {**stamp(published), "ambiguous": [jsonable(row) for row in found], "decisions": decided}


def decide(
    published: Published,
    operations: Operations,
    company_id: str,
    posting_key: str,
    ledger_document_id: str | None,
    *,
    by: str,
    reason: str,
) -> Report:
    """Keep which candidate (None: none of them) a document is. Raises OperationsError for what cannot be decided."""
    _must_be_ambiguous(published, operations, company_id, posting_key)
    mine = next(
        row for row in ambiguities.ambiguous(published, company_id) if row["posting_key"] == posting_key
    )
    candidates = [row["ledger_document_id"] for row in mine["candidates"]]
    if ledger_document_id is not None and ledger_document_id not in candidates:
        raise OperationsError(
            f"'{ledger_document_id}' is no candidate of {posting_key}; its candidates: {', '.join(candidates)}"
        )
    if ledger_document_id is not None and mine["reason"] == SUMS_FIT:
        raise OperationsError(
            f"{ledger_document_id} is one document for several receipts, and more than one sum of them comes to it: "
            f"it is no document of {posting_key} alone. Say which receipts are not in it, by --none, one at a time; "
            "once a single sum is left, it pairs by itself"
        )
    operations.decide_match(
        company_id,
        posting_key,
        ledger_document_id,
        candidates=candidates,
        publication_number=published.number,
        author=by,
        reason=reason,
    )
    said = ledger_document_id or NONE_OF_THEM
    told = f"Decided: {posting_key} is {said}. The next `tillproof run` uses it."
    return _done("decided", posting_key, ledger_document_id, told)


def revoke(operations: Operations, company_id: str, posting_key: str, *, by: str, reason: str) -> Report:
    """Take a word back. Raises OperationsError where nobody gave one."""
    was = operations.revoke_match(company_id, posting_key, author=by, reason=reason)
    said = was.ledger_document_id or NONE_OF_THEM
    told = (
        f"Taken back: {was.author} had decided that {posting_key} is {said}. "
        "The next `tillproof run` uses it: post nothing of these before."
    )
    return _done("revoked", posting_key, was.ledger_document_id, told)


def _done(what: str, posting_key: str, ledger_document_id: str | None, told: str) -> Report:
    return {
        "did": what,
        "posting_key": posting_key,
        "ledger_document_id": ledger_document_id,
        "done": told,
    }


def _must_be_ambiguous(
    published: Published, operations: Operations, company_id: str, posting_key: str
) -> None:
    verdict = ambiguities.verdict_of(published, company_id, posting_key)
    if verdict in ("ambiguous", "duplicate_in_pos"):
        return
    known = {decision.posting_key: decision for decision in operations.match_decisions(company_id)}
    if posting_key in known:
        raise OperationsError(already_decided(known[posting_key]))
    if verdict is None:
        raise OperationsError(
            f"publication {published.number} has no expected document {posting_key}; "
            "`tillproof decide` lists what is ambiguous"
        )
    raise OperationsError(f"{posting_key} is {verdict}, not ambiguous: there is nothing to decide")


def _decisions(published: Published, operations: Operations, company_id: str) -> Iterator[Report]:
    """Every word in force in the store, and what the publication made of it."""
    judged = {row["posting_key"]: row for row in ambiguities.decisions(published, company_id)}
    for decision in operations.match_decisions(company_id):
        row = judged.get(decision.posting_key)
        is_known = row is not None and (row["ledger_document_id"], row["decided_by"], row["reason"]) == (
            decision.ledger_document_id,
            decision.author,
            decision.reason,
        )
        lapsed = row["lapsed_because"] if row is not None and is_known else None
        yield {
            "posting_key": decision.posting_key,
            "ledger_document_id": decision.ledger_document_id,
            "by": decision.author,
            "decided_at": f"{decision.recorded_at.isoformat()}Z",
            "reason": decision.reason,
            "state": "waits_for_a_pass" if not is_known else "lapsed" if lapsed else "used",
            "lapsed_because": lapsed,
        }


def render(report: Report, console: Console) -> None:
    """The listing for a person."""
    console.print(stamp_line(report))
    if not report["ambiguous"]:
        console.print("Nothing is ambiguous: there is nothing to decide.")
    for _, group in groupby(report["ambiguous"], key=_cell):
        _render_cell(list(group), console)
    console.print()
    for decision in report["decisions"]:
        if decision["state"] != "used":
            _render_decision(decision, console)
    if report["ambiguous"]:
        console.print(
            Text(
                "To decide one: tillproof decide POSTING_KEY --ledger-document ID --by NAME --reason TEXT\n"
                "or, if it is none of its candidates, --none in place of --ledger-document ID"
            )
        )


def _cell(document: Report) -> tuple[str, ...]:
    return tuple(candidate["ledger_document_id"] for candidate in document["candidates"])


def _render_cell(documents: list[Report], console: Console) -> None:
    first = documents[0]
    candidates = first["candidates"]
    kinds = dict.fromkeys(words.kind(each["document_kind"]) for each in documents)
    console.print()
    console.print(
        Text(
            f"{first['store_id']}, {day(read_day(first['document_date']))}, {' and '.join(kinds)} "
            f"{pounds(first['gross_pence'])}: {counted(len(documents), 'document')} at the tills, "
            f"{counted(len(candidates), 'document')} in Sage",
            style="bold",
        )
    )
    if all(map(ambiguities.is_a_copy, documents)):
        console.print(
            Text("A copy at the till of a sale that Sage has: nothing is to be done, unless both were sold.")
        )
    tills = table_of("Posting key", "Receipt", "Till", "Sold", ">Gross", ">VAT", "Tender")
    for document in documents:
        add(
            tills,
            document["posting_key"],
            document["receipt_no"],
            document["till_id"] or "",
            _clock(read_moment(document["sold_at_local"])),
            pounds(document["gross_pence"]),
            pounds(document["tax_pence"]),
            document["tender_type"] or "",
        )
    console.print(tills)
    sage = table_of("Ledger document", "Date", ">Gross", ">VAT", "Reference", "Second", "User", "Bank")
    for candidate in candidates:
        add(
            sage,
            candidate["ledger_document_id"],
            day(read_day(candidate["document_date"])),
            pounds(candidate["gross_pence"]),
            pounds(candidate["tax_pence"]),
            candidate["reference"] or "",
            candidate["second_reference"] or "",
            candidate["user_name"] or "",
            _bank(candidate),
        )
    console.print(sage)


def _render_decision(decision: Report, console: Console) -> None:
    said = decision["ledger_document_id"] or NONE_OF_THEM
    state = (
        "waits for the next `tillproof run`"
        if decision["state"] == "waits_for_a_pass"
        else f"lapsed, for {LAPSED[decision['lapsed_because']]}; revoke it"
    )
    at: date | None = read_moment(decision["decided_at"])
    console.print(
        Text(
            f"{decision['posting_key']} is {said}: decided {day(at)} by {decision['by']}, "
            f"{decision['reason']} ({state})"
        )
    )


def _clock(moment: datetime | None) -> str:
    return f"{moment:%H:%M:%S}" if moment else ""


def _bank(candidate: Report) -> str:
    told = [candidate["bank_code"], "reconciled" if candidate["is_bank_reconciled"] else ""]
    return " ".join(part for part in told if part)
