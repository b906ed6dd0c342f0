"""A posting run: one publication decided on, then every open intent walked to its rest.

Sage locks a customer account as a whole, so each account is a queue of its own, worked in the order of its
keys; the queues take turns. A queue whose head must wait (a lock, a silence) steps aside and the others go
on; a head that cannot be helped is set aside and its queue goes on. Killed at any point, the next run takes
up what this one left, whether or not it is still proposed.
"""

from __future__ import annotations

import heapq
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from orchestration.ledgers.ledger import Ledger, LedgerUnavailableError
from orchestration.operations import FenceLostError, Operations, StoredIntent
from orchestration.posting.decisions import decide, plan
from orchestration.posting.documents import Rows
from orchestration.posting.pace import Pace
from orchestration.posting.policy import PostingPolicy
from orchestration.posting.poster import HeldElsewhereError, Poster, mark_reversed
from orchestration.posting.states import UNSETTLED
from orchestration.posting.summary import PostingSummary

Progress = Callable[[int, int, StoredIntent], None]
STEPS_WITHOUT_REST = 200
HEADS_LOCKED = 2


def run(
    ledger: Ledger,
    operations: Operations,
    proposals: Rows,
    legs: Rows,
    *,
    company_id: str,
    publication_number: int,
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

    `alone`: the caller holds the installation's posting lock. `max_posts`, `max_seconds`: the budget; when it
    is spent what was sent is still settled. `progress` is told (done, of, intent) as each comes to rest.
    """
    summary = PostingSummary(publication_number)
    decisions = [
        decision
        for decision in plan(
            proposals, legs, operations, policy=policy, publication_number=publication_number
        )
        if decision.proposal.company_id == company_id
    ]
    summary.proposals = len(decisions)
    codes = Counter(decision.code for decision in decisions if not decision.goes)
    summary.already = codes.pop("already_posted", 0)
    codes.pop("being_settled", None)  # walked below, and counted where it comes to rest
    summary.held.update(codes)
    summary.cancelled = decide(
        operations, decisions, company_id=company_id, publication_number=publication_number
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
        rng=random.Random(seed),  # noqa: S311  spreads waits, guards nothing
    )
    walk = _Walk(operations, poster, summary, sleep=sleep, max_posts=max_posts, max_seconds=max_seconds)
    walk.through(operations.intents.in_states({*UNSETTLED, "decided"}, company_id), progress)
    summary.posts = poster.sends
    end = operations.intents.chain_end()
    summary.chain_event_number, summary.chain_head_hash = end.event_number, end.head_hash
    return summary


class _Walk:
    """The queues of one run and the turns they take."""

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

    def through(self, intents: list[StoredIntent], progress: Progress | None) -> None:
        """Walk every intent to its rest, contras before the rest of their account."""
        queues: dict[str, deque[StoredIntent]] = {}
        for intent in sorted(intents, key=lambda one: (one.role != "X", one.posting_key)):
            queues.setdefault(intent.account, deque()).append(intent)
        ready = deque(sorted(queues))
        waiting: list[tuple[datetime, str]] = []
        done = 0
        while (ready or waiting) and not self._is_over:
            self._wake(ready, waiting)
            account = ready.popleft()
            queue = queues[account]
            queue[0], until = self._work(queue[0], self._patience_with(account))
            if until is not None:
                heapq.heappush(waiting, (until, account))
                continue
            rested = queue.popleft()
            done += 1
            self._summary.count(rested)
            if progress:
                progress(done, len(intents), rested)
            self._mind_the_account(account, rested, queue)
            if queue:
                ready.append(account)
        for account in sorted(queues):
            for intent in queues[account]:
                self._summary.count(intent)

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

    def _wake(self, ready: deque[str], waiting: list[tuple[datetime, str]]) -> None:
        """Let the queues whose wait is over take their turn; if all wait, sleep until the first."""
        if not ready:
            pause = (waiting[0][0] - self._operations.now()).total_seconds()
            if pause > 0:
                self._sleep(pause)
            ready.append(heapq.heappop(waiting)[1])
        now = self._operations.now()
        while waiting and waiting[0][0] <= now:
            ready.append(heapq.heappop(waiting)[1])

    def _work(self, intent: StoredIntent, max_locks: int) -> tuple[StoredIntent, datetime | None]:
        """Advance until the intent rests (no time) or must wait (until when)."""
        for _ in range(STEPS_WITHOUT_REST):
            self._mind_the_budget()
            try:
                after = self._poster.advance(intent)
            except LedgerUnavailableError as silent:
                return intent, self._unavailable(silent)
            except (FenceLostError, HeldElsewhereError):
                self._summary.elsewhere += 1
                return self._operations.intents.get(intent.posting_key) or intent, None
            except SQLAlchemyError:
                raise
            except Exception as broken:
                self._summary.errors.append(f"{intent.posting_key}: {type(broken).__name__}: {broken}")
                return self._operations.intents.get(intent.posting_key) or intent, None
            self._unavailable_in_a_row = 0
            if after == intent:
                waits = intent.next_attempt_at and intent.next_attempt_at > self._operations.now()
                return intent, intent.next_attempt_at if waits else None
            self._mind_the_reply(intent, after)
            if after.state == "locked" and self._locks[after.posting_key] >= max_locks:
                return after, None
            intent = after
        self._summary.errors.append(f"{intent.posting_key}: no rest after {STEPS_WITHOUT_REST} steps")
        return intent, None

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
            if self._refusals_in_a_row >= self._poster.pace.max_refusals:
                self._stop_sending(f"{self._refusals_in_a_row} refusals in a row, the last: {after.refusal}")
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
