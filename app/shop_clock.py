"""What time it is in the shop. Every moment is kept in UTC; a page shows it as the clock on the shop's wall does.

Each page, report or receipt says once whose clock it keeps to; `app.money.moment` and `app.money.day` go by it.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from app.published import Published

UK = "Europe/London"
_KEPT_TO: ContextVar[str] = ContextVar("the shop's time zone", default=UK)


def keep_to(zone: str | None) -> None:
    """From here on in this page, show moments by the clock of this zone; of none or an unknown one, by the UK's."""
    try:
        _zone(zone or UK)
    except (ZoneInfoNotFoundError, ValueError):
        zone = UK
    _KEPT_TO.set(zone or UK)


def zone_of(published: Published) -> str:
    """The zone of the company: the one that most of its receipts were printed in."""
    found = published.rows(
        "select zone from receipts where zone is not null group by zone order by count(*) desc, zone limit 1"
    )
    return str(found[0]["zone"]) if found else UK


def local(moment: datetime) -> datetime:
    """A moment (UTC without a zone) by the shop's clock, with its zone."""
    return moment.replace(tzinfo=UTC).astimezone(_zone(_KEPT_TO.get()))


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
