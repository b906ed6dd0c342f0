"""How patient the poster is: waits, tries and budgets, in one place and never less than what Sage needs."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Seconds and counts.

    lease_s: how long a claim is one worker's alone; must be longer than any POST can take.
    longest_post_s: how long a POST can be on its way, heard or not; at least the ledger's own timeout.
    looks: how often a document is looked for before it is believed not to be there.
    max_sends: sends of one document before a person must look.
    max_locks: tries at one locked document in one run.
    max_unavailable: unanswered reads in a row before the run stops.
    max_refusals: refusals in a row (locks apart) before the run stops sending.
    live_facts_s: how old anything read before a send may be, and how long a sent document may go unproven
    while others are sent.
    at_once: documents looked for together, and sent before they are read back. A run begins with one, doubles
    while all goes well, and is back at one when a document is not found or not right.
    """

    lease_s: float = 900.0
    longest_post_s: float = 120.0
    first_wait_s: float = 2.0
    longest_wait_s: float = 60.0
    looks: int = 6
    max_sends: int = 3
    max_locks: int = 6
    max_unavailable: int = 5
    max_refusals: int = 10
    live_facts_s: float = 5.0
    at_once: int = 15

    def wait_s(self, tries: int, rng: random.Random, asked_s: float | None = None) -> float:
        """The wait after so many tries: a random part of a doubling ceiling, or what Sage asked if longer."""
        ceiling = min(self.longest_wait_s, self.first_wait_s * 2 ** max(0, min(tries, 30) - 1))
        return max(rng.uniform(ceiling / 2, ceiling), asked_s or 0.0)
