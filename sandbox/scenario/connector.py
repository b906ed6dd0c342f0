"""The incumbent connector: posts the till files into Sage, badly, and leaves the truth where only the
judge reads.

It builds only from the till files, with its own reading, mapping and rounding, and imports nothing of
Tillproof (a test looks). Two loads and one more visit:

    load(company, inbox, "catch_up", seed=…, manifest=…)      then December is closed
    load(company, inbox, "fortnight", seed=…, manifest=…)     then TILL05 goes on hold
    post_after_us(company, inbox, seed=…, manifest=…, posted_at=…)      two that we have just posted, again
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sandbox.scenario import manifest as manifests
from sandbox.scenario import sync_log
from sandbox.scenario.acting import act, act_of_day
from sandbox.scenario.actions import CONNECTOR, Action, Claim, truth_after
from sandbox.scenario.connector_documents import (
    OPPOSITES,
    RESOURCES,
    Draft,
    body_of,
    draft_documents,
    is_not_a_sale,
    nothing_of,
)
from sandbox.scenario.connector_events import EXCHANGE, NEVER_SENT, event_of
from sandbox.scenario.connector_reading import (
    BEFORE_ALL,
    Phase,
    Receipt,
    read_counted,
    read_receipts,
    read_repeated,
    read_zero_rated_skus,
)
from sandbox.scenario.counted_cash import booked
from sandbox.scenario.drifts import AMENDED_BY
from sandbox.scenario.journals import Journal, JournalLine
from sandbox.scenario.manifest import Truth
from sandbox.scenario.planting import Candidate, Day, candidates_of, choose, choose_days, quotas
from sandbox.scenario.repeated_sales import renumbered

LEDGERS = ("LedgerSales", "LedgerCashBook", "LedgerNominal")
DECEMBER = date(2010, 12, 1)
ON_HOLD_AT = datetime.fromisoformat("2011-08-31T18:30")  # UTC, after the connector's last run
SECOND_WRITES = 2
FILTERED = Claim("filtered", None, "not a sale of a configured store")


class Company(Protocol):
    """What the connector needs of the sandbox company; `sandbox.company.SageCompany` is one."""

    def bulk(self) -> AbstractContextManager[None]: ...
    def post(
        self,
        resource: str,
        body: Mapping[str, Any],
        *,
        user_name: str,
        posted_at: datetime,
        divert_to_suspense: bool = False,
    ) -> int: ...
    def journal(
        self,
        lines: Sequence[JournalLine],
        *,
        reference: str,
        narrative: str,
        transaction_date: date,
        user_name: str,
        posted_at: datetime,
    ) -> int: ...
    def customer_id(self, reference: str) -> int: ...
    def bank_id(self, code: str) -> int: ...
    def tax_code_id(self, code: int) -> int: ...
    def set_period_state(self, ledger: str, period_start_date: date, state: str) -> None: ...
    def amend_date(self, urn: int, transaction_date: date, *, at: datetime) -> None: ...
    def last_stamp(self) -> datetime | None: ...
    def set_customer_on_hold(self, reference: str, on_hold: bool, *, at: datetime | None = None) -> None: ...


@dataclass(frozen=True)
class Loaded:
    """What a load did: documents in Sage, receipts seen, and how many documents each fault touched."""

    documents: int
    receipts: int
    log_files: int
    planted: Mapping[str, int]


class Step(NamedTuple):
    """An action at its moment."""

    at: datetime
    number: int
    action: Action


def load(company: Company, inbox: Path, phase: Phase, *, seed: int, manifest: Path) -> Loaded:
    """Post everything of the phase's till files, plant its faults, write the log and the truth.

    `manifest` must lie outside TILLPROOF_HOME; rows are added to it. Raises what the company refuses: a
    refusal that was not meant is a fault of the scenario.
    """
    with _collector_paused():
        return _load(company, inbox, phase, seed, manifest)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A million small tuples and no cycle among them: looking for cycles would cost a third of the load."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _load(company: Company, inbox: Path, phase: Phase, seed: int, manifest: Path) -> Loaded:
    if phase == "fortnight":
        _amend(company, manifest)
    receipts = read_receipts(inbox, phase)
    drafts = _drafts(receipts, read_zero_rated_skus(inbox))
    candidates = {c.receipt.receipt_no: c for c in candidates_of(receipts, drafts)}
    repeated = _repeated(inbox, phase)
    counted = booked(read_counted(inbox)) if phase == "fortnight" else ()
    days, chosen = _chosen(list(candidates.values()), seed, phase, repeated)
    steps: list[Step] = []
    for receipt in receipts:
        sent_at = _sent_at(receipt, phase)
        for action in _actions(receipt, drafts, candidates, chosen, days):
            steps.append(Step(sent_at + action.delay, len(steps), action))
    steps += [Step(at, len(steps) + place, action) for place, (at, action) in enumerate(counted)]
    truths, entries = _post(company, sorted(steps), phase)
    truths += _told_of_repeated(repeated)
    manifests.append(manifest, truths)
    log_files = sync_log.write(inbox, entries)
    if phase == "catch_up":
        for ledger in LEDGERS:
            company.set_period_state(ledger, DECEMBER, "Closed")
    else:
        company.set_customer_on_hold("TILL05", True, at=ON_HOLD_AT)
    planted = Counter(truth.fault for truth in truths if truth.part == "planted" and truth.stage == "before")
    sent = sum(step.action.sent is not None for step in steps)
    return Loaded(sent, len(receipts), log_files, dict(sorted(planted.items())))


def _amend(company: Company, manifest: Path) -> None:
    """A person changes what the catch-up posted and a first pass has seen: the date, a week later."""
    told = manifests.read(manifest, "before") if manifest.exists() else []
    amended = [
        truth
        for truth in told
        if truth.fault == "amended_after_posting" and truth.part == "planted" and truth.urn
    ]
    with company.bulk():
        for truth in amended:
            at = (company.last_stamp() or BEFORE_ALL) + timedelta(seconds=1)
            company.amend_date(truth.urn or 0, truth.document_date + timedelta(days=AMENDED_BY), at=at)


def post_after_us(
    company: Company, inbox: Path, *, seed: int, manifest: Path, posted_at: datetime
) -> tuple[str, ...]:
    """Post two receipts of one store once more, after Tillproof has posted them; returns their numbers.

    They are taken from the fortnight's receipts that were missing whole, of the store that has most of them.
    """
    receipts = read_receipts(inbox, "fortnight")
    drafts = _drafts(receipts, read_zero_rated_skus(inbox))
    candidates = candidates_of(receipts, drafts)
    _, chosen = _chosen(candidates, seed, "fortnight", _repeated(inbox, "fortnight"))
    missing = [c for c in candidates if chosen.get(c.receipt.receipt_no) == "missing_receipt_whole"]
    by_store = Counter(c.receipt.store_id for c in missing)
    store_id = min(by_store, key=lambda store: (-by_store[store], store))
    again = [c for c in missing if c.receipt.store_id == store_id][:SECOND_WRITES]
    truths = []
    with company.bulk():
        for second, draft in enumerate(draft for candidate in again for draft in candidate.drafts):
            urn = company.post(
                RESOURCES[draft.kind],
                body_of(draft, company),
                user_name=CONNECTOR,
                posted_at=posted_at + timedelta(seconds=second),
            )
            action = Action(
                None,
                draft,
                "duplicate_in_ledger",
                fault="second_writer",
                part="planted",
                note="posted after us",
            )
            truths.append(_truth("after", action, urn, None, "duplicate_in_ledger"))
    manifests.append(manifest, truths)
    return tuple(candidate.receipt.receipt_no for candidate in again)


def _chosen(
    candidates: Sequence[Candidate], seed: int, phase: Phase, repeated: Sequence[Receipt] = ()
) -> tuple[dict[str, Day], dict[str, str]]:
    """The faults of whole days first, then those of single receipts on the other days.

    Days of receipts that a till exported again are no day's, and those receipts carry nothing else.
    """
    quota = quotas(phase)
    again = {receipt.receipt_no for receipt in repeated}
    left_alone = {c.receipt.receipt_no for c in candidates if renumbered(c.receipt.receipt_no) in again}
    slots = {(c.receipt.store_id, c.day) for c in candidates if c.receipt.receipt_no in left_alone}
    other_days = [c for c in candidates if (c.receipt.store_id, c.day) not in slots]
    days, taken = choose_days(other_days, seed=seed, quota=quota)
    return days, choose(candidates, seed=seed, quota=quota, taken=taken | left_alone)


def _repeated(inbox: Path, phase: Phase) -> list[Receipt]:
    return read_repeated(inbox) if phase == "fortnight" else []


def _told_of_repeated(repeated: Sequence[Receipt]) -> list[Truth]:
    """Nothing of them is in Sage, and nothing may be: they are sales that Sage has under their first numbers."""
    told = [
        Action(
            draft,
            None,
            "duplicate_in_pos",
            fault="sold_once",
            part="planted",
            note="exported again under a new number",
        )
        for receipt in repeated
        for draft in draft_documents(receipt, frozenset())
    ]
    stages = ("before", "after")
    return [_truth(stage, action, None, None, action.verdict) for stage in stages for action in told]


def _drafts(receipts: Iterable[Receipt], zero_rated: frozenset[str]) -> dict[str, list[Draft]]:
    """The documents of every receipt that has any: worth something, and of a store the connector knows.

    Fees have them too, for the fault that posts one; only the receipts' own rules say they are never sent.
    """
    return {
        receipt.receipt_no: draft_documents(receipt, zero_rated)
        for receipt in receipts
        if receipt.is_store_known and (receipt.gross_pence or receipt.kind == EXCHANGE)
    }


def _actions(
    receipt: Receipt,
    drafts: Mapping[str, Sequence[Draft]],
    candidates: Mapping[str, Candidate],
    chosen: Mapping[str, str],
    days: Mapping[str, Day],
) -> list[Action]:
    """Everything that happens about one receipt, in order."""
    number = receipt.receipt_no
    if not receipt.is_store_known:
        return _unknown_store(receipt)
    if number not in drafts or receipt.kind in NEVER_SENT or is_not_a_sale(receipt):
        nothing = [_without_trace(receipt)]
        return nothing + (act(candidates[number], chosen[number]) if number in chosen else [])
    if receipt.has_unreadable_quantity:
        note = "a quantity in its till file cannot be read"
        return [
            Action(draft, draft, "not_checked", fault="unreadable_quantity", part="planted", note=note)
            for draft in drafts[number]
        ]
    if number in days:
        return act_of_day(candidates[number], days[number])
    actions = act(candidates[number], chosen.get(number))
    if event := event_of(receipt):
        return [
            replace(action, fault=f"derived_{event}", part="planted") if action.part == "clean" else action
            for action in actions
        ]
    oddity = manifests.natural_oddities().get(number)
    if oddity is None:
        return actions
    return [
        replace(action, fault="natural", part="natural", note=oddity) if action.part == "clean" else action
        for action in actions
    ]


def _unknown_store(receipt: Receipt) -> list[Action]:
    note = f"its till prints store {receipt.store_id}"
    return [
        Action(
            draft, None, "not_checked", fault="unknown_store", part="planted", note=note, claims=(FILTERED,)
        )
        for draft in draft_documents(receipt, frozenset())
    ]


def _without_trace(receipt: Receipt) -> Action:
    """A receipt that rightly leaves nothing in Sage: a single row of kind `none`."""
    listed = manifests.natural_oddities().get(receipt.receipt_no)
    nothing = nothing_of(receipt)
    if event := event_of(receipt):
        return Action(nothing, None, "nothing_to_post", fault=f"derived_{event}", part="planted", claims=())
    note = listed or "a document worth nothing: a giveaway, a note or a stock write-off"
    return Action(nothing, None, "nothing_to_post", fault="natural", part="natural", note=note, claims=())


def _post(company: Company, steps: Sequence[Step], phase: Phase) -> tuple[list[Truth], list[sync_log.Entry]]:
    """Carry the steps out in the order of their moments; a second apart where they share one."""
    truths: list[Truth] = []
    entries: list[sync_log.Entry] = []
    carried: list[tuple[int, str]] = []  # which truth, and the key of what carries its document
    partner_urns: dict[str, int] = {}
    first_urns: dict[tuple[str, str], int] = {}  # by reference and kind
    last_urn, moment = 0, BEFORE_ALL
    with company.bulk():
        for step in steps:
            action, urn, twin = step.action, None, None
            moment = max(step.at, moment + timedelta(seconds=1)) if action.sent or action.journal else moment
            if action.journal:
                partner_urns[action.journal.key] = _enter(company, action.journal, moment)
                continue
            if action.sent:
                sent = action.sent
                urn = last_urn = company.post(
                    RESOURCES[sent.kind],
                    body_of(sent, company),
                    user_name=action.user_name,
                    posted_at=moment,
                    divert_to_suspense=action.is_to_suspense,
                )
                first = first_urns.setdefault((sent.reference, sent.kind), urn)
                twin = first if action.is_twin else None
            if action.carries and urn:
                partner_urns[action.carries] = urn
            told = _truths(action, urn, twin)
            if action.partner or action.summary:
                key = action.partner or action.carries
                carried += [(len(truths) + place, key) for place in range(len(told))]
            truths.extend(told)
            entries.extend(_claimed(action, step.at, phase, urn or last_urn))
    for place, key in carried:
        truths[place] = replace(truths[place], partner_urn=partner_urns[key])
    return truths, entries


def _enter(company: Company, journal: Journal, moment: datetime) -> int:
    return company.journal(
        journal.lines,
        reference=journal.reference,
        narrative=journal.narrative,
        transaction_date=journal.day,
        user_name=journal.user_name,
        posted_at=moment,
    )


def _claimed(action: Action, at: datetime, phase: Phase, urn: int) -> list[sync_log.Entry]:
    """The log's rows. A lie about a document that is not there gives the URN of another that is."""
    if not action.claims:
        return []
    draft = action.expected or action.sent
    assert draft is not None
    if action.sent and action.expected is None:
        draft = action.sent
    return [
        sync_log.Entry(
            sync_log.run_of(at, phase), at, draft, attempt, claim, urn if claim.status == "accepted" else None
        )
        for attempt, claim in enumerate(
            action.claims, start=2 if action.sent and action.expected is None else 1
        )
    ]


def _truths(action: Action, urn: int | None, twin: int | None) -> list[Truth]:
    if action.carries and not action.summary:
        return []  # said with the first document of its group
    truths = [
        _truth("before", action, urn, twin, action.verdict),
        _truth("after", action, urn, twin, truth_after(action)),
    ]
    if action.gets_our_contra and action.sent:
        contra = replace(action.sent, kind=OPPOSITES[action.sent.kind])
        truths.append(_truth("after", replace(action, sent=contra), None, None, "reversed"))
    return truths


def _truth(stage: str, action: Action, urn: int | None, twin: int | None, verdict: str) -> Truth:
    draft = action.expected or action.sent or action.about
    assert draft is not None
    scope = "expected" if action.expected else "summary" if action.summary else "ledger"
    return Truth(
        stage=stage,
        scope=scope,
        store_id=draft.store_id,
        receipt_no=action.summary or draft.receipt_no,
        document_kind=draft.kind,
        ordinal=draft.ordinal,
        urn=None if action.summary else urn,
        twin_urn=twin,
        verdict=verdict,
        drift_kinds=action.drift_kinds if verdict == "drifted" else "",
        fault=action.fault,
        part=action.part,
        note=action.note,
        is_strict=action.is_strict,
        document_date=draft.document_date,
        gross_pence=draft.gross_pence,
    )


def _sent_at(receipt: Receipt, phase: Phase) -> datetime:
    """When the connector's run reaches the receipt (UTC): at two the next night, or ten minutes past the
    export.

    In the fortnight the tills' clocks stand an hour ahead of UTC (British Summer Time), so the export of
    the hour from ten is at ten by UTC.
    """
    if receipt.late_in:
        return receipt.late_in + timedelta(minutes=10)
    day = datetime.combine(receipt.completed_at, time.min)
    if phase == "catch_up":
        return day + timedelta(days=1, hours=2)
    return day + timedelta(hours=receipt.completed_at.hour, minutes=10)
