"""Which candidate an ambiguous document is, where a person has said so: kept, signed, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.exc import IntegrityError

from orchestration.operations.audit import Change, write_audit
from orchestration.operations.base import table_of
from orchestration.operations.errors import OperationsError
from orchestration.operations.people_tables import MatchDecision
from orchestration.operations.signed_store import SignedStore

DECISIONS = table_of(MatchDecision)
NONE_OF_THEM = "none of its candidates"


@dataclass(frozen=True)
class DecisionInForce:
    """One word that nobody took back; no ledger document is 'none of `candidates`'."""

    company_id: str
    posting_key: str
    ledger_document_id: str | None
    candidates: str
    publication_number: int
    author: str
    recorded_at: datetime
    reason: str


COLUMNS = [DECISIONS.c[field.name] for field in fields(DecisionInForce)]


class MatchDecisions(SignedStore):
    """The part of the store where a person names a pair that the machine may not choose."""

    def decide_match(
        self,
        company_id: str,
        posting_key: str,
        ledger_document_id: str | None,
        *,
        candidates: Sequence[str],
        publication_number: int,
        author: str,
        reason: str,
    ) -> None:
        """Keep which ledger document (None: none of the candidates) an expected one is.

        Raises OperationsError where a word on either side is in force: it is taken back first, not overwritten.
        """
        by = self._signature(author, reason, "decide a match")
        values = {
            "company_id": company_id,
            "posting_key": posting_key,
            "ledger_document_id": ledger_document_id,
            "candidates": ",".join(sorted(candidates)),
            "publication_number": publication_number,
            "is_revoked": False,
            "revoked_by": "",
            "revoked_reason": "",
        }
        try:
            with self._database.write() as connection:
                _refuse_a_second_word(connection, company_id, posting_key, ledger_document_id)
                self._add(connection, DECISIONS, values, by=by, action="decide match", row_key=posting_key)
        except IntegrityError as error:
            raise OperationsError(f"somebody else decided {posting_key} just now: look again") from error

    def revoke_match(self, company_id: str, posting_key: str, *, author: str, reason: str) -> DecisionInForce:
        """Take the word on a document back; gives what it was. Raises OperationsError where there is none."""
        by = self._signature(author, reason, "decide a match")
        with self._database.write() as connection:
            found = _in_force(connection, company_id, posting_key=posting_key)
            if not found:
                raise OperationsError(f"nobody has decided {posting_key}: there is nothing to revoke")
            mine = and_(
                DECISIONS.c.company_id == company_id,
                DECISIONS.c.posting_key == posting_key,
                DECISIONS.c.is_revoked.is_(False),
            )
            taking_back = {
                "is_revoked": True,
                "revoked_by": author,
                "revoked_reason": reason,
                "revoked_at": by.at,
            }
            connection.execute(update(DECISIONS).where(mine).values(**taking_back))
            was = asdict(found[0]) | {"is_revoked": False}
            change = Change(
                company_id, "revoke match", DECISIONS.name, posting_key, was, {"is_revoked": True}
            )
            write_audit(connection, by, change)
        return found[0]

    def match_decisions(self, company_id: str) -> list[DecisionInForce]:
        """Every word of a company that nobody took back, by posting key."""
        with self._database.read() as connection:
            return _in_force(connection, company_id)


def _in_force(connection: Connection, company_id: str, **where: str) -> list[DecisionInForce]:
    query = select(*COLUMNS).filter_by(company_id=company_id, is_revoked=False, **where)
    rows = connection.execute(query.order_by(DECISIONS.c.posting_key)).mappings()
    return [DecisionInForce(**row) for row in rows]


def _refuse_a_second_word(
    connection: Connection, company_id: str, posting_key: str, ledger_document_id: str | None
) -> None:
    mine = _in_force(connection, company_id, posting_key=posting_key)
    taken = (
        _in_force(connection, company_id, ledger_document_id=ledger_document_id) if ledger_document_id else []
    )
    for known in (*mine, *taken):
        raise OperationsError(already_decided(known))


def already_decided(known: DecisionInForce) -> str:
    """That there is a word already, and how to take it back."""
    said = known.ledger_document_id or NONE_OF_THEM
    return (
        f"{known.author} decided on {known.recorded_at:%d %b %Y} that {known.posting_key} is {said}. To take that "
        f"back: tillproof decide {known.posting_key} --revoke --by NAME --reason TEXT"
    )
