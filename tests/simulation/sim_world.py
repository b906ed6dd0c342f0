"""Time, turns and death: the only clock the workers have, and whose step is next.

Every touch of the store or the network asks the world for a step. There a worker may lose its turn to
another, be struck by what the story says happens at that step, or die. Workers are greenlets: one runs at a
time, and only a step, a sleep or a wait hands over, so the same seed always plays the same.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from greenlet import greenlet
from sim_story import Happens, Story

START = datetime(2011, 9, 30, 20, 0)  # noqa: DTZ001  UTC without a zone
STEP = timedelta(milliseconds=1)
STEPS_MAX = 5000
HANDS_OVER = 0.3
STALL_S = 1000.0  # longer than any lease
SUCCESSOR_AFTER_S = 920.0


class Death(BaseException):
    """The process is gone; no handler of the poster's may catch it."""


class NeverRestsError(BaseException):
    """So many steps that it must be going round in circles."""


@dataclass(eq=False)
class Worker:
    """One process."""

    name: str
    life: greenlet
    wakes_at: datetime


class World:
    """Plays the story's happenings at their steps; `happen` is what does those that are not deaths."""

    def __init__(self, story: Story):
        self.now = START
        self.steps = 0
        self.deaths = 0
        self.happen: Callable[[Happens], None] = lambda _happening: None
        self.lose_power: Callable[[], None] = lambda: None
        self.successor: Callable[[], None] | None = (
            None  # what starts when one stalls, if two may work at once
        )
        self._due: dict[int, list[Happens]] = defaultdict(list)
        for happening in story.happens:
            self._due[happening.step].append(happening)
        self._rng = random.Random(story.turns)  # noqa: S311  takes turns, guards nothing
        self._workers: list[Worker] = []
        self._current: Worker | None = None
        self._started = 0
        self._home = greenlet.getcurrent()

    def clock(self) -> datetime:
        """What the workers take for the time."""
        return self.now

    # workers

    def start(self, work: Callable[[], None], after_s: float = 0.0) -> None:
        """A new process, which begins when its time comes."""
        self._started += 1
        wakes_at = self.now + timedelta(seconds=after_s)
        life = greenlet(work, self._home)
        self._workers.append(Worker(f"worker {self._started}", life, wakes_at))

    def calm_down(self) -> None:
        """Nothing happens any more."""
        self._due.clear()

    def worker_name(self) -> str:
        """Who has the turn."""
        return self._current.name if self._current else "worker 0"

    def play(self) -> None:
        """Give turns until every worker has ended."""
        while self._workers:
            ready = [worker for worker in self._workers if worker.wakes_at <= self.now]
            if not ready:
                self.now = min(worker.wakes_at for worker in self._workers)
                continue
            worker = ready[0] if len(ready) == 1 else self._rng.choice(ready)
            self._current = worker
            worker.life.switch()
            self._current = None
            if worker.life.dead and worker in self._workers:
                self._workers.remove(worker)

    def sleep(self, seconds: float) -> None:
        """Let time pass for this worker, and the others work."""
        if self._current is None:
            self.now += timedelta(seconds=seconds)
            return
        self._current.wakes_at = self.now + timedelta(seconds=seconds)
        self._hand_over()

    def _hand_over(self) -> None:
        me = self._current
        if me is not None and me.life.parent is not None:
            me.life.parent.switch()

    # steps

    def step(self, *, may_stall: bool = True) -> None:
        """One more touch of the world by whoever has the turn."""
        if self._current is None:
            return
        self.steps += 1
        self.now += STEP
        if self.steps > STEPS_MAX:
            raise NeverRestsError
        for happening in self._due.pop(self.steps, ()):
            self._strike(happening, may_stall)
        if len(self._workers) > 1 and self._rng.random() < HANDS_OVER:
            self._hand_over()

    def _strike(self, happening: Happens, may_stall: bool) -> None:
        if happening.what == "die":
            self.deaths += 1
            raise Death
        if happening.what == "lose power":
            self.deaths += 1
            others = [worker for worker in self._workers if worker is not self._current]
            for worker in others:
                self._kill(worker)
            self.lose_power()
            raise Death
        if happening.what == "stall":
            if may_stall:
                if self.successor:
                    self.start(self.successor, SUCCESSOR_AFTER_S)
                self.sleep(STALL_S)
            return
        mine, self._current = self._current, None  # what others do takes no step of ours
        try:
            self.happen(happening)
        finally:
            self._current = mine

    def _kill(self, worker: Worker) -> None:
        self._workers.remove(worker)
        if worker.life:  # it has begun
            mine, self._current = self._current, worker
            worker.life.parent = greenlet.getcurrent()
            try:
                worker.life.throw(Death)
            finally:
                self._current = mine
