"""What a company lets the poster do. The newest policy counts; every earlier one stays on record with its author.

Money is whole pence. A limit that is None is none. Whatever is not said is as careful as posting ever was: what is
missing goes by itself where we are the writer of record, all else waits for a person, and corrections in two steps
are not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, String, bindparam, select

from orchestration.operations.audit import Change, write_audit
from orchestration.operations.base import table_of
from orchestration.operations.errors import OperationsError
from orchestration.operations.posting_tables import PostingPolicyRow
from orchestration.operations.signed_store import SignedStore

POLICIES = table_of(PostingPolicyRow)
IN_FORCE = (
    select(POLICIES)
    .where(POLICIES.c.company_id == bindparam("company_id", type_=String))
    .order_by(POLICIES.c.id.desc())
    .limit(1)
)
POST_MISSING, POST_DIFFERENCE, REVERSE_DUPLICATE = "post_missing", "post_difference", "reverse_duplicate"
REVERSE_POSTING, REVERSE_AND_REPOST = "reverse_posting", "reverse_and_repost"
ALLOCATE_SALE, POST_ORDER = "allocate_sale", "post_order"
REMEDIES = (
    *(POST_MISSING, POST_DIFFERENCE, REVERSE_DUPLICATE, REVERSE_POSTING, REVERSE_AND_REPOST),
    *(ALLOCATE_SALE, POST_ORDER),
)
# never without a person: what undoes a document that somebody meant, and whatever another writer may still send
BY_ITSELF = ("tillproof/post_missing", "tillproof/post_order", "tillproof/reverse_duplicate")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOW = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? ([0-2][0-9]:[0-5][0-9])-([0-2][0-9]:[0-5][0-9])")
LIMITS = ("document_limit_pence", "run_documents", "run_limit_pence", "two_approvers_above_pence")
VAT_ERROR_LIMIT_PENCE = 10_000_00
"""What errors on a filed VAT return may come to, net, and still be put right on a later one: VAT Notice 700/45,
paragraph 4 (VAT Regulations 1995, regulation 34). To be confirmed by finance: up to £50,000 may be, where it is within
1% of box 6 of the return on which it is put right; a careless or deliberate error is told to HMRC, whatever it is.
"""


@dataclass(frozen=True)
class QuietWindow:
    """Days of the week (0 is Monday) and the times between which nothing is sent; the end is not in it.

    An end at or before the beginning is on the next day; 00:00-00:00 is the whole day.
    """

    days: frozenset[int]
    begins: time
    ends: time
    text: str

    @classmethod
    def read(cls, text: str) -> QuietWindow:
        """From `fri 17:00-22:00` or `mon-fri 08:30-18:00`. OperationsError says what is wrong with it."""
        found = WINDOW.fullmatch(text.strip().lower())
        if not found:
            raise OperationsError(f"'{text}' is no quiet window: write it as 'mon-fri 08:30-18:00'")
        first, last, begins, ends = found.groups()
        for day in (first, last or first):
            if day not in DAYS:
                raise OperationsError(f"'{day}' is no day of the week: {', '.join(DAYS)}")
        place, end = DAYS.index(first), DAYS.index(last or first)
        days = frozenset((place + step) % 7 for step in range((end - place) % 7 + 1))
        try:
            return cls(days, time.fromisoformat(begins), time.fromisoformat(ends), found.group(0))
        except ValueError:
            raise OperationsError(f"'{text}' has a time that no clock shows") from None

    def holds(self, local: datetime) -> bool:
        """Whether a moment of the wall clock is in it."""
        now, today = local.time(), local.weekday()
        if self.begins < self.ends:
            return today in self.days and self.begins <= now < self.ends
        is_since_yesterday = (today - 1) % 7 in self.days and now < self.ends
        return (today in self.days and now >= self.begins) or is_since_yesterday


@dataclass(frozen=True)
class PostingPolicy:
    """What may go, what waits for whom, and how much of it at once.

    remedies: what may be posted at all. by_itself: (writer of record, remedy) that waits for no person.
    four_eyes: remedies whose approver may not be the author of a mapping that the document goes by; a reversal of our
    own posting then needs two approvers. two_approvers_above_pence: gross above which two people must approve.
    quiet_windows: when nothing is sent, by the clock of quiet_zone. canary: after a change of a mapping, the first
    document of each store and kind is proven before the next of them goes. refusals_in_a_row: stop the company then.
    vat_error_limit_pence: the net error of box 1 that corrections may bring a filed VAT return to; never none.
    """

    by_itself: frozenset[tuple[str, str]] = field(
        default_factory=lambda: frozenset({("tillproof", POST_MISSING)})
    )
    remedies: frozenset[str] = frozenset({POST_MISSING, POST_DIFFERENCE, REVERSE_DUPLICATE, REVERSE_POSTING})
    document_limit_pence: int | None = None
    run_documents: int | None = None
    run_limit_pence: int | None = None
    four_eyes: frozenset[str] = frozenset()
    two_approvers_above_pence: int | None = None
    quiet_windows: tuple[QuietWindow, ...] = ()
    quiet_zone: str = "Europe/London"
    canary: bool = True
    refusals_in_a_row: int = 10
    vat_error_limit_pence: int = VAT_ERROR_LIMIT_PENCE

    def __post_init__(self) -> None:
        for name in ("remedies", "four_eyes"):
            for remedy in sorted(getattr(self, name)):
                if remedy not in REMEDIES:
                    raise OperationsError(f"'{remedy}' is no remedy: {', '.join(REMEDIES)}")
        if ALLOCATE_SALE in self.four_eyes:
            raise OperationsError(
                f"{ALLOCATE_SALE} waits for nobody: it moves no money, and no mapping leads to it"
            )
        for writer, remedy in sorted(self.by_itself):
            if f"{writer}/{remedy}" not in BY_ITSELF:
                allowed = " and ".join(BY_ITSELF)
                raise OperationsError(f"'{writer}/{remedy}' never goes by itself: only {allowed} may")
        for name in LIMITS:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise OperationsError(f"{name} must be above nought, or none")
        if self.vat_error_limit_pence < 0:
            raise OperationsError("vat_error_limit must be an amount, 0.00 or more: there is always a limit")
        if not 1 <= self.refusals_in_a_row <= 1000:
            raise OperationsError("refusals_in_a_row must be 1 to 1000")
        try:
            ZoneInfo(self.quiet_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise OperationsError(f"'{self.quiet_zone}' is not a time zone such as Europe/London") from None

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.quiet_zone)

    def quiet_window(self, now: datetime) -> str:
        """The window that holds at a moment (UTC, naive), as it was written; empty when none does."""
        local = now.replace(tzinfo=ZoneInfo("UTC")).astimezone(self._zone)
        return next((window.text for window in self.quiet_windows if window.holds(local)), "")

    def columns(self) -> dict[str, Any]:
        """As the store keeps it."""
        values: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            **values,
            "by_itself": ",".join(sorted("/".join(pair) for pair in self.by_itself)),
            "remedies": ",".join(sorted(self.remedies)),
            "four_eyes": ",".join(sorted(self.four_eyes)),
            "quiet_windows": "; ".join(window.text for window in self.quiet_windows),
        }

    @classmethod
    def of_columns(cls, row: Mapping[str, Any]) -> PostingPolicy:
        """What the store keeps, as a policy. OperationsError for what no policy may say."""
        values = {one.name: row[one.name] for one in fields(cls)}
        pairs = [pair.partition("/") for pair in _listed(row["by_itself"])]
        return cls(
            **{
                **values,
                "by_itself": frozenset((writer, remedy) for writer, _, remedy in pairs),
                "remedies": frozenset(_listed(row["remedies"])),
                "four_eyes": frozenset(_listed(row["four_eyes"])),
                "quiet_windows": tuple(
                    QuietWindow.read(text) for text in row["quiet_windows"].split(";") if text.strip()
                ),
            }
        )


DEFAULT = PostingPolicy()


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


class Policies(SignedStore):
    """The part of the store that says how much the poster may do."""

    def posting_policy(self, company_id: str) -> PostingPolicy:
        """What is in force; the careful default where nobody ever said anything."""
        with self._database.read() as connection:
            row = self._row_in_force(connection, company_id)
        return PostingPolicy.of_columns(row) if row else DEFAULT

    def posting_policy_signed(self, company_id: str) -> dict[str, Any] | None:
        """Who set what is in force, when and why; None for the default."""
        with self._database.read() as connection:
            row = self._row_in_force(connection, company_id)
        return {name: row[name] for name in ("author", "recorded_at", "reason")} if row else None

    def set_posting_policy(self, company_id: str, policy: PostingPolicy, author: str, reason: str) -> bool:
        """Put a policy in force from now on; False when it is in force already."""
        by = self._signature(author, reason, "set the posting policy")
        values = policy.columns()
        with self._database.write() as connection:
            row = self._row_in_force(connection, company_id)
            before = PostingPolicy.of_columns(row).columns() if row else DEFAULT.columns()
            if before == values:
                return False
            row_values = {"company_id": company_id, **values, **by.columns()}
            connection.execute(POLICIES.insert().values(**row_values))
            changed = {name for name in values if values[name] != before[name]}
            was, now = ({name: told[name] for name in sorted(changed)} for told in (before, values))
            change = Change(company_id, "set posting policy", POLICIES.name, company_id, was, now)
            write_audit(connection, by, change)
        return True

    def _row_in_force(self, connection: Connection, company_id: str) -> Mapping[str, Any] | None:
        found = connection.execute(IN_FORCE, {"company_id": company_id}).mappings().all()
        return dict(found[0]) if found else None
