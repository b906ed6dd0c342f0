"""A decision: one proposal, and why it stays or that it goes."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.ledgers.ledger import Document
from orchestration.posting.documents import Proposal
from orchestration.posting.holds import Hold

# a person's word, or another's, is all they wait for
WAITING = ("needs_approval", "approval_lapsed", "needs_second_approval", "four_eyes")


@dataclass(frozen=True)
class Decision:
    """What would happen to one proposal now; `hold` is None when it goes."""

    proposal: Proposal
    hold: Hold | None
    state: str

    @property
    def goes(self) -> bool:
        """Whether it would be sent."""
        return self.hold is None

    @property
    def posting_key(self) -> str:
        """Its key."""
        return self.proposal.posting_key

    @property
    def payload_digest(self) -> str:
        """What an approval of it binds to."""
        return self.proposal.payload_digest

    @property
    def document(self) -> Document:
        """Exactly what would be sent."""
        return self.proposal.payload.document

    @property
    def code(self) -> str:
        """The code of the hold; `goes` when there is none."""
        return self.hold.code if self.hold else "goes"

    @property
    def reason(self) -> str:
        """The hold in words; empty when it goes."""
        return str(self.hold) if self.hold else ""
