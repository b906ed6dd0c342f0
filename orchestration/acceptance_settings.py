"""`[acceptance]` of the settings: which days are judged before an installation is accepted, by what, agreed by whom."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

LONGEST_NAME = 40
MEASURES_IN_PERCENT = ("value_checked", "value_matched", "postings_proven")
Measure = Literal[
    "value_checked", "value_matched", "open_debt", "detection_delay", "refused_files", "postings_proven"
]
MEASURES: tuple[Measure, ...] = get_args(Measure)
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class AcceptanceWindow(BaseModel):
    """Days in a row that are judged: a user acceptance test, or the first 30 days."""

    model_config = ConfigDict(extra="forbid")

    first_day: date
    days: int = Field(default=30, ge=1, le=120)
    title: Title | None = None

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=self.days - 1)


class AcceptanceLimit(BaseModel):
    """What a day must keep, and who agreed to it: percent at least, or pounds-days, hours or files at most."""

    model_config = ConfigDict(extra="forbid")

    limit: Decimal = Field(ge=0, decimal_places=2)
    agreed_by: Person


class AcceptanceSettings(BaseModel):
    """Windows by name, limits by measure."""

    model_config = ConfigDict(extra="forbid")

    windows: dict[str, AcceptanceWindow] = {}
    limits: dict[Measure, AcceptanceLimit] = {}

    @field_validator("windows")
    @classmethod
    def _named(cls, windows: dict[str, AcceptanceWindow]) -> dict[str, AcceptanceWindow]:
        for name in windows:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > LONGEST_NAME:
                raise ValueError(
                    f"window '{name}': a name is small letters, digits and _, at most {LONGEST_NAME} of them"
                )
        return windows

    @model_validator(mode="after")
    def _can_be_kept(self) -> AcceptanceSettings:
        for name, each in self.limits.items():
            if name in MEASURES_IN_PERCENT and each.limit > 100:
                raise ValueError(f"limit of {name}: it is a percentage, at most 100")
            if name in ("detection_delay", "refused_files") and each.limit != int(each.limit):
                raise ValueError(f"limit of {name}: whole {'hours' if 'delay' in name else 'files'}")
        return self

    @property
    def people(self) -> tuple[str, ...]:
        """Whoever agreed to a limit, each once, in the order of the limits."""
        return tuple(dict.fromkeys(each.agreed_by for each in self.limits.values()))

    def hundredths(self, measure: Measure) -> int:
        """A limit as a whole number: basis points, or pence, or hundredths of an hour or a file."""
        return int(self.limits[measure].limit * 100)
