"""From what a person has in hand to whose life to show: a receipt's event, or a document that no receipt
explains.

The only place that searches. A name is asked of the index of names, which says in which stores and on which days it is
borne, so with millions published the rows of a few days are read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.published import Published, Row, Rows

OUR_KEY = re.compile(r"^TP[0-9A-Z]{18}$")
EXCEPTION = re.compile(r"^EX[0-9A-F]{10}$")
_PRINTED = re.compile(r":(\d{4}-\d\d-\d\d):\d+$")
NEAR = timedelta(days=2)
"""A trading day lies so near the date printed, whatever hour it is cut at."""
LONGEST_URN = 18  # digits, which any whole number of the ledger has room for
URN = re.compile(r"^(?:URN[ :]*)(\d+)$")


@dataclass(frozen=True, order=True)
class Subject:
    """Whose life is told: an event, or a ledger document (or a refused file) that belongs to none
    (`event_id` empty)."""

    event_id: str = ""
    ledger_document_id: str = ""


def is_closure(event_id: str | None) -> bool:
    """Whether an event is a till's closure that was over or short: no till printed a receipt of it."""
    return (event_id or "").startswith("closure:")


def find(published: Published, text: str) -> list[Subject]:
    """Every subject that a text names, the receipt's own number before Sage's URN; nothing found gives an
    empty list.

    Takes an event id, a receipt number (of any store, till or day), a posting key, an exception id, a URN
    (`48213` or `URN 48213`), a Sage reference or a ledger document id.
    """
    asked = text.strip()
    upper = asked.upper()
    if not asked:
        return []
    if OUR_KEY.match(upper):
        return _by_posting_key(published, upper)
    if EXCEPTION.match(upper):
        return _by_exception(published, upper)
    if match := URN.match(upper):
        return _by_urn(published, int(match[1]))
    if is_closure(asked):
        return _subjects(published, published.named("document_verdicts", _NAMED, "event_id", [asked]))
    found: list[Subject] = []
    for in_any_case in (False, True):
        found = (
            _by_receipt(published, asked, in_any_case)
            or _by_reference(published, asked, in_any_case)
            or _by_named_receipt(published, asked, in_any_case)
        )
        if found or asked.upper() == asked.lower():
            break
    if not found and asked.isdecimal() and len(asked) <= LONGEST_URN:
        found = _by_urn(published, int(asked))
    return found


def _is_text(
    published: Published, model: str, columns: str, column: str, text: str, in_any_case: bool
) -> Rows:
    """The rows of a model whose column is a text as it was typed or in one letter case, or in any mixture of them."""
    if in_any_case:
        return published.named(model, columns, f"upper({column})", [text.upper()])
    return published.named(model, columns, column, [text, text.upper(), text.lower()])


def receipts_of(published: Published, columns: str, event_id: str) -> Rows:
    """The receipt of an event, or none: in the files of the date printed, where the event id has one."""
    printed = _PRINTED.search(event_id)
    if not printed:
        return published.rows(f"select {columns} from receipts where event_id = ?", [event_id])
    try:
        day = date.fromisoformat(printed[1])
    except ValueError:
        return []  # it only looks like one
    lies_in = published.within("receipts", day - NEAR, day + NEAR)
    return published.rows(
        f"select {columns} from {lies_in} where event_id = ? and document_date = ?", [event_id, day]
    )


def _by_receipt(published: Published, text: str, in_any_case: bool) -> list[Subject]:
    is_event = not in_any_case and _PRINTED.search(text)
    rows = receipts_of(published, "event_id, document_date", text) if is_event else []
    if not rows:
        rows = _is_text(published, "receipts", "event_id, document_date", "receipt_no", text, in_any_case)
    rows.sort(key=lambda row: row["event_id"])
    rows.sort(key=lambda row: row["document_date"], reverse=True)
    return [Subject(event_id=row["event_id"]) for row in rows]


def _by_posting_key(published: Published, key: str) -> list[Subject]:
    """The document the key was made for; a contra's key leads to the document it undoes."""
    found = published.named("document_verdicts", _NAMED, "posting_key", [key])
    held = published.named("ledger_documents", _HELD, "reference", [key])
    found += _judged_of(published, held)
    meant = published.rows(
        """
        select event_id, target_urn from postings where posting_key = $key
        union
        select event_id, target_urn from posting_proposals where posting_key = $key
        """,
        {"key": key},
    )
    for row in meant:
        if row["event_id"] and _is_judged(published, row["event_id"]):
            found.append({"event_id": row["event_id"], "ledger_document_id": None})
    targets = [row["target_urn"] for row in meant if row["target_urn"] is not None]
    found += _judged_of(published, published.named("ledger_documents", _HELD, "urn", targets))
    found += _of_summary(published, key)
    return _subjects(published, found)


def _of_summary(published: Published, key: str) -> Rows:
    """Of a day's summary: the document that Sage has of it, or else the receipts that it stands for."""
    members = published.rows(
        "select distinct member_event_id as event_id, null as ledger_document_id from tranche_members "
        "where tranche_key = ?",
        [key],
    )
    if not members:
        return []
    columns = "null as event_id, ledger_document_id"
    return published.named("ledger_documents", columns, "reference", [key]) or members


def _is_judged(published: Published, event_id: str) -> bool:
    """Whether documents were judged of an event: a contra of Sage's own document has one of its own."""
    return bool(
        receipts_of(published, "1", event_id)
        or published.named("document_verdicts", "1", "event_id", [event_id])
    )


def _by_exception(published: Published, exception_id: str) -> list[Subject]:
    rows = published.rows(
        "select event_id, subject_id as ledger_document_id from exceptions where exception_id = ?",
        [exception_id],
    )
    keys = [row["ledger_document_id"] for row in rows]
    held = published.named("document_verdicts", "document_id, ledger_document_id", "document_id", keys)
    documents = {row["document_id"]: row["ledger_document_id"] for row in held if row["ledger_document_id"]}
    for row in rows:
        row["ledger_document_id"] = documents.get(row["ledger_document_id"], row["ledger_document_id"])
    return _subjects(published, rows)


def _by_urn(published: Published, urn: int) -> list[Subject]:
    held = published.named("ledger_documents", _HELD, "urn", [urn])
    return _subjects(published, _named_by_ledger(published, held))


def _by_reference(published: Published, text: str, in_any_case: bool) -> list[Subject]:
    held = [] if in_any_case else published.named("ledger_documents", _HELD, "ledger_document_id", [text])
    for column in ("reference", "second_reference"):
        held += _is_text(published, "ledger_documents", _HELD, column, text, in_any_case)
    return _subjects(published, _named_by_ledger(published, held))


def _by_named_receipt(published: Published, text: str, in_any_case: bool) -> list[Subject]:
    """What Sage holds under the number of a receipt that no till ever printed; or what a closure was over or short."""
    found = _is_text(published, "document_verdicts", _NAMED, "receipt_no", text, in_any_case)
    meant = [row for row in found if row["ledger_document_id"] is not None or is_closure(row["event_id"])]
    return _subjects(published, meant)


def is_alone(published: Published, receipt: Row) -> bool:
    """Whether a receipt's number is borne by no other receipt of its store, so that the number names it."""
    found = published.named(
        "receipts",
        "event_id",
        "receipt_no",
        [receipt["receipt_no"]],
        "and company_id = ? and store_id = ?",
        [receipt["company_id"], receipt["store_id"]],
    )
    return len(found) == 1


_NAMED = "event_id, ledger_document_id"


_HELD = "urn, ledger_document_id"


def urns_of(published: Published, ledger_document_ids: Sequence[str]) -> list[int]:
    """The URNs of Sage documents: what verdicts on them are found by."""
    rows = published.named("ledger_documents", _HELD, "ledger_document_id", ledger_document_ids)
    return [row["urn"] for row in rows if row["urn"] is not None]


def _judged_of(published: Published, held: Rows) -> Rows:
    """The events that Sage documents were judged to be of, a row for each; none for one without a verdict."""
    names = {row["ledger_document_id"] for row in held}
    urns = [row["urn"] for row in held if row["urn"] is not None]
    judged = published.named("document_verdicts", _NAMED, "ledger_urn", urns)
    return [row for row in judged if row["ledger_document_id"] in names]


def _named_by_ledger(published: Published, held: Rows) -> Rows:
    """Those, and the documents without a verdict as themselves."""
    judged = _judged_of(published, held)
    told = {row["ledger_document_id"] for row in judged}
    rest = sorted({row["ledger_document_id"] for row in held} - told)
    return judged + [{"event_id": None, "ledger_document_id": name} for name in rest]


def _subjects(published: Published, rows: Rows) -> list[Subject]:
    """Events first, each once; a document that has an event is told with it."""
    events = {row["event_id"] for row in rows if row["event_id"]}
    alone = {row["ledger_document_id"] for row in rows if not row["event_id"] and row["ledger_document_id"]}
    behind = _behind(published, sorted(alone))
    events |= set(behind.values())
    return [Subject(event_id=event) for event in sorted(events)] + [
        Subject(ledger_document_id=each) for each in sorted(alone - behind.keys())
    ]


def _behind(published: Published, documents: list[str]) -> dict[str, str]:
    """The event behind a ledger document that has none of its own: by the receipt number that it, or the
    document
    it undoes, bears, where that number is one receipt's alone."""
    if not documents:
        return {}
    columns = "event_id, company_id, store_id, receipt_no"
    rows = published.named(
        "document_verdicts",
        f"ledger_document_id as asked_id, {columns}",
        "ledger_urn",
        urns_of(published, documents),
    )
    rows += published.named(
        "document_verdicts", f"partner_id as asked_id, {columns}", "partner_id", documents
    )
    rows = [row for row in rows if row["asked_id"] in documents]
    borne = published.named(
        "receipts",
        "company_id, store_id, receipt_no, event_id",
        "receipt_no",
        [row["receipt_no"] for row in rows if row["receipt_no"]],
    )
    times = Counter((row["company_id"], row["store_id"], row["receipt_no"]) for row in borne)
    named = [row for row in borne if times[row["company_id"], row["store_id"], row["receipt_no"]] == 1]
    alone = {(row["company_id"], row["store_id"], row["receipt_no"]): row["event_id"] for row in named}
    found: dict[str, str] = {}
    for row in rows:
        event = row["event_id"] or alone.get((row["company_id"], row["store_id"], row["receipt_no"]))
        if event:
            found[row["asked_id"]] = min(event, found.get(row["asked_id"], event))
    return found
