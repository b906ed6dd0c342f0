"""From what a person has in hand to whose life to show: a receipt's event, or a document that no receipt
explains.

The only place that searches; an index table sorted by id would come in here and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.published import Published, Row

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
    found = (
        _by_receipt(published, asked)
        or _by_reference(published, asked)
        or _by_named_receipt(published, asked)
    )
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
        union
        -- a day's summary: the document that Sage has of it, or else the receipts that it stands for
        select null as event_id, ledger.ledger_document_id
        from ledger_documents as ledger
        where ledger.reference = $key and $key in (select tranche_key from tranche_members)
        union
        select members.member_event_id as event_id, null as ledger_document_id
        from tranche_members as members
        where members.tranche_key = $key and $key not in (select coalesce(reference, '') from ledger_documents)
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


def _by_named_receipt(published: Published, text: str) -> list[Subject]:
    """What Sage holds under the number of a receipt that no till ever printed."""
    return _subjects(
        published,
        """
        select event_id, ledger_document_id from document_verdicts
        where upper(receipt_no) = upper($text) and ledger_document_id is not null
        """,
        {"text": text},
    )


def is_alone(published: Published, receipt: Row) -> bool:
    """Whether a receipt's number is borne by no other receipt of its store, so that the number names it."""
    found = published.row(
        "select count(*) as receipts from receipts where company_id = ? and store_id = ? and receipt_no = ?",
        [receipt["company_id"], receipt["store_id"], receipt["receipt_no"]],
    )
    return bool(found["receipts"] == 1)


def _subjects(published: Published, query: str, parameters: dict[str, object]) -> list[Subject]:
    """Events first, each once; a document that has an event is told with it."""
    rows = published.rows(query, parameters)
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
    rows = published.rows(
        """
        with asked as (
            select ledger_document_id as asked_id, event_id, company_id, store_id, receipt_no
            from document_verdicts where list_contains($ids, ledger_document_id)
            union all
            select undone.partner_id, undone.event_id, undone.company_id, undone.store_id, undone.receipt_no
            from document_verdicts as undone where list_contains($ids, undone.partner_id)
        ),
        named as (
            select company_id, store_id, receipt_no, min(event_id) as event_id
            from receipts
            where receipt_no in (select receipt_no from asked)
            group by company_id, store_id, receipt_no
            having count(*) = 1
        )
        select asked.asked_id, min(coalesce(asked.event_id, named.event_id)) as event_id
        from asked
        left join named
            on asked.company_id = named.company_id and asked.store_id = named.store_id
            and asked.receipt_no = named.receipt_no
        group by asked.asked_id
        having min(coalesce(asked.event_id, named.event_id)) is not null
        """,
        {"ids": documents},
    )
    return {row["asked_id"]: row["event_id"] for row in rows}
