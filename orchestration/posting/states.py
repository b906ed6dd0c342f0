"""The life of an intent, as data: its states, what moves it between them, and who may.

    decided ─claim─► claimed ─send─► sending ─acknowledge─► acknowledged ─prove─► proven
       ▲                │  ▲             ├─lock──► locked ─claim─► claimed
     redecide          hold│             ├─refuse► refused
       │                ▼  └─absent──────┴─silence► unknown ─prove─► proven
      held ◄────────────┘                              └─give_up─► unsettled ─set_aside─► aside

Whenever the document is looked for and found, one of three things comes of it, from any state that looks:
`prove` (all five truths), `defer` (there, but not in the nominal ledger), `differ` (there, but not right).
An allocation of a sale (role A, `posting.allocations`) goes the same way: `prove` is all of it allocated, `differ` a
part, and `cancel` from `claimed` that somebody else allocated it. What is `unsettled` or `aside` a person may move on
(`posting.settling`): `prove` or `defer` by its URN, `absent`, `set_aside`. A state in `ENDS` needs nothing more; every
other has a way to one of them, which `check_states` makes sure of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mover = Literal["poster", "person"]

START = ""
LOOKING = ("claimed", "unknown", "acknowledged", "refused", "deferred", "wrong", "unsettled", "aside")
ENDS = frozenset({"proven", "reversed", "cancelled", "aside"})
# what a person may say the end of
FOR_A_PERSON = ("unsettled", "aside")
# in the ledger, or perhaps: never a candidate again until settled
LIVE = frozenset(
    {"claimed", "sending", "locked", "unknown", "acknowledged", "deferred", "wrong", "unsettled", "aside"}
    | {"proven", "reversed"}
)
# what a run takes up again by itself, whether or not it is still proposed; what was put aside is only looked for
UNSETTLED = frozenset(
    {"claimed", "sending", "locked", "unknown", "acknowledged", "deferred", "wrong", "unsettled", "aside"}
)
# nothing of it is in the ledger, proven or never sent: another payload may take its place
REPLACEABLE = frozenset({"decided", "held", "refused", "cancelled", "locked"})


class IllegalMoveError(Exception):
    """The state has no such way out, or not for whoever tried it."""


POSTER: frozenset[Mover] = frozenset({"poster"})


@dataclass(frozen=True)
class Move:
    """One arrow, and who may go along it."""

    state: str
    event: str
    to: str
    movers: frozenset[Mover] = POSTER


BOTH: frozenset[Mover] = frozenset({"poster", "person"})
PERSON: frozenset[Mover] = frozenset({"person"})

MOVES: tuple[Move, ...] = (
    Move(START, "decide", "decided"),
    Move("decided", "claim", "claimed"),
    Move("decided", "hold", "held", BOTH),
    Move("decided", "redecide", "decided"),
    Move("decided", "cancel", "cancelled", BOTH),
    Move("held", "hold", "held", BOTH),
    Move("held", "redecide", "decided", BOTH),
    Move("held", "cancel", "cancelled", BOTH),
    Move("cancelled", "redecide", "decided"),
    Move("claimed", "release", "decided"),
    Move("claimed", "hold", "held"),
    Move("claimed", "cancel", "cancelled"),
    Move("claimed", "send", "sending"),
    Move("sending", "acknowledge", "acknowledged"),
    Move("sending", "refuse", "refused"),
    Move("sending", "lock", "locked"),
    Move("sending", "silence", "unknown"),
    Move("locked", "claim", "claimed"),
    Move("locked", "hold", "held", BOTH),
    Move("locked", "redecide", "decided"),
    Move("locked", "cancel", "cancelled", PERSON),
    Move("refused", "redecide", "decided", BOTH),
    Move("refused", "hold", "held"),
    Move("refused", "cancel", "cancelled", BOTH),
    Move("unknown", "absent", "claimed"),
    Move("unknown", "give_up", "unsettled"),
    Move("acknowledged", "vanish", "unknown"),
    *(Move(state, "absent", "claimed", PERSON) for state in FOR_A_PERSON),
    Move("unsettled", "set_aside", "aside", PERSON),
    # an order that was seen and is seen no more: a person looks
    Move("deferred", "give_up", "unsettled"),
    Move("wrong", "give_up", "unsettled"),
    Move("proven", "differ", "wrong"),
    *(Move(state, "look", state) for state in LOOKING if state != "claimed"),
    *(Move(state, "prove", "proven", BOTH if state in FOR_A_PERSON else POSTER) for state in LOOKING),
    *(
        Move(state, "defer", "deferred", BOTH if state in FOR_A_PERSON else POSTER)
        for state in LOOKING
        if state != "deferred"
    ),
    *(Move(state, "differ", "wrong") for state in LOOKING if state != "wrong"),
    *(Move(state, "reverse", "reversed") for state in ("proven", "deferred", "wrong")),
    # an order that a person has cancelled in Sage
    *(Move(state, "reverse", "reversed") for state in ("unknown", "acknowledged", "unsettled")),
)

STATES = tuple(dict.fromkeys(move.to for move in MOVES))
LEADS = {(move.state, move.event): move for move in MOVES}


def move(state: str, event: str, mover: Mover) -> str:
    """Where the event leads from the state; IllegalMoveError when it leads nowhere or not for this mover."""
    found = LEADS.get((state, event))
    if found is None:
        raise IllegalMoveError(f"an intent that is {state or 'not yet decided'} cannot {event}")
    if mover not in found.movers:
        raise IllegalMoveError(f"a {mover} may not {event} an intent that is {state}")
    return found.to


def check_states(moves: tuple[Move, ...] = MOVES) -> list[str]:
    """What is wrong: dead ends, states nobody reaches, an event that leads two ways. Empty: nothing."""
    states = {one.state for one in moves} | {one.to for one in moves}
    onward = {state: {one.to for one in moves if one.state == state} for state in states}
    problems = [
        f"{state} has no way to an end"
        for state in sorted(states)
        if not _reachable(state, onward) & ENDS and state not in ENDS
    ]
    reached = _reachable(START, onward)
    problems += [f"{state} is never reached" for state in sorted(states - {START}) if state not in reached]
    pairs = [(one.state, one.event) for one in moves]
    problems += [f"{pair} leads two ways" for pair in sorted(set(pairs)) if pairs.count(pair) > 1]
    problems += [f"nobody may {one.event} from {one.state}" for one in moves if not one.movers]
    return problems


def _reachable(state: str, onward: dict[str, set[str]]) -> set[str]:
    """Every state that can be come to from this one."""
    seen: set[str] = set()
    ahead = [state]
    while ahead:
        for following in onward.get(ahead.pop(), set()):
            if following not in seen:
                seen.add(following)
                ahead.append(following)
    return seen
