"""Whether a period is open, from the only thing Sage's REST API says of it: date validation.

Periods have no open or closed flag there. The classification (Normal, Acceptable, Unacceptable) is a company
setting per case and the wording of the message is not published, so words come first, then Normal, then the
place of the period among those known to be open; what none of them settles is `unknown`, never `open`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestration.ledgers.ledger import PeriodState
from orchestration.ledgers.sage200_wire import Row

_SAYS: tuple[tuple[PeriodState, re.Pattern[str]], ...] = (
    ("closed", re.compile(r"\bclosed\b", re.IGNORECASE)),
    ("future", re.compile(r"\bfuture\b", re.IGNORECASE)),
)


def period_state(answer: Row) -> PeriodState:
    """What one answer of transaction_date_validation says by itself."""
    message = str(answer.get("message") or "")
    for state, words in _SAYS:
        if words.search(message):
            return state
    return "open" if str(answer.get("classification") or "").casefold().endswith("normal") else "unknown"


def settled_by_place(states: Sequence[PeriodState]) -> list[PeriodState]:
    """The states of one ledger's periods in date order, unknown ones settled by where the open ones lie."""
    opened = [place for place, state in enumerate(states) if state == "open"]
    if not opened:
        return list(states)
    return [
        state
        if state != "unknown"
        else "closed"
        if place < opened[0]
        else "future"
        if place > opened[-1]
        else "unknown"
        for place, state in enumerate(states)
    ]
