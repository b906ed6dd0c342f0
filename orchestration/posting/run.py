"""A posting run: one publication decided on, then every open intent walked to its rest.

Sage locks a customer account as a whole, so each account is a queue of its own, worked in the order of its
keys; the queues take turns. A queue whose head must wait (a lock, a silence) steps aside and the others go
on; a head that cannot be helped is set aside and its queue goes on. A few documents are sent before they are
read back together: one at first, more while every one is found as it should be. Killed at any point, the
next run takes up what this one left, whether or not it is still proposed.
"""

from __future__ import annotations

import heapq
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, zip_longest

from sqlalchemy.exc import SQLAlchemyError

from orchestration.ledgers.ledger import Ledger, LedgerUnavailableError, can_allocate
from orchestration.operations import ALLOCATES, FenceLostError, Operations, Run, StoredIntent
from orchestration.operations.policies import REVERSE_POSTING
from orchestration.posting import allocations
from orchestration.posting.cases import half_corrected
from orchestration.posting.decision import Decision
from orchestration.posting.decisions import decide, plan, record
from orchestration.posting.documents import Rows
from orchestration.posting.pace import Pace
from orchestration.posting.policy import PostingPolicy
from orchestration.posting.poster import TO_SEND, HeldElsewhereError, Poster, mark_reversed, worker_name
from orchestration.posting.reversal import asked_for, plan_reversal
from orchestration.posting.states import UNSETTLED
from orchestration.posting.summary import PostingSummary
from orchestration.posting.tranches import Members

Progress = Callable[[int, int, StoredIntent], None]
STEPS_WITHOUT_REST = 200
HEADS_LOCKED = 2
# sent, and perhaps in Sage: looked for before anything else of the account is sent
OUT = ("sending", "unknown", "acknowledged", "deferred", "wrong", "unsettled")
AS_HOPED = ("proven", "deferred")


def run(
    ledger: Ledger,
    operations: Operations,
    proposals: Rows,
    legs: Rows,
    *,
    company_id: str,
    publication_number: int,
    members: Members | None = None,
    policy: PostingPolicy | None = None,
    pace: Pace | None = None,
    worker: str | None = None,
    alone: bool = False,
    seen_urn: int | None = None,
    max_posts: int | None = None,
    max_seconds: float | None = None,
    seed: int = 0,
    sleep: Callable[[float], None] = time.sleep,
    progress: Progress | None = None,
) -> PostingSummary:
    """Post what a publication proposes and may be posted, and settle what earlier runs left.

    `members` keeps what summaries stand for; a publication that proposes none needs none.
    `alone`: the caller holds the installation's posting lock. `max_posts`, `max_seconds`: the budget; when it
    is spent what was sent is still settled. `progress` is told (done, of, intent) as each comes to rest.
    """
    decisions = [
        decision
        for decision in plan(
            proposals, legs, operations, policy=policy, publication_number=publication_number
        )
        if decision.proposal.company_id == company_id
    ]
    worker = worker or worker_name()
    begun = operations.runs.begin(company_id, "post", publication_number, worker)
    summary = _summary_of(begun, decisions)
    summary.cancelled = decide(
        operations,
        decisions,
        company_id=company_id,
        publication_number=publication_number,
        members=members,
    )
    for contra in operations.intents.in_states(["proven"], company_id, role="X"):
        mark_reversed(operations, contra)
    poster = Poster(
        ledger,
        operations,
        worker=worker,
        policy=policy,
        pace=pace,
        alone=alone,
        seen_urn=seen_urn,
        run=begun,
        rng=random.Random(seed),  # noqa: S311  spreads waits, guards nothing
    )
    contras = _contras_asked_for(ledger, operations, company_id, publication_number, policy)
    record(operations, contras, publication_number)
    _take_in(summary, contras)
    proposed = {decision.posting_key for decision in (*decisions, *contras)}
    for intent in operations.intents.in_states(["refused"], company_id):
        if intent.posting_key not in proposed and publication_number > intent.publication_number:
            try:
                summary.cancelled += poster.withdraw(intent, publication_number).state == "cancelled"
            except LedgerUnavailableError:
                break  # the next run looks
    walk = _Walk(operations, poster, summary, sleep=sleep, max_posts=max_posts, max_seconds=max_seconds)
    walk.through(
        _unsettled(operations, company_id, {contra.posting_key for contra in contras})
        + _decided(operations, company_id, {contra.posting_key for contra in contras}),
        progress,
    )
    if can_allocate(ledger):
        in_force = policy or operations.posting_policy(company_id)
        allocations.decide(operations, company_id, publication_number, in_force)
        states = {*UNSETTLED, "decided"}
        walk.through(operations.intents.in_states(states, company_id, role=ALLOCATES), progress)
    return _ended(operations, begun, poster, summary)


def run_reversal(
    ledger: Ledger,
    operations: Operations,
    decisions: Sequence[Decision],
    *,
    company_id: str,
    publication_number: int,
    policy: PostingPolicy | None = None,
    pace: Pace | None = None,
    worker: str | None = None,
    alone: bool = False,
    seed: int = 0,
    sleep: Callable[[float], None] = time.sleep,
    progress: Progress | None = None,
) -> PostingSummary:
    """Send the contras of a pack that may go, and settle what an earlier run left of them; nothing else is sent."""
    worker = worker or worker_name()
    begun = operations.runs.begin(company_id, "reverse", publication_number, worker)
    summary = _summary_of(begun, decisions)
    record(operations, decisions, publication_number)
    poster = Poster(
        ledger,
        operations,
        worker=worker,
        policy=policy,
        pace=pace,
        alone=alone,
        run=begun,
        rng=random.Random(seed),  # noqa: S311  spreads waits, guards nothing
    )
    intents = operations.intents.by_keys(decision.posting_key for decision in decisions)
    for contra in intents.values():
        if contra.state == "proven":
            mark_reversed(operations, contra)
    walk = _Walk(operations, poster, summary, sleep=sleep, max_posts=None, max_seconds=None)
    walk.through([intent for intent in intents.values() if intent.state in {*UNSETTLED, "decided"}], progress)
    return _ended(operations, begun, poster, summary)


def _summary_of(begun: Run, decisions: Sequence[Decision]) -> PostingSummary:
    """What was decided, before anything is done."""
    summary = PostingSummary(begun.publication_number, begun.run_number)
    _take_in(summary, decisions)
    return summary


def _take_in(summary: PostingSummary, decisions: Sequence[Decision]) -> None:
    """Count what was decided, with what does not go."""
    codes = Counter(decision.code for decision in decisions if not decision.goes)
    summary.proposals += len(decisions)
    summary.already += codes.pop("already_posted", 0)
    codes.pop("being_settled", None)  # walked, and counted where it comes to rest
    summary.held.update(codes)


def _contras_asked_for(
    ledger: Ledger,
    operations: Operations,
    company_id: str,
    publication_number: int,
    policy: PostingPolicy | None,
) -> list[Decision]:
    """The contras of what people asked to have undone, held against Sage anew; none while it does not answer."""
    found = operations.intents.by_keys(asked_for(operations, company_id))
    if not found:
        return []
    intents = [found[key] for key in sorted(found)]
    try:
        return plan_reversal(
            ledger, operations, intents, publication_number=publication_number, policy=policy
        )
    except LedgerUnavailableError:
        return []  # the next run asks


def _unsettled(operations: Operations, company_id: str, asked: Collection[str]) -> list[StoredIntent]:
    """What earlier runs left; of a reversal that nobody asked for here, only what may be in Sage."""
    return [
        intent
        for intent in operations.intents.in_states(UNSETTLED, company_id)
        if intent.remedy != REVERSE_POSTING or intent.posting_key in asked or intent.state in OUT
    ]


def _decided(operations: Operations, company_id: str, asked: Collection[str]) -> list[StoredIntent]:
    """What may go and was not begun; a reversal that nobody asked for here goes only when its pack is sent."""
    return [
        intent
        for intent in operations.intents.in_states(["decided"], company_id)
        if intent.remedy != REVERSE_POSTING or intent.posting_key in asked
    ]


def _ended(operations: Operations, begun: Run, poster: Poster, summary: PostingSummary) -> PostingSummary:
    """The run's end, on record."""
    summary.posts = poster.sends
    summary.half_corrected = half_corrected(operations, begun.company_id)
    operations.runs.end(begun.run_number, poster.sends, summary.stopped_because)
    end = operations.intents.chain_end()
    summary.chain_event_number, summary.chain_head_hash = end.event_number, end.head_hash
    return summary


@dataclass(frozen=True)
class _Worked:
    """Where work on an intent stopped: it waits `until`, or `is_sent` and unproven yet, or else it rests."""

    intent: StoredIntent
    until: datetime | None = None
    is_sent: bool = False


class _Walk:
    """The queues of one run, the turns they take, and what was sent and is to be read back."""

    def __init__(
        self,
        operations: Operations,
        poster: Poster,
        summary: PostingSummary,
        *,
        sleep: Callable[[float], None],
        max_posts: int | None,
        max_seconds: float | None,
    ):
        self._operations = operations
        self._poster = poster
        self._summary = summary
        self._sleep = sleep
        self._max_posts = max_posts
        self._deadline = None if max_seconds is None else operations.now() + timedelta(seconds=max_seconds)
        self._locks: Counter[str] = Counter()
        self._locked_heads: Counter[str] = Counter()
        self._refusals_in_a_row = 0
        self._unavailable_in_a_row = 0
        self._is_over = False
        self._queues: dict[str, deque[StoredIntent]] = {}
        self._ready: deque[str] = deque()
        self._waiting: list[tuple[datetime, str]] = []
        self._account_of: dict[str, str] = {}
        self._sent: list[StoredIntent] = []
        self._sent_since = operations.now()
        self._at_once = 1
        self._done = self._of = 0
        self._progress: Progress | None = None

    def through(self, intents: list[StoredIntent], progress: Progress | None) -> None:
        """Walk every intent to its rest: in each account what may be in Sage already, then contras, then the rest.

        A repost stands in the queue of its contra, right behind it.
        """
        self._of, self._progress = self._of + len(intents), progress
        leads = self._operations.intents.by_keys(one.after_key for one in intents if one.after_key)

        def place(one: StoredIntent) -> tuple[bool, bool, str, bool]:
            lead = leads.get(one.after_key, one)
            return (one.state not in OUT, lead.role != "X", lead.posting_key, one is not lead)

        for intent in sorted(intents, key=place):
            account = self._account_of[intent.posting_key] = leads.get(intent.after_key, intent).account
            self._queues.setdefault(account, deque()).append(intent)
        self._ready.extend(sorted(self._queues))
        while (self._ready or self._waiting or self._sent) and not self._is_over:
            if self._sent and (not self._ready or len(self._sent) >= self._at_once):
                self._read_back()
                continue
            self._wake()
            head = self._queues[self._ready[0]][0]
            must_wait = self._waits_for_canary(head)
            if self._sent and (must_wait or self._must_read_back_before(head)):
                self._read_back()
                continue
            account = self._ready.popleft()
            if must_wait and (self._ready or self._waiting):
                until = self._operations.now() + timedelta(seconds=self._poster.pace.first_wait_s)
                heapq.heappush(self._waiting, (until, account))
                continue
            self._take_turn(account)
        for account in sorted(self._queues):
            for intent in self._queues[account]:
                self._summary.count(intent)
        for intent in self._sent:
            self._summary.count(intent)
        self._queues.clear()
        self._ready.clear()
        self._waiting.clear()
        self._sent.clear()

    def _take_turn(self, account: str) -> None:
        """Work the head of one queue until it rests, waits, or is sent."""
        queue = self._queues[account]
        try:
            self._look_ahead(account)
        except LedgerUnavailableError as silent:
            heapq.heappush(self._waiting, (self._unavailable(silent), account))
            return
        worked = self._work(queue[0], self._patience_with(account))
        queue[0] = worked.intent
        if worked.until is not None:
            heapq.heappush(self._waiting, (worked.until, account))
            return
        queue.popleft()
        self._settle(account, worked)
        if queue:
            self._ready.append(account)

    def _settle(self, account: str, worked: _Worked) -> None:
        """Put what was just sent with the others to be read back; anything else has come to rest."""
        if worked.is_sent:
            self._locked_heads[account] = 0
            self._sent_since = self._sent_since if self._sent else self._operations.now()
            self._sent.append(worked.intent)
            return
        self._rest(worked.intent)
        self._mind_the_account(account, worked.intent, self._queues[account])

    def _rest(self, intent: StoredIntent) -> None:
        self._done += 1
        self._summary.count(intent)
        if self._progress:
            self._progress(self._done, self._of, intent)

    def _look_ahead(self, account: str) -> None:
        """Have Sage asked about the next documents together: this head and those whose turns follow."""
        if self._poster.has_looked_for(self._queues[account][0]):
            return
        queues = [self._queues[account], *(self._queues[other] for other in self._ready)]
        in_turn = (one for round_ in zip_longest(*queues) for one in round_ if one is not None)
        self._poster.look_ahead(islice(in_turn, self._poster.pace.at_once))

    def _must_read_back_before(self, head: StoredIntent) -> bool:
        """Whether something sent is of the same stem or its contra, or has gone unproven for too long."""
        unproven = self._operations.now() - self._sent_since
        return unproven >= timedelta(seconds=self._poster.pace.live_facts_s) or any(
            one.key_stem == head.key_stem or one.posting_key == head.after_key for one in self._sent
        )

    def _waits_for_canary(self, head: StoredIntent) -> bool:
        """Whether another document must be proven first that this run is about to prove."""
        if not self._poster.may_send or head.state not in TO_SEND:
            return False
        other = self._poster.leave.canary_out(head)
        heads = (queue[0] for queue in self._queues.values() if queue)
        return bool(other) and any(one.posting_key == other for one in (*self._sent, *heads))

    def _read_back(self) -> None:
        """Look for everything sent, together; what is not there yet goes back to the head of its queue."""
        sent, self._sent = self._sent, []
        try:
            self._poster.look_ahead(sent)
        except LedgerUnavailableError as silent:
            until = self._unavailable(silent)
            self._put_back([_Worked(intent, until) for intent in sent])
            return
        self._at_once = min(2 * self._at_once, self._poster.pace.at_once)
        not_there = []
        for intent in sent:
            worked = self._work(intent, self._patience_with(self._account_of[intent.posting_key]))
            if worked.until is not None or worked.intent.state not in AS_HOPED:
                self._at_once = 1
            if worked.until is not None:
                not_there.append(worked)
            elif worked.is_sent:
                self._sent.append(worked.intent)
            else:
                self._rest(worked.intent)
        self._put_back(not_there)

    def _put_back(self, those: list[_Worked]) -> None:
        """To the heads of their queues, in the order they were sent; the queues wait."""
        for worked in reversed(those):
            account = self._account_of[worked.intent.posting_key]
            self._queues[account].appendleft(worked.intent)
            if account in self._ready:
                self._ready.remove(account)
            self._waiting = [one for one in self._waiting if one[1] != account]
            self._waiting.append((worked.until or self._operations.now(), account))
        heapq.heapify(self._waiting)

    def _patience_with(self, account: str) -> int:
        """How many locks a head of this queue may meet: after one that was not helped, a single one."""
        return 1 if self._locked_heads[account] else self._poster.pace.max_locks

    def _mind_the_account(self, account: str, rested: StoredIntent, queue: deque[StoredIntent]) -> None:
        """Two heads in a row locked: the account is, not the document; what is unsent there waits."""
        if rested.state != "locked":
            self._locked_heads[account] = 0
            return
        self._locked_heads[account] += 1
        if self._locked_heads[account] < HEADS_LOCKED:
            return
        for intent in [one for one in queue if one.state in ("decided", "locked")]:
            queue.remove(intent)
            self._summary.count(intent)

    def _wake(self) -> None:
        """Let the queues whose wait is over take their turn; if all wait, sleep until the first."""
        if not self._ready:
            pause = (self._waiting[0][0] - self._operations.now()).total_seconds()
            if pause > 0:
                self._sleep(pause)
            self._ready.append(heapq.heappop(self._waiting)[1])
        now = self._operations.now()
        while self._waiting and self._waiting[0][0] <= now:
            self._ready.append(heapq.heappop(self._waiting)[1])

    def _work(self, intent: StoredIntent, max_locks: int) -> _Worked:
        """Advance until the intent rests, must wait, or was sent and is to be read back."""
        for _ in range(STEPS_WITHOUT_REST):
            self._mind_the_budget()
            try:
                after = self._poster.advance(intent)
            except LedgerUnavailableError as silent:
                return _Worked(intent, self._unavailable(silent))
            except (FenceLostError, HeldElsewhereError):
                self._summary.elsewhere += 1
                return _Worked(self._operations.intents.get(intent.posting_key) or intent)
            except SQLAlchemyError:
                raise
            except Exception as broken:
                self._summary.errors.append(f"{intent.posting_key}: {type(broken).__name__}: {broken}")
                return _Worked(self._operations.intents.get(intent.posting_key) or intent)
            self._unavailable_in_a_row = 0
            if after == intent:
                waits = intent.next_attempt_at and intent.next_attempt_at > self._operations.now()
                return _Worked(intent, intent.next_attempt_at if waits else None)
            self._mind_the_reply(intent, after)
            if after.state == "locked" and self._locks[after.posting_key] >= max_locks:
                return _Worked(after)
            if (intent.state, after.state) == ("claimed", "acknowledged"):
                return _Worked(after, is_sent=True)
            intent = after
        self._summary.errors.append(f"{intent.posting_key}: no rest after {STEPS_WITHOUT_REST} steps")
        return _Worked(intent)

    def _mind_the_budget(self) -> None:
        """Stop sending, but not settling, when what was allowed is used up."""
        if not self._poster.may_send:
            return
        if self._max_posts is not None and self._poster.sends >= self._max_posts:
            self._stop_sending(f"{self._max_posts} posts were allowed")
        elif self._deadline is not None and self._operations.now() >= self._deadline:
            self._stop_sending("the time allowed is over")

    def _mind_the_reply(self, before: StoredIntent, after: StoredIntent) -> None:
        """Count locks for this run, and break the circuit after too many refusals in a row."""
        if before.state != "claimed":
            return
        if after.state == "locked":
            self._locks[after.posting_key] += 1
        elif after.state == "refused":
            self._refusals_in_a_row += 1
            is_document = after.role != ALLOCATES
            allowed = self._poster.leave.policy_of(after.company_id).refusals_in_a_row
            if self._refusals_in_a_row >= min(allowed, self._poster.pace.max_refusals):
                words = f"{self._refusals_in_a_row} refusals in a row, the last: {after.refusal}"
                self._stop_sending(words)
                # the next run would only be refused again: a person looks, and lifts it
                if is_document:
                    self._operations.stop_store(after.company_id, "*", words)
        elif after.state == "acknowledged":
            self._refusals_in_a_row = 0

    def _stop_sending(self, because: str) -> None:
        self._poster.may_send = False
        self._summary.stopped_because = self._summary.stopped_because or because

    def _unavailable(self, silent: LedgerUnavailableError) -> datetime:
        """Sage did not answer: wait, and after too many times end the run; all is as it was."""
        self._unavailable_in_a_row += 1
        if self._unavailable_in_a_row >= self._poster.pace.max_unavailable:
            self._summary.stopped_because = f"Sage does not answer: {silent}"
            self._is_over = True
        return self._operations.now() + timedelta(seconds=self._poster.pace.first_wait_s)
