"""`[close]` of the settings: what a month's checklist asks, of whom, and by when."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

LONGEST_ITEM = 40
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class CloseItem(BaseModel):
    """What one item of the checklist says instead of what it says by itself; a new name is an item that a person
    ticks."""

    model_config = ConfigDict(extra="forbid")

    title: Text | None = None
    owner: Text | None = None
    due_day: int | None = Field(default=None, ge=1, le=60)
    is_needed: bool = True


class CloseSettings(BaseModel):
    """The checklist of a period."""

    model_config = ConfigDict(extra="forbid")

    exception_limit: Decimal = Field(default=Decimal(0), ge=0, decimal_places=2)
    items: dict[str, CloseItem] = {}

    @field_validator("items")
    @classmethod
    def _named(cls, items: dict[str, CloseItem]) -> dict[str, CloseItem]:
        for name in items:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > LONGEST_ITEM:
                raise ValueError(
                    f"item '{name}': a name is small letters, digits and _, at most {LONGEST_ITEM} of them"
                )
        return items

    @property
    def exception_limit_pence(self) -> int:
        return int(self.exception_limit * 100)
