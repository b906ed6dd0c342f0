"""What a rule is and what a suite is, as plain data.

Great Expectations builds its expectations from these (gx_session.py), the flags take their owner,
severity, remedy and runbook from them (validation.py), and docs/rules.md is written from them.
Nothing here imports Great Expectations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Owner = Literal["finance", "operations", "integration"]
Severity = Literal["block", "warn"]

OWNERS: tuple[Owner, ...] = ("finance", "operations", "integration")
SEVERITIES: tuple[Severity, ...] = ("block", "warn")


@dataclass(frozen=True)
class InSet:
    """The column holds one of these, or NULL: the rule does not apply to that row.

    Texts only; for a number take Within. Great Expectations writes the query it hands back by text
    substitution, and leaves `$1` for a number whose digits occur elsewhere in the query.
    """

    column: str
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Within:
    """The column lies between these two, both included, or is NULL: the rule does not apply."""

    column: str
    least: int
    most: int


@dataclass(frozen=True)
class Present:
    """The column is not NULL."""

    column: str


Check = InSet | Within | Present


@dataclass(frozen=True)
class Rule:
    """One thing that must hold of every row a suite reads.

    `observed` is a template over the suite's columns and facts: what the person who mends it must see.
    `when` limits the rule to rows whose columns hold one of the given values. `failing_example` is
    what to change in the suite's sound row so that this rule, and no other, flags it.
    `runbook` names docs/runbooks/<runbook>.md and the class of the exceptions it gives rise to.
    """

    rule_id: str
    title: str
    why: str
    owner: Owner
    severity: Severity
    remedy: str
    runbook: str
    check: Check
    observed: str
    failing_example: Mapping[str, object]
    when: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def meta(self) -> dict[str, str]:
        """The rule as Great Expectations carries it in an expectation's `meta`."""
        return {
            "rule_id": self.rule_id,
            "title": self.title,
            "owner": self.owner,
            "severity": self.severity,
            "remedy": self.remedy,
            "runbook": self.runbook,
        }


@dataclass(frozen=True, eq=False)
class Suite:
    """What must hold of one thing received, or of what may leave.

    `name` is also the view the suite reads; `reads` the landing table, or the gate's candidates.
    `columns` (name -> DuckDB type) is the contract with whoever writes the Parquet. `facts`
    (name -> SQL over those columns) stand beside them in the view, so that every rule is about one
    column; `document_facts` (name -> an aggregate of those columns over the rows of one posting key) are what facts
    may ask of the whole document. `row_id` is the column a flag names its row by.
    """

    name: str
    reads: str
    promise: str
    columns: Mapping[str, str]
    row_id: str
    sound_row: Mapping[str, object]
    rules: tuple[Rule, ...]
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    document_facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    posting_key: str | None = None
    has_tombstones: bool = False
    blank_is_null: bool = False
