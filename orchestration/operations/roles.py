"""Who may do what: the roles, what each kind of write asks for, and the person whom the store checks.

A store that acts for a person (`Operations.acting_as`) refuses, in the function that writes, what none of the
person's roles may do, and a signature that is not the person's own. What acts for nobody is the machine itself: a
pass, the poster, the demo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from orchestration.operations.errors import OperationsError

Role = Literal["viewer", "finance", "operations", "integration", "approver"]
ROLES: tuple[Role, ...] = get_args(Role)
EVERYBODY_WHO_WORKS: tuple[Role, ...] = ("finance", "operations", "integration", "approver")

DUTIES: dict[str, tuple[Role, ...]] = {
    "share out exceptions": EVERYBODY_WHO_WORKS,
    "decide a match": ("finance", "operations"),
    "change finance mappings": ("finance",),
    "change operations mappings": ("operations",),
    "change integration mappings": ("integration",),
    "ask for a reversal": ("approver", "finance", "integration"),
    "approve postings": ("approver",),
    "switch posting": ("approver",),
    "set the posting policy": ("approver",),
    "stop posting": EVERYBODY_WHO_WORKS,
    "lift a stop": ("approver", "integration"),
    "free a posting to be sent again": ("approver", "integration"),
    "settle a posting": ("approver", "integration"),
    "tick the checklist": EVERYBODY_WHO_WORKS,
    "sign off a store-day": ("approver", "finance", "operations"),
    "sign off a period": ("approver", "finance"),
    "sign off an acceptance": EVERYBODY_WHO_WORKS,
    "make an evidence pack": EVERYBODY_WHO_WORKS,
}
"""What each kind of write asks for: one of these roles. The first that a person holds is the one that is recorded."""

MAPPING_OWNERS: dict[str, str] = {
    "companies": "finance",
    "stores": "operations",
    "tax_mappings": "finance",
    "nominal_mappings": "finance",
    "tender_mappings": "finance",
    "customer_mappings": "finance",
    "sku_mappings": "operations",
    "writers_of_record": "integration",
    "cutovers": "finance",
    "connector_patterns": "integration",
    "period_overrides": "finance",
    "vat_periods": "finance",
    "store_grains": "finance",
}
"""Whose each mapping table is; a test holds that none is forgotten."""


class NotAllowedError(OperationsError):
    """The person's roles do not allow it; nothing was changed."""


@dataclass(frozen=True)
class Person:
    """Somebody who asks for a write: the name that goes on record, and the roles."""

    name: str
    roles: frozenset[str] = frozenset()

    def role_for(self, duty: str) -> str:
        """The role under which the person may do it. Raises NotAllowedError where there is none."""
        for role in DUTIES[duty]:
            if role in self.roles:
                return role
        needed = " or ".join(DUTIES[duty])
        has = ", ".join(role for role in ROLES if role in self.roles) or "no role"
        raise NotAllowedError(f"{self.name or 'this reader'} may not {duty}: it takes {needed}, not {has}")

    def may(self, duty: str) -> bool:
        return any(role in self.roles for role in DUTIES[duty])


READER = Person("", frozenset({"viewer"}))
"""Whoever only looks: every write is refused."""


def known_roles(names: Iterable[str]) -> frozenset[str]:
    """The names that are roles; others, as a sign-in may bring them, are left out."""
    return frozenset(names) & frozenset(ROLES)
