"""From what a person has in hand to whose life to show: a receipt's event, or a document that no receipt
explains.

The only place that searches; an index table sorted by id would come in here and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.published import Published

OUR_KEY = re.compile(r"^TP[0-9A-Z]{18}$")
EXCEPTION = re.compile(r"^EX[0-9A-F]{10}$")
URN = re.compile(r"^(?:URN[ :]*)(\d+)$")


@dataclass(frozen=True, order=True)
class Subject:
    """Whose life is told: an event, or a ledger document (or a refused file) that belongs to none
    (`event_id` empty)."""

    event_id: str = ""
    ledger_document_id: str = ""


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
    found = _by_receipt(published, asked) or _by_reference(published, asked)
    if not found and asked.isdigit():
        found = _by_urn(published, int(asked))
    return found


def _by_receipt(published: Published, text: str) -> list[Subject]:
    rows = published.rows(
        """
        select event_id from receipts where event_id = ? or upper(receipt_no) = upper(?)
        order by document_date desc, event_id
        """,
        [text, text],
    )
    return [Subject(event_id=row["event_id"]) for row in rows]


def _by_posting_key(published: Published, key: str) -> list[Subject]:
    """The document the key was made for; a contra's key leads to the document it undoes."""
    return _subjects(
        published,
        """
        select event_id, ledger_document_id from document_verdicts where posting_key = $key or
        ledger_reference = $key union
        select verdicts.event_id, verdicts.ledger_document_id
        from (
            select posting_key, event_id, target_urn from postings
            union all
            select posting_key, event_id, target_urn from posting_proposals
        ) as meant
        inner join document_verdicts as verdicts
            on verdicts.event_id = meant.event_id or verdicts.ledger_urn = meant.target_urn
        where meant.posting_key = $key
        """,
        {"key": key},
    )


def _by_exception(published: Published, exception_id: str) -> list[Subject]:
    return _subjects(
        published,
        """
        select exceptions.event_id, coalesce(verdicts.ledger_document_id, exceptions.subject_id) as
        ledger_document_id from exceptions
        left join document_verdicts as verdicts on exceptions.subject_id = verdicts.document_id
        where exceptions.exception_id = $exception_id
        """,
        {"exception_id": exception_id},
    )


def _by_urn(published: Published, urn: int) -> list[Subject]:
    return _subjects(
        published,
        """
        select verdicts.event_id, ledger.ledger_document_id
        from ledger_documents as ledger
        left join document_verdicts as verdicts on ledger.ledger_document_id = verdicts.ledger_document_id
        where ledger.urn = $urn
        """,
        {"urn": urn},
    )


def _by_reference(published: Published, text: str) -> list[Subject]:
    return _subjects(
        published,
        """
        select verdicts.event_id, ledger.ledger_document_id
        from ledger_documents as ledger
        left join document_verdicts as verdicts on ledger.ledger_document_id = verdicts.ledger_document_id
        where upper(ledger.reference) = upper($text) or upper(ledger.second_reference) = upper($text)
            or ledger.ledger_document_id = $text
        """,
        {"text": text},
    )


def _subjects(published: Published, query: str, parameters: dict[str, object]) -> list[Subject]:
    """Events first, each once; a document that has an event is told with it."""
    rows = published.rows(query, parameters)
    events = sorted({row["event_id"] for row in rows if row["event_id"]})
    alone = sorted(
        {row["ledger_document_id"] for row in rows if not row["event_id"] and row["ledger_document_id"]}
    )
    return [Subject(event_id=event) for event in events] + [
        Subject(ledger_document_id=each) for each in alone
    ]
