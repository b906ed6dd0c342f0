"""`[access]` of the settings: whether people sign in, and which roles they then have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from orchestration.operations.roles import ROLES, Person, Role, known_roles

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LONGEST_NAME = 80


class AccessSettings(BaseModel):
    """Who may what. Without sign-in the app is served on this machine alone."""

    model_config = ConfigDict(extra="forbid")

    sign_in: Literal["none", "oidc"] = "none"
    provider: str = ""
    local_user: str = ""
    local_roles: tuple[Role, ...] = ROLES
    sign_in_hours: int = Field(default=12, gt=0)
    user_claim: str = "email"
    roles_claim: str = ""
    role_names: dict[str, Role] = {}
    people: dict[str, tuple[Role, ...]] = {}

    @field_validator("local_user", "user_claim")
    @classmethod
    def _fits(cls, text: str) -> str:
        if len(text) > LONGEST_NAME:
            raise ValueError(f"is longer than {LONGEST_NAME} characters")
        return text.strip()

    @field_validator("provider")
    @classmethod
    def _can_be_a_part(cls, text: str) -> str:
        if "_" in text:
            raise ValueError("Streamlit takes no provider whose name has a _: call it otherwise in [auth]")
        return text.strip()

    @model_validator(mode="after")
    def _gives_roles(self) -> AccessSettings:
        if self.sign_in == "oidc" and not self.people and not self.roles_claim:
            raise ValueError(
                "sign_in = 'oidc' needs roles_claim, or people with their roles: else nobody may anything"
            )
        folded = [name.strip().casefold() for name in self.people]
        if len(set(folded)) < len(folded):
            raise ValueError("people names somebody twice")
        return self

    def local(self, name: str) -> Person:
        """Whoever works on this machine under a name: the roles of `people`, else those of `local_roles`."""
        found = self._listed(name)
        return Person(name.strip(), frozenset(self.local_roles) if found is None else found)

    def has_lapsed(self, claims: Mapping[str, Any], now: float) -> bool:
        """Whether a sign-in is older than `sign_in_hours`, or does not say how old it is. `now`: seconds of the epoch.

        Streamlit's cookie lives thirty days, with the roles as they were when it was made.
        """
        issued = claims.get("iat")
        if isinstance(issued, bool) or not isinstance(issued, (int, float)):
            return True
        return now - issued > self.sign_in_hours * 3600

    def signed_in(self, claims: Mapping[str, Any], now: float) -> Person | None:
        """Whoever signed in: the roles of `people` and of the roles claim together; None where they have no name or
        the sign-in has lapsed.

        An e-mail address that the provider says is not verified names nobody. Who has no role may not even look.
        """
        if self.has_lapsed(claims, now):
            return None
        name = str(claims.get(self.user_claim) or "").strip()
        if not name or len(name) > LONGEST_NAME:
            return None
        if self.user_claim == "email" and claims.get("email_verified") in (False, "false"):
            return None
        said = claims.get(self.roles_claim) if self.roles_claim else None
        values = [said] if isinstance(said, str) else list(said) if isinstance(said, Iterable) else []
        claimed = known_roles(self.role_names.get(str(value), str(value)) for value in values)
        return Person(name, claimed | (self._listed(name) or frozenset()))

    def _listed(self, name: str) -> frozenset[str] | None:
        wanted = name.strip().casefold()
        return next(
            (frozenset(roles) for one, roles in self.people.items() if one.strip().casefold() == wanted), None
        )
