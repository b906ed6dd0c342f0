"""Which postings people asked to have undone: kept, signed, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from orchestration.operations.audit import Change, write_audit
from orchestration.operations.base import table_of
from orchestration.operations.errors import OperationsError
from orchestration.operations.posting_tables import ReversalAsked
from orchestration.operations.signed_store import SignedStore

ASKED = table_of(ReversalAsked)
ASK = "ask for a reversal"


@dataclass(frozen=True)
class ReversalInForce:
    """One word that nobody took back: whose contra, by the digest of its payload, in the period that begins then."""

    company_id: str
    posting_key: str
    payload_digest: str
    period_start: date
    author: str
    recorded_at: datetime
    reason: str


COLUMNS = [ASKED.c[field.name] for field in fields(ReversalInForce)]


class ReversalsAsked(SignedStore):
    """The part of the store where a person asks that what was posted is undone."""

    def ask_reversals(
        self, company_id: str, contras: Mapping[str, tuple[str, date]], *, author: str, reason: str
    ) -> None:
        """Keep the wish to undo postings, all or none: posting key -> digest and period of the contra that was shown.

        Raises OperationsError where one is asked for already.
        """
        by = self._signature(author, reason, ASK)
        taken_back = {"is_withdrawn": False, "withdrawn_by": "", "withdrawn_reason": ""}
        try:
            with self._database.write() as connection:
                for key, (digest, period_start) in sorted(contras.items()):
                    values = {
                        **{"company_id": company_id, "posting_key": key, "payload_digest": digest},
                        **{"period_start": period_start, **taken_back},
                    }
                    self._add(connection, ASKED, values, by=by, action=ASK, row_key=key)
        except IntegrityError as error:
            raise OperationsError("one of them was handed in to be undone before: look again") from error

    def withdraw_reversal(self, company_id: str, posting_key: str, *, author: str, reason: str) -> None:
        """Take the wish back. Raises OperationsError where there is none."""
        by = self._signature(author, reason, ASK)
        taking_back = {
            "is_withdrawn": True,
            "withdrawn_by": author,
            "withdrawn_reason": reason,
            "withdrawn_at": by.at,
        }
        mine = (
            ASKED.c.company_id == company_id,
            ASKED.c.posting_key == posting_key,
            ASKED.c.is_withdrawn.is_(False),
        )
        with self._database.write() as connection:
            if connection.execute(update(ASKED).where(*mine).values(**taking_back)).rowcount != 1:
                raise OperationsError(f"nobody asked that {posting_key} is undone, or somebody took it back")
            was, now = {"is_withdrawn": False}, {"is_withdrawn": True}
            change = Change(company_id, "withdraw a reversal", ASKED.name, posting_key, was, now)
            write_audit(connection, by, change)

    def reversals_asked(self, company_id: str) -> list[ReversalInForce]:
        """Every wish of a company that nobody took back, those that were fulfilled too, by posting key."""
        query = select(*COLUMNS).where(ASKED.c.company_id == company_id, ASKED.c.is_withdrawn.is_(False))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(ASKED.c.posting_key)).mappings()
            return [ReversalInForce(**row) for row in rows]
