"""What a judgement is made of: a truth, what was said of it, and whether that was right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox.scenario.manifest import Truth

KEY_LENGTH = 20
SUMMARY_KIND = "_summary"
GREY = ("ambiguous", "not_checked", "pending")
ABSENT = "absent"


class Said(NamedTuple):
    """One row of document_verdicts; `candidates` and `partner_urns` are URNs where ledger documents are named."""

    document_id: str
    store_id: str
    receipt_no: str
    document_kind: str
    ordinal: int
    verdict: str
    drift_kinds: str
    ledger_urn: int | None
    candidates: frozenset[int]
    partner_urns: frozenset[int] = frozenset()
    till_day: str = ""  # store:date:till

    @property
    def is_expected(self) -> bool:
        """An expected document's id is its posting key; a ledger document's is anything else."""
        return self.has_key and not self.document_kind.endswith(SUMMARY_KIND)

    @property
    def is_posted_summary(self) -> bool:
        """Of a summary that Tillproof posted the id is its posting key too."""
        return self.has_key and self.document_kind.endswith(SUMMARY_KIND)

    @property
    def has_key(self) -> bool:
        return len(self.document_id) == KEY_LENGTH and self.document_id.startswith("TP")


NOTHING_SAID = Said("", "", "", "", 0, ABSENT, "", None, frozenset())


def words_of(row: Truth | Said) -> str:
    """What the row says of its document: the verdict, and of a drifted one what drifted."""
    return f"{row.verdict} {row.drift_kinds}" if row.verdict == "drifted" else row.verdict


@dataclass
class Finding:
    """A truth and what was said of it."""

    truth: Truth
    said: Said
    is_right: bool


@dataclass
class Judgement:
    """The outcome. `accused` are rows about documents of which the truth knows no such thing."""

    stage: str
    publication: int
    findings: list[Finding]
    accused: list[Said]
    grey_said: int
    grey_true: int
    failures: list[str] = field(default_factory=list)

    @property
    def has_passed(self) -> bool:
        return not self.failures
