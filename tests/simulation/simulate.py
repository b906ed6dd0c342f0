"""Play the posting room against a simulated Sage, seed after seed, and name the first that breaks a promise.

    python tests/simulation/simulate.py [--seeds 100000] [--first 0] [--jobs N] [--seconds S]
    python tests/simulation/simulate.py --replay SEED

The exit code is 1 when a promise was broken; the seed, made as small as it will go, is printed with the
command that plays it again.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "posting"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from sim_play import Outcome, play, play_seed, shrunk  # noqa: E402
from sim_story import story_of  # noqa: E402
from sim_watch import PROMISES  # noqa: E402

AT_ONCE = 100


@dataclass
class Campaign:
    """What many seeds came to; `failed` has every seed that broke a promise, with the promises."""

    seeds: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failed: dict[int, dict[str, str]] = field(default_factory=dict)

    def add(self, other: Campaign) -> None:
        """Take another's seeds into this one."""
        self.seeds += other.seeds
        self.counts.update(other.counts)
        self.failed.update(other.failed)


def campaign(first: int, seeds: int, *, until: float | None = None) -> Campaign:
    """Play seeds one after another; stop when the time (of `time.monotonic`) is over."""
    told = Campaign()
    was_enabled = gc.isenabled()
    gc.disable()  # looking for cycles after every few statements would cost a seventh of the time
    try:
        for seed in range(first, first + seeds):
            if until is not None and time.monotonic() >= until:
                break
            outcome = play_seed(seed)
            told.seeds += 1
            told.counts.update(outcome.counts)
            if outcome.broken:
                told.failed[seed] = outcome.broken
            if told.seeds % AT_ONCE == 0:
                gc.collect()
    finally:
        if was_enabled:
            gc.enable()
    return told


def many(first: int, seeds: int, jobs: int, seconds: float | None) -> Iterator[Campaign]:
    """The same over several processes, told part by part in the order of the seeds."""
    until = None if seconds is None else time.monotonic() + seconds
    parts = [(start, min(AT_ONCE, first + seeds - start)) for start in range(first, first + seeds, AT_ONCE)]
    if jobs == 1:
        yield from (campaign(start, length, until=until) for start, length in parts)
        return
    with ProcessPoolExecutor(jobs) as processes:
        starts, lengths = zip(*parts, strict=True)
        try:
            yield from processes.map(partial(campaign, until=until), starts, lengths)
        finally:
            processes.shutdown(cancel_futures=True)


def tell_failure(outcome: Outcome) -> None:
    """Print what was broken, the story made small, and how to play it again."""
    small = shrunk(outcome)
    print(*small.story.lines(), sep="\n")
    for code, words in small.broken.items():
        print(f"  BROKEN {code}: {PROMISES[code]}\n    {words}")
    print(f"play it again: python tests/simulation/simulate.py --replay {outcome.story.seed}")


def replay(seed: int) -> int:
    """Play one seed and tell it; the exit code."""
    outcome = play(story_of(seed))
    print(*outcome.story.lines(), sep="\n")
    print(dict(sorted(outcome.counts.items())))
    if not outcome.broken:
        print("every promise was kept")
        return 0
    print("made small:")
    tell_failure(outcome)
    return 1


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Play the posting room against a simulated Sage.")
    parser.add_argument("--seeds", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=None, help="stop after so long")
    parser.add_argument("--replay", type=int, default=None, metavar="SEED")
    given = parser.parse_args(arguments)
    if given.replay is not None:
        return replay(given.replay)
    began = time.monotonic()
    told = Campaign()
    for part in many(given.first, given.seeds, given.jobs, given.seconds):
        told.add(part)
        if told.failed:
            break
    took = time.monotonic() - began
    print(f"{told.seeds} seeds in {took:.0f} s, {told.seeds / max(took, 0.001):.0f} a second")
    print(", ".join(f"{count} {name}" for name, count in sorted(told.counts.items())))
    if told.failed:
        tell_failure(play_seed(min(told.failed)))
        return 1
    print("every promise was kept")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
