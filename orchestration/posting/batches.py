"""Posting by file: a batch of documents leaves in one import file, and is unknown until it is read back whole.

The documents of a batch are one intent in all but rows: they are claimed, sent and left unknown in one transaction,
which also keeps the file's content by its digest, and every step of theirs names the batch. Nothing here writes a
document into two files: it is free for another only when a person has said that the first was not imported, and an
export taken since agrees.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from orchestration.ledgers.ledger import Ledger, PostedDocument
from orchestration.ledgers.sage50_documents import UnwritableError, rows_of
from orchestration.ledgers.sage50_file import ImportRow, Refusal, digest_of, write
from orchestration.ledgers.sage50_rehearsal import Known, TrailRow, rehearse
from orchestration.ledgers.sage50_settings import Sage50Settings
from orchestration.operations import Operations, OperationsError, Step, StoredIntent
from orchestration.operations.policies import REVERSE_AND_REPOST
from orchestration.posting.decisions import Decision, decide
from orchestration.posting.documents import Payload
from orchestration.posting.holding import SageHolds
from orchestration.posting.holds import Hold
from orchestration.posting.key import STEM_LENGTH
from orchestration.posting.pace import Pace
from orchestration.posting.policy import Permits
from orchestration.posting.poster import Poster
from orchestration.posting.states import LOOKING, move
from orchestration.posting.tranches import Members
from orchestration.posting.vat import Returns
from orchestration.posting.verification import truths_of

MARK = "sage50:"  # what stands before the batch's digest in the `worker` of its members
BATCH_VERSION = 1
NAMED = re.compile(r"tillproof-B-([0-9A-F]{8})\.csv")
KEYS_AT_ONCE = 1000
LIVE_FACTS_S = 3600.0
FREE = ("unknown", "unsettled")
LOOKED_FOR = ("unknown", "unsettled", "acknowledged", "deferred", "wrong")


class Books(Known, Ledger, Protocol):
    """One export, asked for documents, facts and rows."""

    exported_at: datetime
    digest: str


class NotRehearsedError(Exception):
    """The file would be refused as a whole; it was not written."""


@dataclass(frozen=True)
class Member:
    """One document of a batch, and the rows of the file that are its own."""

    posting_key: str
    payload_digest: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """One import file: what it holds, and whose rows they are. `digest` is of this, `file_digest` of the file."""

    company_id: str
    written_at: datetime
    export_digest: str
    exported_at: datetime
    encoding: str
    text: str
    rows: tuple[ImportRow, ...]
    first_row: int
    members: tuple[Member, ...]

    @cached_property
    def payload(self) -> str:
        """The canonical JSON that the store keeps."""
        return json.dumps({"version": BATCH_VERSION, **asdict(self)}, sort_keys=True, default=_iso)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.payload.encode()).hexdigest()

    @property
    def name(self) -> str:
        """What people call it."""
        return f"B-{self.digest[:8].upper()}"

    @property
    def content(self) -> bytes:
        """The file."""
        return self.text.encode(self.encoding)

    @cached_property
    def file_digest(self) -> str:
        """SHA-256 of the file."""
        return digest_of(self.content)

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return f"tillproof-{self.name}.csv"

    def row(self, number: int) -> ImportRow:
        """A row by its number in the file."""
        return self.rows[number - self.first_row]

    @classmethod
    def from_payload(cls, text: str) -> Batch:
        """The batch a canonical JSON stands for."""
        values: dict[str, Any] = json.loads(text)
        values.pop("version")
        for name in ("written_at", "exported_at"):
            values[name] = datetime.fromisoformat(values[name])
        rows = [{**row, "date": date.fromisoformat(row["date"])} for row in values.pop("rows")]
        members = [{**member, "rows": tuple(member["rows"])} for member in values.pop("members")]
        return cls(
            **values,
            rows=tuple(ImportRow(**row) for row in rows),
            members=tuple(Member(**member) for member in members),
        )


@dataclass(frozen=True)
class Unwritten:
    """A document that may go and does not, and why; `refusals` where the rehearsal said so."""

    decision: Decision
    reason: str
    refusals: tuple[Refusal, ...] = ()


@dataclass
class Draft:
    """What a file would hold: nothing is written down yet."""

    batch: Batch | None
    chosen: list[Decision] = field(default_factory=list)
    unwritten: list[Unwritten] = field(default_factory=list)
    waiting: int = 0
    is_canary: bool = False


def draft(
    operations: Operations,
    books: Books,
    decisions: Sequence[Decision],
    settings: Sage50Settings,
    *,
    company_id: str,
    seen_urn: int | None,
) -> Draft:
    """The next import file: of what may go, everything that nothing speaks against, rehearsed as it would lie there.

    Raises NotRehearsedError where the file as a whole would be refused.
    """
    found = Draft(None)
    going = [one for one in decisions if one.goes and one.proposal.company_id == company_id]
    state = _canary(operations, company_id) if settings.canary else "proven"
    if state == "out":
        words = "the first file, of one document, is not read back yet: tillproof sage50 verify"
        found.unwritten = [Unwritten(one, words) for one in going]
        return found
    found.is_canary = state == "none" and bool(going)
    holds = _Holds(operations, books, going, seen_urn)
    rows: dict[str, list[ImportRow]] = {}
    for decision in going:
        hold = holds.of(decision)
        if hold:
            found.unwritten.append(Unwritten(decision, hold))
            continue
        try:
            rows[decision.posting_key] = rows_of(
                decision.document, settings, store_id=decision.proposal.store_id
            )
        except UnwritableError as error:
            found.unwritten.append(Unwritten(decision, f"it cannot be put into an import file: {error}"))
            continue
        found.chosen.append(decision)
    _drop_refused(found, rows, books, settings)
    _keep_cases_whole(operations, found)
    most = 1 if found.is_canary else _as_many_as_fit(found.chosen, rows, settings.rows_per_file)
    found.waiting = len(found.chosen) - most
    found.chosen = found.chosen[:most]
    if not found.chosen:
        return found
    found.batch = _batch(found.chosen, rows, books, settings, company_id, operations.now())
    refusals = rehearse(found.batch.content, books, settings)
    if refusals:
        raise NotRehearsedError("; ".join(str(refusal) for refusal in refusals[:5]))
    return found


def _canary(operations: Operations, company_id: str) -> str:
    """Whether one file was ever proven, is out, or was never written."""
    ours = operations.intents.in_states([*LOOKING, "sending", "proven", "reversed"], company_id)
    states = {intent.state for intent in ours if intent.worker.startswith(MARK)}
    if states & {"proven", "reversed"}:
        return "proven"
    return "out" if states else "none"


class _Holds:
    """Every reason of the moment why a document does not go, asked of the export for all at once."""

    def __init__(self, operations: Operations, books: Books, going: Sequence[Decision], seen_urn: int | None):
        self._sage = SageHolds(books, operations, LIVE_FACTS_S, seen_urn)
        self._permits = Permits(operations, None, [one.posting_key for one in going])
        stems = [one.posting_key[:STEM_LENGTH] for one in going]
        names = [name for one in going for name in self._sage.names(one.proposal, one.proposal.payload)]
        self._sage.looks.ahead(stems, names, newcomers=bool(going))

    def of(self, decision: Decision) -> str:
        """The first of them in words; empty when it goes."""
        payload, proposal = decision.proposal.payload, decision.proposal
        found = self._sage.looks.find(decision.posting_key[:STEM_LENGTH])
        hold = self._permits.hold(proposal, payload.document) or self._sage.hold(
            proposal, payload, found, is_whole=True
        )
        return str(hold) if hold else ""


def _drop_refused(
    found: Draft, rows: dict[str, list[ImportRow]], books: Books, settings: Sage50Settings
) -> None:
    """Leave out each document with a refused row: one bad document must not stop the rest."""
    if not found.chosen:
        return
    listed = [row for decision in found.chosen for row in rows[decision.posting_key]]
    owner: dict[int, str] = {}
    number = 2 if settings.has_header_row else 1
    for decision in found.chosen:
        for _ in rows[decision.posting_key]:
            owner[number] = decision.posting_key
            number += 1
    refused: dict[str, list[Refusal]] = defaultdict(list)
    for refusal in rehearse(_written(listed, settings), books, settings):
        if refusal.row not in owner:
            raise NotRehearsedError(str(refusal))
        refused[owner[refusal.row]].append(refusal)
    found.unwritten += [
        Unwritten(one, str(refused[one.posting_key][0]), tuple(refused[one.posting_key]))
        for one in found.chosen
        if one.posting_key in refused
    ]
    found.chosen = [one for one in found.chosen if one.posting_key not in refused]


def _keep_cases_whole(operations: Operations, found: Draft) -> None:
    """Of a correction the contra goes only where its repost may follow, and that in a later file, once it is proven."""
    seconds = {one.proposal.after_key for one in found.chosen if one.proposal.after_key}
    contras = operations.intents.by_keys(seconds)
    kept = []
    for one in found.chosen:
        after_key = one.proposal.after_key
        is_contra = one.proposal.role == "X" and one.proposal.remedy == REVERSE_AND_REPOST
        if after_key and (after_key not in contras or contras[after_key].state != "proven"):
            found.unwritten.append(Unwritten(one, str(Hold("contra_first"))))
        elif is_contra and one.posting_key not in seconds:
            found.unwritten.append(Unwritten(one, str(Hold("case_held"))))
        else:
            kept.append(one)
    found.chosen = kept


def _written(rows: Sequence[ImportRow], settings: Sage50Settings) -> bytes:
    try:
        return write(rows, settings)
    except ValueError as error:
        raise NotRehearsedError(str(error)) from error


def _as_many_as_fit(chosen: Sequence[Decision], rows: dict[str, list[ImportRow]], most: int) -> int:
    """How many whole documents fit; one that is longer than a file goes alone."""
    count = 0
    for place, decision in enumerate(chosen):
        count += len(rows[decision.posting_key])
        if count > most and place:
            return place
    return len(chosen)


def _batch(
    chosen: Sequence[Decision],
    rows: dict[str, list[ImportRow]],
    books: Books,
    settings: Sage50Settings,
    company_id: str,
    now: datetime,
) -> Batch:
    first = number = 2 if settings.has_header_row else 1
    members = []
    for decision in chosen:
        count = len(rows[decision.posting_key])
        mine = tuple(range(number, number + count))
        members.append(Member(decision.posting_key, decision.payload_digest, mine))
        number += count
    listed = tuple(row for decision in chosen for row in rows[decision.posting_key])
    return Batch(
        company_id=company_id,
        written_at=now.replace(microsecond=0),
        export_digest=books.digest,
        exported_at=books.exported_at,
        encoding=settings.encoding,
        text=_written(listed, settings).decode(settings.encoding),
        rows=listed,
        first_row=first,
        members=tuple(members),
    )


def commit(
    operations: Operations,
    found: Draft,
    decisions: Sequence[Decision],
    *,
    publication_number: int,
    members: Members | None = None,
    before: Callable[[Batch], None] = lambda batch: None,
) -> Batch | None:
    """Write a draft down: its documents are in this file and in no other, and unknown from now on.

    `before` puts the file where only we look; what makes it visible comes after this returns.
    """
    batch = found.batch
    if batch is None:
        return None
    decide(
        operations,
        decisions,
        company_id=batch.company_id,
        publication_number=publication_number,
        members=members,
    )
    intents = operations.intents.by_keys(member.posting_key for member in batch.members)
    before(batch)
    steps: list[Step] = []
    returns = Returns(operations)
    for member in batch.members:
        intent = intents[member.posting_key]
        if intent.payload_digest != member.payload_digest:
            raise OperationsError(f"{member.posting_key} was decided on anew meanwhile: write the file again")
        steps += _sent(replace(intent, corrects_return=returns.key_of(intent)), batch, member)
    operations.intents.record_many(steps, {batch.digest: batch.payload})
    return batch


def _sent(intent: StoredIntent, batch: Batch, member: Member) -> Iterable[Step]:
    """Claimed, sent and unknown, in one go: writing the file proves nothing of Sage."""
    mark = f"{MARK}{batch.digest}"
    detail = {
        "batch": batch.name,
        "batch_digest": batch.digest,
        "file": batch.file_digest,
        "rows": member.rows,
    }
    changes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("claim", {"worker": mark, "fence": intent.fence + 1, "hold_reason": "", "probe_count": 0}),
        ("send", {"attempts": intent.attempts + 1, "truth_sent": True}),
        ("silence", {"lease_until": None, "next_attempt_at": None}),
    )
    for event, changed in changes:
        after = replace(intent, state=move(intent.state, event, "poster"), **changed)
        yield Step(event, intent, after, mark, detail)
        intent = after


# reading back


def batches(operations: Operations, company_id: str) -> list[tuple[Batch, dict[str, StoredIntent]]]:
    """Every batch with the intents that are in it still, oldest first."""
    states = [*LOOKING, "sending", "proven", "reversed"]
    members: dict[str, dict[str, StoredIntent]] = defaultdict(dict)
    for intent in operations.intents.in_states(states, company_id):
        if intent.worker.startswith(MARK):
            members[intent.worker.removeprefix(MARK)][intent.posting_key] = intent
    found = [
        (Batch.from_payload(operations.intents.payload(digest)), intents)
        for digest, intents in members.items()
    ]
    return sorted(found, key=lambda one: (one[0].written_at, one[0].name))


def was_written(operations: Operations, file_name: str) -> bool:
    """Whether a file of that name is of a batch that the store kept, given up or not."""
    found = NAMED.fullmatch(file_name)
    return found is not None and operations.intents.keeps_payload(found.group(1).lower())


@dataclass(frozen=True)
class RowFound:
    """One row of a file in Sage: `once`, `twice`, `changed` or `missing`, and the transactions that are it."""

    row: int
    posting_key: str
    state: str
    transactions: tuple[int, ...]


@dataclass
class ReadBack:
    """One batch held against an export. `outcome` is one of OUTCOMES."""

    batch: Batch
    outcome: str
    rows: list[RowFound]
    states: Counter[str]
    differences: dict[str, str]
    is_export_older: bool

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"'{self.outcome}' is no outcome of a batch")


OUTCOMES: dict[str, str] = {
    "not_imported": "none of it is in Sage",
    "imported": "every row is in Sage once, and right",
    "half_imported": "a part of it is in Sage and the rest is not",
    "twice_imported": "rows of it are in Sage more than once",
    "changed": "all of it is in Sage, and something of it is not as it was written",
    "gone": "it was in Sage and is there no more",
}


def read_back(operations: Operations, books: Books, company_id: str) -> list[ReadBack]:
    """Look for every batch, row by row, and record how far the five truths hold of each document."""
    # an export does not change while it is looked at
    poster = Poster(books, operations, alone=True, pace=Pace(live_facts_s=LIVE_FACTS_S))
    return [
        _read_back(operations, books, poster, batch, intents)
        for batch, intents in batches(operations, company_id)
    ]


def _read_back(
    operations: Operations, books: Books, poster: Poster, batch: Batch, intents: dict[str, StoredIntent]
) -> ReadBack:
    mine = [member for member in batch.members if member.posting_key in intents]
    keys = [member.posting_key for member in mine]
    there: dict[str, list[TrailRow]] = defaultdict(list)
    documents: dict[str, list[PostedDocument]] = defaultdict(list)
    wanted = set(keys)
    for start in range(0, len(keys), KEYS_AT_ONCE):
        part = keys[start : start + KEYS_AT_ONCE]
        for row in books.trail_rows(part):
            for key in {row.reference, row.extra_reference} & wanted:
                there[key].append(row)
        for document in books.find_many([key[:18] for key in part], []):
            documents[document.reference].append(document)
    rows = [found for member in mine for found in _rows_found(batch, member, there[member.posting_key])]
    as_written = {member.posting_key for member in mine} - {
        row.posting_key for row in rows if row.state != "once"
    }
    suspense = operations.suspense_account(batch.company_id)
    states: Counter[str] = Counter()
    differences: dict[str, str] = {}
    for place, member in enumerate(mine):
        key = member.posting_key
        intent = intents[key]
        if place % KEYS_AT_ONCE == 0:
            coming = (intents[one.posting_key] for one in mine[place : place + KEYS_AT_ONCE])
            poster.look_ahead(one for one in coming if one.state in LOOKED_FOR)
        if intent.state != "proven" or key not in as_written:
            intent = _settled(operations, poster, intent, documents[key], suspense)
        states[intent.state] += 1
        words = intent.refusal if intent.state == "wrong" else ""
        if intent.state in ("proven", "wrong", "deferred") and not there[key]:
            words = "it was in Sage and is there no more: deleted, or the audit trail was cleared"
        if words:
            differences[key] = words
    return ReadBack(
        batch=batch,
        outcome=_outcome(rows, any(intents[key].truth_present for key in keys), bool(differences)),
        rows=rows,
        states=states,
        differences=differences,
        is_export_older=_knows_nothing_of(books, batch),
    )


def _knows_nothing_of(books: Books, batch: Batch) -> bool:
    """An export from before the file, or from the second it was written in: its time is kept in whole seconds."""
    return books.exported_at < batch.written_at + timedelta(seconds=1)


def _rows_found(batch: Batch, member: Member, there: Sequence[TrailRow]) -> list[RowFound]:
    """Each row of a document with the transactions that are it, in everything the file said of money.

    A transaction with the key that is none of the rows is one of them changed, if one is missing.
    """
    by_content: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for one in there:
        by_content[_content(one)].append(one.tran_number)
    found = {number: by_content.pop(_content(batch.row(number)), []) for number in member.rows}
    others = sorted(number for numbers in by_content.values() for number in numbers)
    told = []
    for number, numbers in found.items():
        state = "once" if len(numbers) == 1 else "twice" if numbers else "changed" if others else "missing"
        seen = [others.pop(0)] if state == "changed" else sorted(numbers)
        told.append(RowFound(number, member.posting_key, state, tuple(seen)))
    return told


def _content(row: ImportRow | TrailRow) -> tuple[object, ...]:
    return (row.type, row.account, row.nominal, row.date, row.net_pence, row.tax_code, row.tax_pence)


def _settled(
    operations: Operations,
    poster: Poster,
    intent: StoredIntent,
    found: Sequence[PostedDocument],
    suspense: str,
) -> StoredIntent:
    """Where the look leaves an intent. What is not there stays as it is: a file may be imported any day."""
    if not found:
        return intent
    if intent.state in LOOKED_FOR:
        return poster.advance(intent)
    if intent.state == "proven":
        payload = Payload.from_text(operations.intents.payload(intent.payload_digest))
        truths = truths_of(payload, found, suspense)
        if truths.differences:
            words = "; ".join(truths.differences)
            if truths.copies > 1:
                reason = f"{intent.posting_key} is in Sage {truths.copies} times"
                operations.stop_store(intent.company_id, intent.store_id or "*", reason)
            after = replace(
                intent, state=move("proven", "differ", "poster"), truth_right=False, refusal=words
            )
            detail = {"differences": words, "copies": truths.copies}
            return operations.intents.record(Step("differ", intent, after, intent.worker, detail))
    return intent


def _outcome(rows: Sequence[RowFound], is_known: bool, is_different: bool) -> str:
    states = {row.state for row in rows}
    if "twice" in states:
        return "twice_imported"
    if states == {"missing"}:
        return "gone" if is_known else "not_imported"
    if "missing" in states:
        return "half_imported"
    return "changed" if "changed" in states or is_different else "imported"


# giving up a file


def release(
    operations: Operations, books: Books, company_id: str, name: str, *, by: str, reason: str
) -> tuple[Batch, list[str]]:
    """A person says that what Sage lacks of a batch was not imported and the file is gone: it may go in a new file.

    OperationsError where the batch is not known, or the export is older than the file and so knows nothing of it.
    """
    operations.must_be_allowed(by, "free a posting to be sent again")
    known = {batch.name: (batch, intents) for batch, intents in batches(operations, company_id)}
    if name.upper() not in known:
        said = ", ".join(sorted(known)) or "none"
        raise OperationsError(f"there is no batch {name}; there are: {said}")
    batch, intents = known[name.upper()]
    if _knows_nothing_of(books, batch):
        raise OperationsError(
            f"the export is of {books.exported_at} UTC, the file of {batch.written_at} UTC: export Sage's tables again"
        )
    keys = sorted(key for key, intent in intents.items() if intent.state in FREE)
    present: set[str] = set()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        part = keys[start : start + KEYS_AT_ONCE]
        for row in books.trail_rows(part):
            present |= {row.reference, row.extra_reference}
    freed = [key for key in keys if key not in present]
    steps = [step for key in freed for step in _freed(intents[key], by, reason, batch)]
    if steps:
        operations.intents.record_many(steps, {})
    return batch, freed


def _freed(intent: StoredIntent, by: str, reason: str, batch: Batch) -> Iterable[Step]:
    detail = {"batch": batch.name, "reason": reason}
    if intent.state == "unknown":
        after = replace(intent, state=move("unknown", "give_up", "poster"))
        yield Step("give_up", intent, after, intent.worker, detail)
        intent = after
    claimed = replace(
        intent,
        state=move("unsettled", "absent", "person"),
        fence=intent.fence + 1,
        worker=by,
        lease_until=None,
    )
    yield Step("absent", intent, claimed, by, detail)
    after = replace(
        claimed,
        state=move("claimed", "release", "poster"),
        fence=claimed.fence + 1,
        truth_sent=False,
        attempts=0,
    )
    yield Step("release", claimed, after, by, detail)


def _iso(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a batch")
