"""Our confirmed postings, found to be undone: by a name, by a store's day, or the newest; a screenful at most."""

from __future__ import annotations

from datetime import date

from app import finding
from app.published import Published
from orchestration.operations import Operations, StoredIntent

MOST = 15
RUNS_LOOKED_AT = 10
MOST_SUBJECTS = 50


def by_name(published: Published, operations: Operations, company: str, text: str) -> list[StoredIntent]:
    """Those that a receipt number, a posting key, a URN or a Sage reference names."""
    key = text.strip().upper()
    if finding.OUR_KEY.match(key):
        found = operations.intents.by_keys([key[:-1] + "P"])
        return [one for one in found.values() if _is_ours(one, company)]
    subjects = finding.find(published, text)[:MOST_SUBJECTS]
    events = {subject.event_id for subject in subjects if subject.event_id}
    found_in_sage = [subject.ledger_document_id for subject in subjects if not subject.event_id]
    held = published.named("ledger_documents", "reference", "ledger_document_id", found_in_sage)
    events |= {
        one.event_id
        for one in operations.intents.by_keys(row["reference"] for row in held if row["reference"]).values()
    }
    # what a day's summary holds of it was posted as that summary
    members = published.among(
        "select distinct event_id, member_event_id from tranche_members where true",
        "member_event_id",
        sorted(events),
    )
    events |= {row["event_id"] for row in members}
    return [one for one in operations.intents.of_events(company, events) if _is_ours(one, company)]


def of_day(operations: Operations, company: str, store: str, day: date) -> list[StoredIntent]:
    """The first of a store's business date, one more than a screenful where there are more."""
    return operations.intents.confirmed_of(company, MOST + 1, store_id=store, business_date=day)


def newest(operations: Operations, company: str) -> list[StoredIntent]:
    """The last that were posted."""
    found: list[StoredIntent] = []
    for run in operations.runs.newest(company, RUNS_LOOKED_AT):
        if len(found) > MOST:
            break
        if run.posts:
            found += operations.intents.confirmed_in_run(run.run_number, MOST + 1 - len(found))
    return found


def _is_ours(intent: StoredIntent, company: str) -> bool:
    return intent.company_id == company and intent.role == "P" and intent.state == "proven"
