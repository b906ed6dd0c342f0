"""What a run came to: the funnel of the five truths, and everything that did not get through it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from orchestration.operations import ALLOCATES, StoredIntent
from orchestration.posting.holds import Hold
from orchestration.posting.orders import is_order_in_sage

UNCERTAIN = ("unknown", "unsettled", "sending", "claimed", "acknowledged")


@dataclass
class PostingSummary:
    """Counts of documents this run worked on; the five truths are those that hold at its end.

    `orders_waiting` are the sales orders that are in Sage and not invoiced, which no document of theirs is until then.
    `posts` is how many POSTs this run made; `left` what it decided on and did not come to; `already` what was
    proven before; `half_corrected` has the keys of reposts that are owed; `held` counts what may not go by the
    code of the reason. `allocated` counts sales whose documents were set against each other, `not_allocated` those that
    could not be, by state or reason.
    """

    publication_number: int
    run_number: int = 0
    proposals: int = 0
    already: int = 0
    posts: int = 0
    sent: int = 0
    acknowledged: int = 0
    present: int = 0
    in_nominal: int = 0
    right: int = 0
    refused: int = 0
    locked: int = 0
    unknown: int = 0
    deferred: int = 0
    orders_waiting: int = 0
    wrong: int = 0
    cancelled: int = 0
    allocated: int = 0
    not_allocated: Counter[str] = field(default_factory=Counter)
    left: int = 0
    elsewhere: int = 0
    held: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    half_corrected: list[str] = field(default_factory=list)
    stopped_because: str = ""
    chain_event_number: int = 0
    chain_head_hash: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left for another run to find out."""
        unsettled = self.unknown or self.locked or self.left or self.elsewhere
        unsettled = unsettled or any(self.not_allocated[state] for state in (*UNCERTAIN, "locked", "decided"))
        return not (unsettled or self.errors or self.half_corrected)

    def count(self, intent: StoredIntent) -> None:
        """Take one document, or one allocation, into the counts as it stands now."""
        if intent.role == ALLOCATES:
            self._count_allocation(intent)
            return
        self.sent += intent.truth_sent
        self.acknowledged += intent.truth_acknowledged
        self.present += intent.truth_present
        self.in_nominal += intent.truth_in_nominal
        self.right += intent.truth_right
        if intent.state == "held":
            self.held[Hold.code_of(intent.hold_reason)] += 1
        elif intent.state == "decided":
            self.left += 1
        elif intent.state in UNCERTAIN:
            self.unknown += 1
        elif intent.state in ("refused", "locked", "deferred", "wrong"):
            setattr(self, intent.state, getattr(self, intent.state) + 1)
        self.orders_waiting += is_order_in_sage(intent)
        if intent.state == "refused":
            self.refusals[intent.refusal] += 1

    def _count_allocation(self, intent: StoredIntent) -> None:
        if intent.state == "proven":
            self.allocated += 1
        elif intent.state in ("held", "cancelled"):
            self.not_allocated[Hold.code_of(intent.hold_reason)] += 1
        else:
            self.not_allocated[intent.state] += 1
        if intent.state == "refused":
            self.refusals[intent.refusal] += 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON; reasons in the order of their names."""
        values = asdict(self)
        return {
            **values,
            "held": dict(sorted(self.held.items())),
            "refusals": dict(sorted(self.refusals.items())),
            "not_allocated": dict(sorted(self.not_allocated.items())),
        }
