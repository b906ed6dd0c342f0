"""What the command line tells: plain dicts, ready for JSON. `app.render` turns the same dicts into tables.

Money comes twice, as whole pence (`value_pence`) and as text in pounds (`value`); moments are UTC and end
in Z.
"""

from __future__ import annotations

from typing import Any

from app import finding, legs, shop_clock, totals
from app.life import life
from app.money import jsonable
from app.published import Published, Rows

Report = dict[str, Any]

MOST_LIVES = 20


def status(published: Published) -> Report:
    """Where things stand: what was checked, how it was judged, what is owed, what was posted, and can I
    close."""
    receipts = totals.receipts_by_money(published)
    verdicts = totals.verdicts(published)
    debt = totals.debt_by_owner(published)
    return {
        **stamp(published),
        "receipts": {
            "checked": sum(row["receipts"] for row in receipts),
            "money": _receipts([row for row in receipts if row["is_money"]]),
            "nothing_to_post": {
                **_receipts([row for row in receipts if not row["is_money"]]),
                "by_reason": [jsonable(row) for row in receipts if not row["is_money"]],
            },
        },
        "documents": jsonable(totals.checked(published)),
        "verdicts": [jsonable(row) for row in verdicts],
        "debt": {
            "by_owner": [jsonable(row) for row in debt],
            "total": _summed(debt, "open_exceptions", "value_at_risk_pence", "debt_pence_days"),
        },
        "can_i_close": close_verdicts(published),
        "postings": dict(totals.posting_truths(published)),
        "passes": [jsonable(row) for row in totals.passes(published)],
    }


def close_verdicts(published: Published) -> list[Report]:
    """One answer per company and month, each with what blocks it in order of value."""
    blockers = totals.blockers(published)
    answers = []
    for period in totals.periods(published):
        mine = [
            jsonable(row)
            for row in blockers
            if (row["company_id"], row["period"]) == (period["company_id"], period["period"])
        ]
        answers.append({**jsonable(period), "blockers": mine})
    return answers


def exceptions(
    published: Published,
    owner: str | None = None,
    store: str | None = None,
    status: str | None = "open",
    limit: int = 50,
) -> Report:
    """The worst exceptions first, with how many there are in all. `status` None takes open and resolved."""
    counted = totals.exceptions_counted(published, status=status, owner=owner, store=store)
    listed = totals.exceptions(published, status=status, owner=owner, store=store, limit=limit)
    return {
        **stamp(published),
        "asked": {"owner": owner, "store": store, "status": status, "limit": limit},
        **jsonable(counted),
        "listed": [jsonable(row) for row in listed],
    }


def stores(published: Published) -> list[str]:
    """Every store that anything was judged of."""
    return totals.stores_judged(published)


def fixes(published: Published, limit: int = 20) -> Report:
    """What to mend first, and what Sage would refuse before any sale has needed it."""
    return {
        **stamp(published),
        "fixes": [jsonable(row) for row in totals.fixes(published, limit)],
        "closed_ahead": [jsonable(row) for row in totals.closed_ahead(published)],
        "combinations_tried": published.count("look_ahead"),
    }


def trace(published: Published, text: str) -> Report:
    """The whole life of every receipt (or Sage document) that a text names; `lives` is empty where none does.

    Takes an event id, a receipt number, a posting key, an exception id, a URN or a Sage reference. At most
    MOST_LIVES are told; `found` is how many there are. `compared` holds each document leg by leg against Sage's.
    """
    subjects = finding.find(published, text)
    lives = [life(published, subject) for subject in subjects[:MOST_LIVES]]
    return {
        **stamp(published),
        "asked": text,
        "found": len(subjects),
        "lives": [jsonable({**each, "compared": legs.as_rows(each)}) for each in lives],
    }


def stamp(published: Published) -> Report:
    """Which publication a report is of, the moment its figures are true for, and whose clock a terminal shows it by."""
    return {
        "publication": published.number,
        "pass_number": published.pass_number,
        "as_of": published.as_of.isoformat() + "Z",
        "zone": shop_clock.zone_of(published),
    }


def _receipts(rows: Rows) -> Report:
    return _summed(rows, "receipts", "value_pence")


def _summed(rows: Rows, *columns: str) -> Report:
    return jsonable({column: sum(row[column] for row in rows) for column in columns})
